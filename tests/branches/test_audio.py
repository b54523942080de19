import keras
import numpy as np
import pytest

from mmkeras.branches.audio import ENCODERS, MeanOverTime, SpectrogramPixels, audio_branch
from mmkeras.modalities import Audio

SMALL = {"clip_ms": 320, "rate_hz": 8_000, "mels": 32}  # 20 frames


def test_samples_go_in_and_a_vector_and_steps_come_out():
    """320 ms at 8 kHz are 20 frames of 32 bands, halved four times: 2 steps of 2 bands."""
    branch = audio_branch("mic", Audio("cnn", **SMALL))
    assert (branch.input.name, branch.input.dtype) == ("mic", "float32")
    assert branch.input.shape == (None, 20 * 128)
    assert branch.tokens.shape == (None, 2, 2 * 128)
    assert branch.pooled.shape == (None, 2 * 128)


STEPS = {  # of 20 frames: a quarter, all, a quarter; 2560 samples / 4 / 4⁴, rounded up each time
    "crnn": (5, 64),
    "tcn": (20, 64),
    "transformer": (5, 64),
    "waveform_cnn": (3, 256),
}


@pytest.mark.parametrize("branch", ENCODERS)
def test_every_encoder_gives_steps_of_time_and_their_mean(branch):
    made = audio_branch("mic", Audio(branch, **SMALL))
    assert made.tokens.shape[1:] == STEPS[branch]
    tokens, pooled = keras.Model(made.input, [made.tokens, made.pooled])(
        np.random.default_rng(0).normal(size=(2, 2_560)).astype(np.float32)
    )
    np.testing.assert_allclose(np.mean(tokens, axis=1), pooled, atol=1e-5)


@pytest.mark.parametrize("branch", ["cnn", "resnet18", *ENCODERS])
def test_silence_is_a_finite_vector(branch):
    made = audio_branch("audio", Audio(branch, **SMALL))
    model = keras.Model(made.input, made.pooled)
    assert np.isfinite(model(np.zeros((1, 2_560), np.float32))).all()


def test_units_are_the_width_and_layers_the_depth_of_an_encoder():
    assert audio_branch("mic", Audio("crnn", **SMALL, units=24)).pooled.shape == (None, 24)
    shallow, deep = (audio_branch("mic", Audio("tcn", **SMALL, layers=n)) for n in (1, 3))
    towers = (made.tokens._keras_history.operation for made in (shallow, deep))
    assert [sum("_add" in layer.name for layer in tower.layers) for tower in towers] == [1, 3]


def test_an_encoder_can_be_frozen():
    branch = audio_branch("mic", Audio("tcn", **SMALL, trainable=False))
    assert keras.Model(branch.input, branch.pooled).trainable_weights == []


def test_an_encoder_takes_weights_from_a_file(tmp_path):
    made = audio_branch("mic", Audio("tcn", **SMALL))
    trained = made.tokens._keras_history.operation
    trained.save_weights(tmp_path / "tcn.weights.h5")
    other = audio_branch("ear", Audio("tcn", **SMALL, weights=str(tmp_path / "tcn.weights.h5")))
    for loaded, saved in zip(
        other.tokens._keras_history.operation.get_weights(), trained.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(loaded, saved)


def test_an_encoder_has_no_imagenet_weights():
    with pytest.raises(ValueError, match=r"'crnn' has no weights 'imagenet'"):
        audio_branch("mic", Audio("crnn", **SMALL, weights="imagenet"))


def test_the_mean_is_over_time_and_keeps_the_bands_apart():
    features = np.array([[[[1], [10]], [[3], [30]]]], np.float32)  # (1, 2 frames, 2 bands, 1)
    np.testing.assert_array_equal(MeanOverTime()(features), [[2, 20]])


def test_a_spectrogram_is_a_grey_picture_around_127():
    spectrogram = np.array([-3, -2, 0, 1, 2, 9], np.float32).reshape(1, 6, 1, 1)
    grey = SpectrogramPixels()(spectrogram)
    assert grey.shape == (1, 6, 1, 3)
    np.testing.assert_array_equal(grey[0, :, 0, 2], [0, 0, 127.5, 191.25, 255, 255])


def test_a_backbone_for_rgb_alone_sees_the_grey_picture():
    branch = audio_branch("mic", Audio("efficientnet_lite0", **SMALL))
    tower = keras.Model(branch.input, branch.pooled).get_layer("mic_efficientnet_lite0")
    assert tower.input_shape == (None, 20, 32, 3)


def test_a_model_of_ones_own_sees_the_grey_picture():
    start = keras.Input((None, None, 3))
    own = keras.Model(start, keras.layers.Conv2D(4, 3, strides=2, padding="same")(start))
    plain = keras.saving.serialize_keras_object(own)
    assert audio_branch("mic", Audio(plain, **SMALL)).tokens.shape == (None, 10, 16 * 4)


def test_an_unknown_branch_is_an_error_that_guesses():
    with pytest.raises(ValueError, match="unknown audio branch 'resnet'; did you mean 'resnet50'"):
        audio_branch("audio", Audio("resnet"))


@pytest.mark.parametrize("option", [{"units": 8}, {"layers": 2}])
def test_a_backbone_for_pictures_takes_no_size(option):
    with pytest.raises(ValueError, match="units and layers are for crnn, tcn, transformer"):
        audio_branch("mic", Audio("cnn", **option))


@pytest.mark.parametrize("option", [{"front": "mfcc"}, {"spec_augment": True}])
def test_raw_samples_have_no_spectrogram(option):
    with pytest.raises(ValueError, match="'mic': 'waveform_cnn' hears raw samples"):
        audio_branch("mic", Audio("waveform_cnn", **option))
