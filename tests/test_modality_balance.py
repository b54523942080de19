"""Two tables, of which one tells the class at once and the other in two products."""

import keras
import numpy as np
import pytest

import mmkeras
from mmkeras import Audio, Classify, Image, Regress, Table, Text
from mmkeras.balance import losses_for
from mmkeras.modality_balance import (
    EVERY,
    Alone,
    PacedAdamW,
    callbacks_for,
    paced,
    paces,
    towers_of,
)
from mmkeras.optimizer import RatedAdamW
from mmkeras.recipe import Recipe

ROWS = 40
TABLES = {"fast": Table(("a", "b")), "slow": Table(("c", "d"))}
PAIR = Recipe(inputs=TABLES, outputs={"y": Classify(2)}, fusion="concat", width=4)


class Data:
    """What a balance reads of prepared rows; `fast` says the class, `slow` says nothing."""

    def __init__(self):
        random = np.random.default_rng(0)
        y = np.arange(ROWS, dtype=np.int32) % 2
        self.inputs = {
            "fast": random.normal(size=(ROWS, 2)) + 4 * y[:, None],
            "slow": random.normal(size=(ROWS, 2)),
        }
        self.targets = {"y": y}

    def __len__(self):
        return ROWS

    def feed(self, rows):
        return {name: values[rows].astype(np.float32) for name, values in self.inputs.items()}

    def answers(self, rows):
        return {"y": self.targets["y"][rows]}


@pytest.fixture(scope="module")
def balanced():
    """A model after the first half of a training of 60 steps, and its history."""
    keras.utils.set_random_seed(0)
    model, data, rows = mmkeras.assemble(PAIR), Data(), np.arange(ROWS)
    model.compile(paced(RatedAdamW(0.02), towers_of(model, PAIR)), loss=losses_for(model, PAIR))
    history = model.fit(
        data.feed(rows),
        data.answers(rows),
        batch_size=ROWS // 5,
        epochs=6,
        callbacks=callbacks_for(model, PAIR, data, 62),
        verbose=0,
    )
    return model, history.history


def test_the_one_that_leads_is_slowed_by_how_far():
    found = paces({"fast": 0.9, "slow": 0.6})  # ρ = 1.5 and 1 - tanh(0.5)
    assert found == {"fast": pytest.approx(0.53788, abs=1e-5), "slow": 1.0}
    assert paces({"a": 0.5, "b": 0.5}) == {"a": 1.0, "b": 1.0}


def test_of_three_each_is_measured_against_the_mean_of_the_others():
    found = paces({"a": 0.6, "b": 0.4, "c": 0.2})  # ρ = 2, 1, 0.4
    assert found == {"a": pytest.approx(1 - np.tanh(1.0)), "b": 1.0, "c": 1.0}


def test_a_modality_without_a_score_neither_slows_nor_is_slowed():
    assert paces({"a": 0.9, "b": np.nan}) == {"a": 1.0, "b": 1.0}


FUSIONS = ("concat", "stacking", "perceiver", "hybrid")  # of features, decisions, tokens, both


@pytest.fixture(params=FUSIONS, scope="module")
def trio(request):
    """Recipe and model of three inputs, the last of them optional."""
    recipe = Recipe(
        inputs={
            "image": Image("cnn", (16, 16)),
            "text": Text("embedding", length=4, vocabulary=300),
            "audio": Audio("cnn", clip_ms=96, rate_hz=8_000, mels=8),
        },
        outputs={"animal": Classify(2)},
        fusion=request.param,
        width=8,
        optional=("audio",),
    )
    keras.utils.set_random_seed(0)
    return recipe, mmkeras.assemble(recipe)


SHARED = ("fusion/", "animal_logits/", "animal_fusion/", "animal_early_logits/")


def test_each_weight_belongs_to_the_one_input_that_leads_to_it(trio):
    recipe, model = trio
    towers = towers_of(model, recipe)
    for place, variable in enumerate(model.trainable_variables):
        owners = [name for name, of in towers.items() if place in of]
        assert len(owners) == (0 if variable.path.startswith(SHARED) else 1), variable.path
        named = [name for name in recipe.inputs if name in variable.path]
        assert owners == (named or owners)


def test_nothing_of_the_others_comes_through_where_a_modality_is_alone(trio):
    recipe, model = trio
    random = np.random.default_rng(0)
    feed = {
        name: random.uniform(0, 99, (6, *tensor.shape[1:])).astype(tensor.dtype)
        for name, tensor in model.input.items()
    }
    feed["audio_present"] = np.array([1, 1, 0, 0, 0, 1], np.float32)
    alone, answers = Alone(model, recipe), {"animal": np.array([0, 1] * 3)}
    found = alone.scores(feed, answers)
    # another picture, and another sound in the rows that have none
    silent = np.where(feed["audio_present"][:, None] > 0, feed["audio"], 0)
    other = alone.scores({**feed, "image": feed["image"][::-1], "audio": silent}, answers)
    assert other["text"] == pytest.approx(found["text"], rel=1e-5)
    assert other["audio"] == pytest.approx(found["audio"], rel=1e-5)
    assert abs(found["image"] - other["image"]) > 1e-6


