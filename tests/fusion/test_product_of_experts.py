import numpy as np
import pytest

from mmkeras import Classify
from mmkeras.fusion import ProductOfExperts
from mmkeras.heads import HEADS


def test_probabilities_are_multiplied():
    experts = np.array([[0.9, 0.1], [0.4, 0.6]])
    fused = ProductOfExperts()(np.log(experts)[None].astype(np.float32), np.ones((1, 2)))
    found = np.exp(np.asarray(fused[0]))
    np.testing.assert_allclose(found / found.sum(), [6 / 7, 1 / 7], atol=1e-6)  # 0.36 : 0.06


def test_numbers_that_are_no_logits_are_refused():
    head = HEADS["classify"]._replace(logits=False)
    with pytest.raises(ValueError, match=r"output 'y': .* adds logits, .* take average or stack"):
        ProductOfExperts().check("y", Classify(2), head)
