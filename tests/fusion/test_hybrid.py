import numpy as np
import pytest

from mmkeras.fusion import Hybrid

DECISIONS = np.array([[[0.9, 0.1], [0.3, 0.7], [0.6, 0.4]]], np.float32)  # the last is the early


@pytest.mark.parametrize(("late", "wanted"), [("average", [0.75, 0.25]), ("vote", [0.995, 0.005])])
def test_the_early_one_is_heard_as_one_more(late, wanted):
    there = np.array([[1, 0, 1]], np.float32)
    np.testing.assert_allclose(Hybrid(late=late)(DECISIONS, there), [wanted], atol=3e-3)


def test_an_unknown_late_fusion_is_refused():
    with pytest.raises(ValueError, match=r"late fusion 'averag'; did you mean 'average'\?"):
        Hybrid(late="averag")
