import math

import numpy as np
import pytest

from mmkeras.fusion import WeightedSum

FEATURES = np.array([[[4, 8], [0, 4]]], np.float32)  # (B, M, D)


def test_before_training_it_is_the_mean():
    np.testing.assert_allclose(WeightedSum()(FEATURES), [[2, 6]])


def test_scores_become_weights_that_sum_to_one():
    layer = WeightedSum()
    layer.build(FEATURES.shape)
    layer.set_weights([np.array([math.log(3), 0])])  # 3 to 1
    fused, weights = layer(FEATURES, return_weights=True)
    np.testing.assert_allclose(weights, [0.75, 0.25], atol=1e-6)
    np.testing.assert_allclose(fused, [[3, 7]], atol=1e-5)


def test_fixed_weights_are_not_trained():
    layer = WeightedSum(weights=(0.5, 2))
    np.testing.assert_allclose(layer(FEATURES), [[2, 12]])
    assert layer.weights == []


def test_a_weight_too_few_is_refused():
    with pytest.raises(ValueError, match=r"one weight a modality, 2 of them\. Received: .*0\.5,\)"):
        WeightedSum(weights=(0.5,))(FEATURES)
