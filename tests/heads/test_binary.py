import numpy as np
import pytest

from mmkeras import Binary, MultiLabel
from mmkeras.heads import HEADS

YES = HEADS["binary"]
TAGS = HEADS["multilabel"]


def test_each_label_has_a_probability_of_its_own():
    found = TAGS.read(MultiLabel(3), "tags")(np.log([[1.0, 3.0, 1 / 3]]))
    np.testing.assert_allclose(found, [[1 / 2, 3 / 4, 1 / 4]], atol=1e-6)


def test_probabilities_of_large_logits_are_finite():
    found = YES.read(Binary(), "ill")(np.array([[1e4], [-1e4]], np.float32))
    np.testing.assert_array_equal(found, [[1], [0]])


def test_the_loss_is_minus_the_logarithm_of_the_right_answer():
    loss = YES.loss(Binary())
    found = loss(np.array([[1.0], [0.0]]), np.array([[0.25], [0.5]], np.float32))
    assert float(found) == pytest.approx((np.log(4) + np.log(2)) / 2, rel=1e-5)


def test_a_row_of_weight_0_does_not_count():
    loss = YES.loss(Binary())
    weights = np.array([1.0, 0.0])
    found = loss(np.array([[1.0], [0.0]]), np.array([[0.25], [0.5]], np.float32), weights)
    assert float(found) == pytest.approx(np.log(4), rel=1e-5)


def test_accuracy_in_training_knows_the_thresholds():
    (accuracy,) = TAGS.metrics(MultiLabel(2, (0.5, 0.25)))
    told = np.array([[0.4, 0.3], [0.4, 0.2]], np.float32)
    accuracy.update_state(np.array([[1, 1], [0, 0]], np.float32), told)
    assert float(accuracy.result()) == 0.75
