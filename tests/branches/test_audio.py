import keras
import numpy as np
import pytest

from mmkeras.branches.audio import MeanOverTime, audio_branch
from mmkeras.modalities import Audio


def test_samples_go_in_and_a_vector_and_steps_come_out():
    """320 ms at 8 kHz are 20 frames of 32 bands, halved four times: 2 steps of 2 bands."""
    branch = audio_branch("mic", Audio("cnn", clip_ms=320, rate_hz=8_000, mels=32))
    assert (branch.input.name, branch.input.dtype) == ("mic", "float32")
    assert branch.input.shape == (None, 20 * 128)
    assert branch.tokens.shape == (None, 2, 2 * 128)
    assert branch.pooled.shape == (None, 2 * 128)


def test_the_mean_is_over_time_and_keeps_the_bands_apart():
    features = np.array([[[[1], [10]], [[3], [30]]]], np.float32)  # (1, 2 frames, 2 bands, 1)
    np.testing.assert_array_equal(MeanOverTime()(features), [[2, 20]])


def test_silence_is_a_finite_vector():
    branch = audio_branch("audio", Audio("cnn", clip_ms=320, rate_hz=8_000, mels=32))
    model = keras.Model(branch.input, branch.pooled)
    assert np.isfinite(model(np.zeros((1, 2_560), np.float32))).all()


def test_an_unknown_backbone_is_an_error_that_guesses():
    with pytest.raises(ValueError, match="unknown backbone 'resnet'; did you mean 'resnet50'"):
        audio_branch("audio", Audio("resnet"))


def test_a_backbone_for_pictures_alone_is_refused_and_the_others_named():
    with pytest.raises(ValueError, match=r"'efficientnet_lite0' takes RGB .* 'mic': cnn, resnet50"):
        audio_branch("mic", Audio("efficientnet_lite0"))
