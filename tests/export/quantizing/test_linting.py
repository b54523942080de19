"""Every rule, on a model that has the fault and on one that has not."""

from collections.abc import Callable

import keras
import keras_hub
import numpy as np
import pytest
from keras import layers, ops

from mmkeras.branches.standardise import Standardise
from mmkeras_export import lint
from mmkeras_export.comparison import rows_of
from mmkeras_export.quantizing.lint_rules import RULES

ROWS = 8


def words(mask: bool) -> keras.Model:
    ids = keras.Input((6,), dtype="int32", name="ids")
    tokens = layers.Embedding(20, 4, mask_zero=mask)(ids)
    return keras.Model(ids, layers.Dense(2)(layers.GlobalAveragePooling1D(name="mean")(tokens)))


def mean_by_hand(divided: bool) -> keras.Model:
    x = keras.Input((6, 4), name="x")
    real = ops.sum(ops.cast(ops.any(x > 0, axis=-1), "float32"), axis=1, keepdims=True)
    total = ops.sum(x, axis=1)
    return keras.Model(x, layers.Dense(2)(total / real if divided else total * real))


def readings(normalised: bool) -> keras.Model:
    x = keras.Input((5, 3), name="x")
    ready = layers.Normalization(name="norm")(x) if normalised else x
    return keras.Model(x, layers.Dense(2)(layers.Flatten()(layers.Conv1D(4, 2)(ready))))


def absences(standardised: bool) -> keras.Model:
    x = keras.Input((4,), name="x")
    ready = Standardise("x", name="gap")(x) if standardised else x
    return keras.Model(x, layers.Dense(2)(ready))


def joined(factor: float) -> keras.Model:
    x = keras.Input((4,), name="x")
    apart = [x, layers.Rescaling(factor)(x)]
    return keras.Model(x, layers.Dense(2)(layers.Concatenate(name="join")(apart)))


def answers(count: int) -> keras.Model:
    x = keras.Input((4,), name="x")
    return keras.Model(x, layers.Dense(count, name="answer")(x))


def recurrent(kind: str) -> keras.Model:
    x = keras.Input((5, 3), name="x")
    state = {
        "loop": layers.LSTM(4, name="state"),
        "both": layers.Bidirectional(layers.GRU(4), name="state"),
        "unrolled": layers.GRU(4, unroll=True, name="state"),
        "none": layers.Flatten(name="state"),
    }[kind]
    return keras.Model(x, layers.Dense(2)(state(x)))


def attending(where: str) -> keras.Model:
    x = keras.Input((5, 4), name="x")
    seen = layers.MultiHeadAttention(1, 4, name="mha")(x, x) if where != "nowhere" else x
    inner = keras.Model(x, seen, name="tower")
    flat = layers.Flatten()(inner(x) if where == "tower" else seen)
    return keras.Model(x, layers.Dense(2)(flat))


def chosen(count: int, activation: str | None) -> keras.Model:
    x = keras.Input((4,), name="x")
    scores = layers.Dense(count, activation=activation, name="shares")(x)
    return keras.Model(x, scores if activation else layers.Softmax(name="soft")(scores))


# rule -> model with the fault, the layer, whether the cure is applied; and a model without it
CASES: list[tuple[str, Callable[[], keras.Model], str, bool, Callable[[], keras.Model]]] = [
    ("by_design", lambda: absences(True), "gap", True, lambda: absences(False)),
    ("masked_mean", lambda: words(True), "mean", True, lambda: words(False)),
    ("masked_mean", lambda: mean_by_hand(True), "true_divide", True, lambda: mean_by_hand(False)),
    ("raw_input", lambda: readings(False), "x", False, lambda: readings(True)),
    ("branch_scales", lambda: joined(500.0), "join", False, lambda: joined(2.0)),
    ("scalar_head", lambda: answers(1), "answer", True, lambda: answers(2)),
    ("recurrent", lambda: recurrent("loop"), "state", True, lambda: recurrent("none")),
    ("recurrent", lambda: recurrent("both"), "state", True, lambda: recurrent("none")),
    ("recurrent", lambda: recurrent("unrolled"), "state", False, lambda: recurrent("none")),
    ("attention", lambda: attending("here"), "mha", True, lambda: attending("nowhere")),
    ("attention", lambda: attending("tower"), "mha", True, lambda: attending("nowhere")),
    ("long_softmax", lambda: chosen(300, "softmax"), "shares", False, lambda: chosen(9, "softmax")),
    ("long_softmax", lambda: chosen(300, None), "soft", True, lambda: chosen(9, None)),
]


