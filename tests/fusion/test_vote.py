import numpy as np
import pytest

from mmkeras import Regress
from mmkeras.fusion import Vote

DECISIONS = np.array([[[0.4, 0.5, 0.1], [0.45, 0.5, 0.05], [0.9, 0.1, 0]]], np.float32)
ALL = np.ones((1, 3), np.float32)


def test_two_of_three_win_against_a_surer_one():
    shares = (np.array([1, 2, 0]) + 0.01 * np.array([1.75, 1.1, 0.15])) / 3.03
    np.testing.assert_allclose(Vote()(DECISIONS, ALL), [shares], atol=1e-6)


def test_a_tie_goes_to_the_larger_sum_of_probabilities():
    two = np.array([[0, 1, 1]], np.float32)
    fused = np.asarray(Vote()(DECISIONS, two))
    assert fused.argmax() == 0  # 0.45 + 0.9 against 0.5 + 0.1
    np.testing.assert_allclose(fused.sum(), 1, atol=1e-6)


def test_in_training_it_is_the_mean_which_has_a_gradient():
    fused = Vote()(DECISIONS, ALL, training=True)
    np.testing.assert_allclose(fused, DECISIONS.mean(axis=1), atol=1e-6)


def test_a_task_without_classes_is_refused():
    with pytest.raises(ValueError, match=r"'age': .* and ordinal\. Received: regress; take av"):
        Vote().check("age", Regress(), None)
