"""What holds of every fusion of the table, and of their options, in a whole model."""

import functools
import json
import re

import keras
import numpy as np
import pytest

from mmkeras import Audio, Classify, Regress, Table, Text, assemble, build_model, recipe_of
from mmkeras.fusion import FUSIONS, CrossAttention
from mmkeras.fusion.explaining import weights_model
from mmkeras.joining import fusion_layer

TEXT = Text("embedding", length=4, vocabulary=20, units=8)
AUDIO = Audio("cnn", clip_ms=96, rate_hz=8_000, mels=8)  # 6 hops of 128 samples
TEXTS = {"title": TEXT, "body": TEXT}
EARLY = {"name": "self_attention", "over": "tokens"}
OPTIONS = (
    EARLY,
    {"name": "hybrid", "early": EARLY, "late": "stacking"},
    {"name": "hybrid", "early": {"name": "film", "condition": "body"}, "late": "vote"},
)
EACH = pytest.mark.parametrize("fusion", [*FUSIONS, *map(json.dumps, OPTIONS)])
ROWS = 6


@functools.cache
def built(fusion: str) -> keras.Model:
    keras.utils.set_random_seed(0)
    chosen = json.loads(fusion) if fusion.startswith("{") else fusion
    return build_model(
        text=TEXTS, audio=AUDIO, fusion=chosen, num_classes=3, optional="audio", width=8
    )


def feed(**changes):
    random = np.random.default_rng(0)
    return {
        "title": random.integers(1, 20, (ROWS, 4)).astype(np.int32),
        "body": random.integers(1, 20, (ROWS, 4)).astype(np.int32),
        "audio": random.normal(size=(ROWS, 768)).astype(np.float32),
        "audio_present": np.ones(ROWS, np.float32),
    } | changes


def answers(model, **changes):
    return np.asarray(model(feed(**changes))["label"])


@EACH
def test_what_is_absent_never_matters_and_what_is_there_does(fusion):
    model, absent = built(fusion), np.zeros(ROWS, np.float32)
    wanted = answers(model, audio_present=absent)
    assert np.isfinite(wanted).all()
    for content in (np.nan, 1.0):
        held = np.full((ROWS, 768), content, np.float32)
        found = answers(model, audio=held, audio_present=absent)
        np.testing.assert_array_equal(found, wanted)
    assert np.abs(answers(model) - wanted).max() > 1e-5
    words = feed()["title"] % 19 + 1
    assert np.abs(answers(model, title=words) - answers(model)).max() > 1e-5


@EACH
def test_padding_never_matters(fusion):
    model = built(fusion)
    words = feed()["title"]
    words[:, 2:] = 0
    before = answers(model, title=words)
    table = model.get_layer("title_embedding")
    vectors = table.get_weights()[0]
    vectors[0] += 3
    table.set_weights([vectors])  # the vector of padding
    np.testing.assert_allclose(answers(model, title=words), before, atol=1e-6)


def test_a_few_steps_lower_the_loss_of_every_fusion(together):
    model = keras.models.clone_model(together.model)
    labels = np.arange(8) % 5
    rows = {name: array[:8] for name, array in together.feed.items()}
    answers = dict.fromkeys(model.output, labels)
    loss = dict.fromkeys(model.output, "sparse_categorical_crossentropy")
    eagerly = keras.backend.backend() == "tensorflow"  # tracing takes longer than ten steps
    model.compile(keras.optimizers.Adam(0.01), loss=loss, run_eagerly=eagerly)
    before, after = (
        [model.train_on_batch(rows, answers, return_dict=True) for _ in range(steps)][-1]
        for steps in (1, 9)
    )
    assert {n: (before[n], after[n]) for n in before if after[n] > 0.9 * before[n]} == {}
    assert len(before) == len(FUSIONS) + 2  # over tokens, too, and the sum


def test_every_fusion_loads_from_a_saved_model(together, tmp_path):
    together.model.save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras")
    wanted, found = together.model(together.feed), loaded(together.feed)
    for name, values in wanted.items():
        np.testing.assert_allclose(found[name], values, atol=1e-6, err_msg=name)


