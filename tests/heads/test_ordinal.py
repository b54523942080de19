import keras
import numpy as np
import pytest

from mmkeras import Ordinal
from mmkeras.heads import HEADS
from mmkeras.heads.ordinal import RankLoss

TASK = Ordinal(("low", "middle", "high"))
HEAD = HEADS["ordinal"]


def ranks(first, *steps):
    """With thresholds `first`, first + softplus(step), ..."""
    layer = HEAD.read(Ordinal(len(steps) + 2), "grade")
    layer.build((None, 1))
    layer.set_weights([np.array([first]), np.array(steps)])
    return layer


def test_at_first_a_score_of_0_makes_all_ranks_equally_probable():
    for count in (2, 3, 7):
        found = HEAD.read(Ordinal(count), "grade")(np.zeros((1, 1), np.float32))
        np.testing.assert_allclose(found, np.full((1, count), 1 / count), atol=1e-6)


def test_the_odds_of_being_below_fall_as_the_score_rises():
    # thresholds 0 and softplus(...) = log(2) / 4: P(y <= 0) = σ(-4 f), P(y <= 1) = σ(log 2 - 4 f)
    quarter = np.log(2) / 4
    found = ranks(0.0, np.log(np.expm1(quarter)))(np.array([[0.0], [quarter]], np.float32))
    np.testing.assert_allclose(found[0], [1 / 2, 2 / 3 - 1 / 2, 1 / 3], atol=1e-6)
    np.testing.assert_allclose(found[1], [1 / 3, 1 / 2 - 1 / 3, 1 / 2], atol=1e-6)


def test_whatever_is_learned_the_thresholds_stay_in_order():
    layer = ranks(3.0, -50.0, 2.0, -5.0)
    scores = np.linspace(-60, 60, 41, dtype=np.float32)[:, None]
    found = np.asarray(layer(scores))
    assert found.min() >= 0
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)
    means = found @ np.arange(5)
    assert (np.diff(means) >= -1e-5).all()


def test_the_loss_is_the_cross_entropy_of_every_place_between_two_ranks():
    # P(y > 0) = 0.8, P(y > 1) = 0.5; the truth is the middle: above the first, not the second
    found = RankLoss()(np.array([1]), np.array([[0.2, 0.3, 0.5]], np.float32))
    assert float(found) == pytest.approx(-(np.log(0.8) + np.log(0.5)) / 2, rel=1e-5)


def test_a_rank_further_off_costs_more():
    loss = RankLoss(reduction="none")
    answers = np.array([[0.8, 0.1, 0.1]] * 3, np.float32)
    low, middle, high = np.asarray(loss(np.array([0, 1, 2]), answers))
    assert low < middle < high


def test_it_loads_from_a_saved_model(tmp_path):
    start = keras.Input((1,))
    layer = ranks(0.5, 1.0, -1.0)
    model = keras.Model(start, layer(start))
    model.compile(loss=HEAD.loss(TASK))
    model.optimizer.build(model.trainable_variables)
    model.save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras")
    scores = np.array([[-1.0], [2.0]], np.float32)
    np.testing.assert_array_equal(loaded(scores), model(scores))