def samples_for(model: keras.Model) -> list[dict[str, np.ndarray]]:
    """Numbers about 1; the last feature of a sensor in other units."""
    random = np.random.default_rng(0)
    (tensor,) = model.inputs
    shape = (ROWS, *tensor.shape[1:])
    if tensor.dtype == "int32":
        return rows_of({tensor.name: random.integers(0, 20, shape).astype(np.int32)})
    values = random.uniform(0.1, 1.0, shape).astype(np.float32)
    if shape[1:] == (5, 3):
        values[..., -1] *= 1_000
    return rows_of({tensor.name: values})


@pytest.mark.parametrize(
    ("rule", "faulty", "layer", "applied", "sound"),
    CASES,
    ids=[f"{case[0]}-{number}" for number, case in enumerate(CASES)],
)
def test_a_rule_finds_its_fault_and_nothing_where_there_is_none(
    rule, faulty, layer, applied, sound
):
    model, other = faulty(), sound()
    (found,) = [each for each in lint(model, samples_for(model)) if each.rule == rule]
    assert (found.layer, found.applied) == (layer, applied)
    assert [each for each in lint(other, samples_for(other)) if each.rule == rule] == []


def test_every_rule_has_its_case():
    assert {case[0] for case in CASES} == set(RULES)


@pytest.mark.parametrize(
    "faulty",
    [lambda: chosen(300, "softmax"), lambda: recurrent("unrolled")],
    ids=["long_softmax", "recurrent"],
)
def test_a_cure_that_is_given_counts_as_applied(faulty):
    model = faulty()
    samples = samples_for(model)
    todo = {
        k: v for found in lint(model, samples) if not found.applied for k, v in found.layers.items()
    }
    assert todo
    assert all(found.applied for found in lint(model, samples, todo) if found.layers)


def test_without_samples_nothing_is_said_of_what_must_be_measured():
    assert lint(readings(False)) == lint(joined(500.0)) == []


def test_whole_models_of_keras_and_kerashub_are_looked_through():
    size = {"num_layers": 1, "num_heads": 2, "hidden_dim": 16, "intermediate_dim": 16}
    text = keras_hub.models.BertBackbone(300, max_sequence_length=8, **size)  # of any length
    found = {(each.rule, each.applied) for each in lint(text)}
    assert found == {("attention", True)}
    picture = keras.applications.MobileNetV2((32, 32, 3), alpha=0.35, weights=None)
    assert [(each.rule, each.layer) for each in lint(picture)] == [("long_softmax", "predictions")]


def test_a_finding_reads_as_a_sentence():
    (found,) = lint(attending("here"), layers={"mha": "int8"})  # what would hold is overridden
    assert str(found) == (
        "mha: attention over tokens loses most of what it learned with int8 activations; "
        "layers={'mha': 'dynamic_int8'} (to do)"
    )


def test_the_layers_of_a_fused_run_are_cured_already(run, stamps):
    from mmkeras_export.quantizing.calibration import calibration_samples

    found = lint(run.model, calibration_samples(run, stamps.valid, count=8))
    assert all(each.applied for each in found if each.layers)


def test_no_samples_are_refused():
    with pytest.raises(ValueError, match="samples= is empty"):
        lint(answers(2), [])