@pytest.mark.parametrize(
    ("fusion", "option", "place"),
    [
        ({"name": "film", "condition": "body"}, "condition", 1),
        ({"name": "film"}, "condition", -1),
        ({"name": "cross_attention", "query": "audio"}, "query", 2),
        ({"name": "cross_attention", "query": 1}, "query", 1),
    ],
)
def test_an_option_may_name_an_input(fusion, option, place):
    assert getattr(fusion_layer(fusion, ["title", "body", "audio"]), option) == place


def test_a_layer_with_the_name_of_an_input_is_a_recipe_too():
    model = build_model(text=TEXTS, fusion=CrossAttention("body"), num_classes=3, width=8)
    assert recipe_of(model).fusion == {"name": "cross_attention", "query": "body", "heads": 4}
    assert model.get_layer("fusion").place == 1


@pytest.mark.parametrize("name", ["cross_attention", "film"])
def test_a_baseline_of_one_input_needs_nobody_to_ask(name):
    option = "query" if name == "cross_attention" else "condition"
    recipe = recipe_of(
        build_model(text=TEXTS, fusion={"name": name, option: "body"}, num_classes=3, width=8)
    )
    alone = assemble(recipe.only("title"))
    found = alone({"title": feed()["title"]})["label"]
    assert np.isfinite(np.asarray(found)).all()


@pytest.mark.parametrize(
    ("fusion", "shapes"),
    [
        ("self_attention", [(ROWS, 4, 3, 3)]),
        ("weighted_sum", [(3,)]),
        ("cross_attention", [(ROWS, 4, 1 + 4, 4), (ROWS, 4, 1 + 4, 1)]),
    ],
)
def test_a_model_tells_its_weights(fusion, shapes):
    weights = weights_model(built(fusion))(feed())
    assert [w.shape for w in (weights if isinstance(weights, list) else [weights])] == shapes


def test_a_fusion_without_weights_has_none_to_tell():
    with pytest.raises(ValueError, match="Concat has no weights to tell"):
        weights_model(built("concat"))


NUMBERS = {"numbers": Table(numbers=("x",))}


@pytest.mark.parametrize(
    ("fusion", "more", "message"),
    [
        ({"name": "sum", "heads": 2}, {}, "the fusion 'sum' has no options. Received: heads"),
        (
            {"name": "self_attention", "head": 2},
            {},
            "unknown option of the fusion 'self_attention': 'head'; did you mean 'heads'? "
            "choose from heads, layers, over",
        ),
        ("gate", {}, "unknown fusion 'gate'; did you mean 'gated'?"),
        (
            {"name": "film", "condition": "titel"},
            {},
            "unknown condition of 'film': input 'titel'; did you mean 'title'?",
        ),
        ({"name": "film", "condition": 2}, {}, "condition must be 0 to 1"),
        ({"name": "tensor", "size": 99}, {}, "10000 numbers for 2 modalities"),
        ({"name": "weighted_sum", "weights": (1, 2, 3)}, {}, "one weight a modality, 2 of them"),
        ("perceiver", {"width": 6}, "width must be a multiple of 4 heads. Received: 6"),
        ("bottleneck", {"table": NUMBERS}, "the branch 'mlp' of 'numbers' gives none"),
        ("vote", {"outputs": {"y": Regress()}}, "take average"),
        ("product_of_experts", {"outputs": {"y": Regress()}}, "take average or stacking"),
        ({"name": "hybrid", "early": "average"}, {}, "is no fusion of features or of tokens"),
        ({"name": "hybrid", "late": "vot"}, {}, "unknown late fusion 'vot'; did you mean 'vote'?"),
    ],
)
def test_what_cannot_be_built_says_why(fusion, more, message):
    arguments = {"outputs": {"y": Classify(3)}, "width": 8, **more}
    with pytest.raises(ValueError, match=re.escape(message)):
        build_model(text=TEXTS, fusion=fusion, **arguments)
