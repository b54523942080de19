import numpy as np
import pytest

from mmkeras.fusion import TensorFusion


def test_every_product_of_entries_comes_out():
    layer = TensorFusion(size=2)
    layer.build((None, 2, 2))
    layer.set_weights([np.eye(2), np.zeros(2)] * 2)
    fused = layer(np.array([[[2, 3], [5, 7]]], np.float32))
    np.testing.assert_array_equal(fused, [[10, 14, 2, 15, 21, 3, 5, 7, 1]])


@pytest.mark.parametrize(("modalities", "numbers"), [(2, 17**2), (3, 16**3), (4, 8**4)])
def test_by_default_it_is_as_large_as_the_limit_allows(modalities, numbers):
    assert TensorFusion()(np.zeros((1, modalities, 4), np.float32)).shape == (1, numbers)


def test_a_product_beyond_the_limit_is_refused_with_the_size_that_fits():
    message = r"35937 numbers for 3 modalities, and the limit is 4096; take size=15 or less"
    with pytest.raises(ValueError, match=message):
        TensorFusion(size=32)(np.zeros((1, 3, 4), np.float32))


def test_thirteen_modalities_are_too_many_for_any_size():
    with pytest.raises(ValueError, match="take the fusion low_rank"):
        TensorFusion()(np.zeros((1, 13, 4), np.float32))
