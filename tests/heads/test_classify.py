import keras
import numpy as np

from mmkeras.heads.classify import classify
from mmkeras.recipe import Classify


def test_an_output_is_one_probability_a_label():
    fused = keras.Input((2,))
    model = keras.Model(fused, classify("animal", Classify(("ant", "bee", "cat")), fused))
    model.set_weights([np.zeros((2, 3)), np.log([1.0, 2.0, 5.0])])
    found = model(np.ones((1, 2), np.float32))
    np.testing.assert_allclose(found, [[1 / 8, 2 / 8, 5 / 8]], atol=1e-6)


def test_probabilities_of_large_logits_are_finite():
    fused = keras.Input((1,))
    model = keras.Model(fused, classify("animal", Classify(2), fused))
    model.set_weights([np.zeros((1, 2)), np.array([1e4, -1e4])])
    np.testing.assert_array_equal(model(np.ones((1, 1), np.float32)), [[1, 0]])
