"""Scores of every kind of answer, and integrated gradients where they are known by hand."""

import numpy as np
import pytest
from keras import ops

import mmkeras
from mmkeras.explaining.integrated import integrated_gradients
from mmkeras.explaining.question import Question, ask
from mmkeras.explaining.sample import Sample, Usual, answer
from mmkeras.explaining.scene import Scene
from mmkeras.explaining.walking import Walk
from mmkeras.heads import HEADS
from mmkeras.heads.measures import number
from mmkeras.prepared import Column, Prepared
from mmkeras.recipe import Recipe
from mmkeras.run import Run
from mmkeras_edge.outputs import PROBABILITIES

TASKS = {
    "classify": mmkeras.Classify(("low", "mid", "high")),
    "binary": mmkeras.Binary(("no", "yes")),
    "multilabel": mmkeras.MultiLabel(("low", "mid", "high")),
    "ordinal": mmkeras.Ordinal(("low", "mid", "high")),
    "regress": mmkeras.Regress("g"),
    "gaussian": mmkeras.Gaussian("g"),
    "count": mmkeras.Count(),
    "quantiles": mmkeras.Quantiles((0.1, 0.5, 0.9), "g"),
}


@pytest.fixture(scope="module")
def all_kinds():
    """An untrained model with an output of each kind, and one window of readings."""
    import keras

    keras.utils.set_random_seed(0)
    model = mmkeras.build_model(sensors=mmkeras.Sensor(2, 50, 400), outputs=TASKS, width=8)
    window = np.random.default_rng(0).normal(size=(1, 20, 2)).astype(np.float32)
    return Run(model, None, {}, {}), Sample({"sensor": "a.csv"}, {"sensor": window}, {}, "")


@pytest.mark.parametrize("kind", HEADS)
def test_the_score_is_the_log_odds_of_what_is_worth_or_the_number_itself(kind, all_kinds):
    run, sample = all_kinds
    answers = answer(run, sample.feed)
    asked = ask(run.specs, answers, kind)
    for label in asked.labels or (None,):
        question = Question(kind, asked.spec, label, asked.values)
        (worth,) = question.worth(answers[kind])
        walk = Walk(wanted={kind})
        walk.through(run.model, sample.feed)
        logits = walk.taken[kind][0]
        (score,) = ops.convert_to_numpy(
            question.score(walk.given[kind], logits, ops.convert_to_tensor(question.chosen[None]))
        )
        expected = np.log(worth / (1 - worth)) if kind in PROBABILITIES else worth
        assert score == pytest.approx(expected, abs=1e-4)
    if kind not in PROBABILITIES:
        assert worth == pytest.approx(number(asked.spec, answers[kind])[0], abs=1e-5)


def test_integrated_gradients_of_a_linear_model_are_its_weights_times_the_change():
    """Of y = w · x they are w (x - x') at any number of steps; x' is the mean of the usual rows."""
    import keras

    readings = keras.Input((3, 2), name="sensor")
    dense = keras.layers.Dense(1, use_bias=False, name="weight")
    flat = keras.layers.Flatten()(readings)
    model = keras.Model({"sensor": readings}, {"weight": dense(flat)})
    w = np.arange(1.0, 7.0, dtype=np.float32)
    dense.set_weights([w[:, None]])
    recipe = Recipe({"sensor": mmkeras.Sensor(2, 50, 60)}, {"weight": mmkeras.Regress("g")})
    usual_windows = np.stack([np.zeros((3, 2)), np.full((3, 2), 2.0)]).astype(np.float32)
    rows = Prepared(None, {"sensor": Column(usual_windows, np.arange(2))}, {}, recipe, None)
    window = np.array([[1.0, 2.0], [3.0, 1.0], [0.0, -1.0]], np.float32)
    sample = Sample({"sensor": "a.csv"}, {"sensor": window[None]}, {}, "")
    question = Question("weight", recipe.outputs["weight"].spec, None, 1)
    usual = Usual(Run(model, None, {}, {}), rows)
    for steps in (1, 32):
        scene = Scene(usual, sample, question, "sensor", {})
        found = integrated_gradients(scene, ("sensor",), steps)
        by_hand = [[0.0, 2.0], [6.0, 0.0], [-5.0, -12.0]]  # w (x - 1)
        np.testing.assert_allclose(found.by_path["sensor"][0], by_hand, atol=1e-5)
        assert found.difference == pytest.approx(-9.0, abs=1e-5)
        assert found.gap < 1e-5
