"""Every branch over sound reaches the device, in every precision.

All in one model with an output a branch, so that one conversion shows each of them.
"""

import keras
import numpy as np
import pytest
from keras import layers

from mmkeras.branches.audio import ENCODERS, audio_branch
from mmkeras.modalities import Audio
from mmkeras_export import convert
from tests.precisions import EVERYDAY, every_precision

ROWS = 16
CLIP = {"clip_ms": 400, "rate_hz": 8_000, "mels": 32}  # 25 frames


def small_backbone() -> dict:
    """For pictures in colour; those of the table are shown with pictures."""
    pixels = keras.Input((None, None, 3))
    x = layers.Rescaling(1 / 127.5, -1)(pixels)
    x = layers.Conv2D(8, 3, strides=4, padding="same", activation="relu")(x)
    return keras.saving.serialize_keras_object(keras.Model(pixels, x))


SOURCES = {
    "cnn": Audio("cnn", **CLIP),
    "mfcc": Audio("cnn", **CLIP, front="mfcc", spec_augment=True),
    "grey": Audio(small_backbone(), **CLIP),
    **{name: Audio(name, **CLIP, units=16) for name in ENCODERS},
}


def sounds(samples: int, random: np.random.Generator) -> np.ndarray:
    """Rows that differ in pitch, in loudness and in how much noise there is."""
    hz = random.uniform(100, 3_500, (ROWS, 1))
    noise = random.normal(size=(ROWS, samples)) * random.uniform(0, 1, (ROWS, 1))
    loudness = 10 ** random.uniform(-3, 0, (ROWS, 1))
    tones = np.sin(2 * np.pi * hz * np.arange(samples) / CLIP["rate_hz"])
    return (loudness * (tones + noise)).astype(np.float32)


@pytest.fixture(scope="module")
def converted():
    """(model, float32 file, inputs, Keras' answers)."""
    keras.utils.set_random_seed(0)
    random = np.random.default_rng(0)
    branches = {name: audio_branch(name, source) for name, source in SOURCES.items()}
    feed = {name: sounds(source.spec.samples, random) for name, source in SOURCES.items()}
    outputs = {
        f"{name}_answer": layers.Dense(4, name=f"{name}_answer")(branch.pooled)
        for name, branch in branches.items()
    }
    model = keras.Model({name: branch.input for name, branch in branches.items()}, outputs)
    for weight in model.trainable_variables:  # what starts at zero would show nothing
        if not np.any(weight):
            weight.assign(0.1 * random.normal(size=weight.shape))
    return model, convert(model), feed, model.predict(feed, verbose=0)


@every_precision
@pytest.mark.parametrize("name", SOURCES)
def test_every_branch_reaches_the_device_in_every_precision(check_close, name, precision):
    check_close(precision, f"{name}_answer")


def test_a_smaller_file_is_less_than_four_tenths_of_the_float_one(shrunk):
    large, *small = (len(shrunk(precision)) for precision in EVERYDAY)
    assert max(small) < 0.4 * large
