import keras
import numpy as np
import pytest

from mmkeras.branches.text import ENCODERS, MaskedMean, MaskedSum, text_branch
from mmkeras.modalities import Text

TOKENS = np.array([[[1, 2], [3, 4], [100, 100]]], np.float32)  # (1, 3, 2)
LAST_IS_PADDING = np.array([[5, 6, 0]], np.int32)


def test_the_mean_leaves_padding_out():
    np.testing.assert_array_equal(MaskedMean()(TOKENS, LAST_IS_PADDING), [[2, 3]])


def test_the_sum_leaves_padding_out():
    np.testing.assert_array_equal(MaskedSum()(TOKENS, LAST_IS_PADDING), [[4, 6]])


@pytest.mark.parametrize("layer", [MaskedMean, MaskedSum])
def test_a_text_without_tokens_is_zero(layer):
    np.testing.assert_array_equal(layer()(TOKENS, np.zeros((1, 3), np.int32)), [[0, 0]])


def model_of(branch: str, length: int) -> keras.Model:
    small = {"length": length, "vocabulary": None if branch == "minilm" else 20}
    made = text_branch("text", Text(branch, **small))
    return keras.Model(made.input, made.pooled)


@pytest.mark.parametrize("branch", [name for name in ENCODERS if name != "minilm"])
def test_more_padding_changes_no_answer(branch):
    """minilm has the same test of its own."""
    short, long = model_of(branch, 4), model_of(branch, 9)
    long.set_weights(short.get_weights())
    ids = np.array([[3, 1, 0, 0], [2, 2, 5, 7], [0, 0, 0, 0]], np.int32)
    padded = np.pad(ids, ((0, 0), (0, 5)))
    np.testing.assert_allclose(long(padded), short(ids), atol=1e-6)


@pytest.mark.parametrize("branch", [name for name in ENCODERS if name != "minilm"])
def test_what_padding_is_embedded_as_does_not_matter(branch):
    model = model_of(branch, 4)
    ids = np.array([[3, 1, 0, 0]], np.int32)
    before = np.asarray(model(ids))
    table, *others = model.get_weights()
    table[0] = 1e6
    model.set_weights([table, *others])
    np.testing.assert_array_equal(model(ids), before)


def test_the_order_of_words_does_not_matter_to_a_bag():
    model = model_of("dense", 3)
    np.testing.assert_allclose(
        model(np.array([[1, 2, 3]], np.int32)), model(np.array([[3, 1, 2]], np.int32)), atol=1e-6
    )


def test_a_branch_brings_a_feature_for_each_token():
    branch = text_branch("text", Text("embedding", length=5))
    assert (branch.input.shape, branch.input.dtype) == ((None, 5), "int32")
    assert branch.pooled.shape == (None, 128)
    assert branch.tokens.shape == (None, 5, 128)


def test_an_unknown_branch_or_weights_are_named():
    with pytest.raises(
        ValueError, match="unknown text branch 'embeding'; did you mean 'embedding'"
    ):
        text_branch("text", Text("embeding"))
    with pytest.raises(ValueError, match=r'minilm takes weights=None or "pretrained"\. Received:'):
        text_branch("text", Text("minilm", weights="imagenet"))