def test_a_score_of_classes_is_the_mean_probability_of_the_right_one():
    recipe = Recipe(inputs=TABLES, outputs={"y": Classify(2)}, fusion="average", width=4)
    model = mmkeras.assemble(recipe)
    model.get_layer("y_fast_logits").set_weights([np.zeros((4, 2)), np.log([1.0, 3.0])])
    feed = {name: np.zeros((4, 2), np.float32) for name in TABLES}
    found = Alone(model, recipe).scores(feed, {"y": np.array([1, 1, 1, 0])})
    assert found["fast"] == pytest.approx((3 * 0.75 + 0.25) / 4, rel=1e-5)


def test_labels_that_are_not_known_do_not_count_and_numbers_have_scores_too():
    outputs = {"y": Classify(2), "age": Regress()}
    recipe = Recipe(inputs=TABLES, outputs=outputs, fusion="average", width=4)
    model = mmkeras.assemble(recipe)
    for name in outputs:
        for table in TABLES:
            layer = model.get_layer(f"{name}_{table}_logits")
            layer.set_weights([np.zeros_like(w) for w in layer.get_weights()])
    feed = {name: np.zeros((2, 2), np.float32) for name in TABLES}
    answers = {"y": np.array([1, 0]), "age": np.array([[2.0], [9.0]], np.float32)}
    weights = {"y": np.array([1.0, 0.0]), "age": np.array([1.0, 0.0])}
    found = Alone(model, recipe).scores(feed, answers, weights)
    assert found["slow"] == pytest.approx((0.5 + np.exp(-4.0)) / 2, rel=1e-5)


def test_a_pace_scales_the_step_of_its_tower_alone():
    """Adam divides a gradient by its size: scaled gradients would all step alike."""
    moved = {}
    for pace in (1.0, 0.25):
        keras.utils.set_random_seed(0)
        model = mmkeras.assemble(PAIR)
        optimizer = paced(RatedAdamW(0.01, weight_decay=0.0), towers_of(model, PAIR))
        optimizer.build(model.trainable_variables)
        optimizer.paces["fast"].assign(pace)
        before = {w.path: keras.ops.convert_to_numpy(w) for w in model.trainable_variables}
        optimizer.apply([keras.ops.ones(w.shape) for w in model.trainable_variables])
        moved[pace] = {
            w.path: keras.ops.convert_to_numpy(w) - before[w.path]
            for w in model.trainable_variables
        }
    for path, full in moved[1.0].items():
        wanted = 0.25 * full if path.startswith("fast") else full
        np.testing.assert_allclose(moved[0.25][path], wanted, atol=1e-6)


def test_in_training_the_fast_one_is_slowed_and_the_slow_one_is_not(balanced):
    _, history = balanced
    assert history["pace_fast"][-1] < 0.8
    assert history["pace_slow"][-1] > 0.9


def test_from_the_middle_on_all_are_free():
    model = mmkeras.assemble(PAIR)
    (callback,) = callbacks_for(model, PAIR, Data(), 2 * EVERY + 2)
    model.compile(paced(RatedAdamW(0.02), towers_of(model, PAIR)), loss=losses_for(model, PAIR))
    callback.set_model(model)
    callback.on_train_begin()
    pace = model.optimizer.paces["fast"]
    pace.assign(0.3)
    callback.restore({"step": EVERY})
    callback.on_train_batch_begin(0)
    assert float(pace) < 1.0
    callback.on_train_batch_begin(1)
    assert float(pace) == 1.0
    assert callback.state() == {"step": EVERY + 2}


def test_the_balanced_model_saves_and_loads_as_any_other(balanced, tmp_path):
    model, _ = balanced
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    feed = Data().feed(np.arange(8))
    wanted, found = model.predict(feed, verbose=0), again.predict(feed, verbose=0)
    np.testing.assert_allclose(found["y"], wanted["y"], atol=1e-6)
    assert isinstance(again.optimizer, PacedAdamW)
    assert float(again.optimizer.paces["fast"]) == float(model.optimizer.paces["fast"])


def test_one_input_alone_has_nothing_to_be_balanced_with():
    alone = PAIR.only("slow")
    model = mmkeras.assemble(alone)
    optimizer = RatedAdamW(0.01)
    assert towers_of(model, alone) == {}
    assert paced(optimizer, {}) is optimizer
    assert callbacks_for(model, alone, Data(), 10) == []
    assert callbacks_for(model, PAIR, Data(), 10, "none") == []


def test_an_unknown_balance_gets_the_list():
    with pytest.raises(ValueError, match="unknown modality_balance 'ogn'; did you mean 'ogm'"):
        callbacks_for(None, PAIR, Data(), 10, "ogn")


def test_paced_keeps_the_optimizer_as_it_was():
    schedule = keras.optimizers.schedules.CosineDecay(0.1, 10)
    found = paced(RatedAdamW(schedule, weight_decay=0.3, ema=0.9), {"a": [0]})
    assert isinstance(found, PacedAdamW)
    assert found.weight_decay == 0.3
    assert found.ema == 0.9
    assert found.get_config()["learning_rate"]["config"]["decay_steps"] == 10
