import keras
import numpy as np
import pytest
from keras import ops

from mmkeras.branches.masked import RealOnly
from mmkeras.branches.text import ENCODERS, text_branch
from mmkeras.modalities import Text

TRAINED_HERE = [name for name in ENCODERS if name != "minilm"]  # it has the same tests of its own
IDS = np.array([[3, 1] + [0] * 6, [2, 2, 5, 7, 1, 1, 3, 4], [9] + [0] * 7, [0] * 8], np.int32)


def model_of(source: Text, seed: int = 0) -> keras.Model:
    """Ids (B, T) to pooled, tokens and mask."""
    keras.utils.set_random_seed(seed)
    branch = text_branch("text", source)
    return keras.Model(branch.input, [branch.pooled, branch.tokens, branch.mask])


def answers(model: keras.Model, ids: np.ndarray) -> list[np.ndarray]:
    return [ops.convert_to_numpy(answer) for answer in model(ids)]


@pytest.mark.parametrize("branch", TRAINED_HERE)
def test_padding_changes_no_answer_however_long_and_whatever_it_is_embedded_as(branch):
    layers = 2 if ENCODERS[branch].layers else None
    short, long = (
        model_of(Text(branch, length=length, vocabulary=20, units=8, layers=layers))
        for length in (8, 16)
    )
    long.set_weights(short.get_weights())
    pooled, tokens, mask = answers(short, IDS)
    assert np.isfinite(pooled).all()
    assert np.ptp(pooled[:3], axis=0).max() > 1e-3  # the texts differ
    np.testing.assert_array_equal(mask, IDS != 0)
    padded = answers(long, np.pad(IDS, ((0, 0), (0, 8))))
    np.testing.assert_allclose(padded[0], pooled, atol=1e-6)
    np.testing.assert_allclose(padded[1][:, :8][IDS != 0], tokens[IDS != 0], atol=1e-6)
    table, *others = short.get_weights()
    table[0] = 1e6
    short.set_weights([table, *others])
    again = answers(short, IDS)
    np.testing.assert_array_equal(again[0], pooled)
    np.testing.assert_array_equal(again[1][IDS != 0], tokens[IDS != 0])


@pytest.mark.parametrize("branch", ["rnn", "lstm", "gru"])
def test_the_feature_is_the_state_after_the_last_real_token(branch):
    pooled, tokens, mask = answers(model_of(Text(branch, length=8, vocabulary=20)), IDS[:3])
    last = mask.sum(axis=1).astype(int) - 1
    np.testing.assert_array_equal(last, [1, 7, 0])
    np.testing.assert_allclose(pooled, tokens[np.arange(3), last], atol=1e-6)


@pytest.mark.parametrize("branch", ["bilstm", "bigru"])
def test_both_ways_the_feature_is_the_last_state_forwards_and_the_first_backwards(branch):
    source = Text(branch, length=8, vocabulary=20, units=4)
    pooled, tokens, _ = answers(model_of(source), IDS[:3])
    ends = tokens[np.arange(3), [1, 7, 0], :4], tokens[:, 0, 4:]
    np.testing.assert_allclose(pooled, np.concatenate(ends, axis=-1), atol=1e-6)


@pytest.mark.parametrize("branch", TRAINED_HERE)
def test_only_a_bag_takes_no_notice_of_the_order_of_words(branch):
    model = model_of(Text(branch, length=4, vocabulary=20, units=8))
    turned = [answers(model, np.array([ids], np.int32))[0] for ids in ([1, 2, 3, 0], [3, 1, 2, 0])]
    same = np.abs(turned[0] - turned[1]).max() < 1e-6
    assert same == (branch in ("embedding", "dense"))


@pytest.mark.parametrize(
    ("branch", "width"),
    [
        ("embedding", 128),
        ("dense", 128),
        ("textcnn", 300),
        ("rnn", 128),
        ("lstm", 128),
        ("gru", 128),
        ("bilstm", 128),
        ("bigru", 128),
        ("transformer", 128),
    ],
)
def test_a_branch_brings_a_vector_and_a_feature_for_each_token(branch, width):
    made = text_branch("text", Text(branch, length=5))
    assert (made.input.shape, made.input.dtype) == ((None, 5), "int32")
    assert made.pooled.shape == (None, width)
    assert made.tokens.shape[:2] == (None, 5)
    assert (made.mask.shape, made.mask.dtype) == ((None, 5), "float32")
    RealOnly()(made.tokens, made.mask)  # it would warn of a Keras mask


@pytest.mark.parametrize(
    ("branch", "units", "width"),
    [("embedding", 6, 6), ("dense", 6, 6), ("textcnn", 6, 18), ("gru", 6, 6), ("bigru", 6, 12)],
)
def test_units_decide_the_width(branch, units, width):
    assert text_branch("text", Text(branch, length=5, units=units)).pooled.shape == (None, width)


@pytest.mark.parametrize("branch", [n for n in TRAINED_HERE if ENCODERS[n].layers])
def test_more_layers_are_more_weights(branch):
    one, two = (
        model_of(Text(branch, length=5, vocabulary=20, units=8, layers=n)).count_params()
        for n in (1, 2)
    )
    assert two > one


@pytest.mark.parametrize("branch", TRAINED_HERE)
def test_a_frozen_branch_has_nothing_to_train(branch):
    frozen = text_branch("text", Text(branch, length=5, vocabulary=20, units=8, trainable=False))
    assert keras.Model(frozen.input, frozen.pooled).trainable_weights == []


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (Text("embeding"), "unknown text branch 'embeding'; did you mean 'embedding'"),
        (Text("minilm", weights="imagenet"), r'minilm takes weights=None or "pretrained"\. Rec'),
        (Text("minilm", vocabulary=500), "its own with 30,522 tokens; leave out vocabulary=500"),
        (Text("minilm", units=64), "'minilm' has no choice of units. Received: units=64; leave"),
        (Text("embedding", layers=2), "no choice of layers. .* choose from dense, rnn, lstm"),
        (Text("textcnn", layers=2), "'textcnn' has no choice of layers"),
        (Text("lstm", layers=0), "'text': layers must be 1 or more. Received: 0"),
        (Text("transformer", units=30), "units must be a multiple of 4 heads. Received: 30"),
    ],
)
def test_what_a_branch_does_not_have_is_refused(source, message):
    with pytest.raises(ValueError, match=message):
        text_branch("text", source)
