"""Whom a fusion listened to, on models that nobody trained and weights that one can count."""

import numpy as np
import pytest

import mmkeras
from mmkeras import fusion
from mmkeras.explaining.attention import READERS, Heard, attention
from mmkeras.explaining.sample import Sample
from mmkeras.run import Run


@pytest.mark.parametrize("name", ["cross_attention", "self_attention", "gated"])
def test_of_one_input_there_is_nothing_to_fuse(name):
    readings = mmkeras.Sensor(2, rate_hz=50, window_ms=400)
    outputs = {"state": mmkeras.Classify(("on", "off"))}
    model = mmkeras.build_model(sensors=readings, fusion=name, outputs=outputs, width=8)
    (given,) = model.input
    sample = Sample({given: "a.csv"}, {given: np.zeros((1, 20, 2), np.float32)}, {}, "")
    assert attention(Run(model, None, {}, {}), sample) is None


def test_padding_that_asks_does_not_count():
    """The first two tokens ask 1 and (1, 1) / 2; the third is padding, and asks for the second."""
    weights = np.array([[[1.0, 0.0, 0.0], [0.5, 0.5, 0.0], [0.0, 1.0, 0.0]]])  # (heads, T, T)
    layer = fusion.SelfAttention(heads=1, over="tokens")
    heard = Heard(("text",), [np.array([1.0, 1.0, 0.0])])
    found = READERS[fusion.SelfAttention](layer, heard, (weights,))
    np.testing.assert_allclose(found.shares, [[1.0]])
    np.testing.assert_allclose(found.tokens["text"], [0.75, 0.25, 0.0])


def test_padding_of_the_one_that_asks_across_does_not_count():
    """The learned one asks for the first picture token, the word for both, padding for the last."""
    weights = np.array([[[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]]])  # (heads, 1 + T_q, T_m)
    layer = fusion.CrossAttention(heads=1)
    layer.place = 0
    heard = Heard(("text", "image"), [np.array([1.0, 0.0]), np.ones(2)])
    found = READERS[fusion.CrossAttention](layer, heard, (weights,))
    np.testing.assert_allclose(found.shares, [[1.0]])
    np.testing.assert_allclose(found.tokens["image"], [0.75, 0.25])
