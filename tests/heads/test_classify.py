import numpy as np

from mmkeras import Classify
from mmkeras.heads import HEADS

TASK = Classify(("ant", "bee", "cat"))
HEAD = HEADS["classify"]


def test_an_output_is_one_probability_a_label():
    read = HEAD.read(TASK, "animal")
    assert HEAD.units(TASK) == 3
    found = read(np.log([[1.0, 2.0, 5.0]]))
    np.testing.assert_allclose(found, [[1 / 8, 2 / 8, 5 / 8]], atol=1e-6)


def test_probabilities_of_large_logits_are_finite():
    found = HEAD.read(TASK, "animal")(np.array([[1e4, -1e4, -1e4]], np.float32))
    np.testing.assert_array_equal(found, [[1, 0, 0]])


def test_the_loss_is_minus_the_logarithm_of_the_right_probability():
    loss = HEAD.loss(TASK)(np.array([1]), np.array([[0.25, 0.5, 0.25]], np.float32))
    np.testing.assert_allclose(loss, np.log(2), atol=1e-6)
