"""Every branch over readings, tables and films reaches the device, in every precision.

All in one model with an output a branch, so that one conversion shows each of them.
"""

import keras
import numpy as np
import pytest
from keras import layers

from mmkeras.branches import BRANCHES, sensor, table, video
from mmkeras.branches.standardise import Standardise
from mmkeras.modalities import Sensor, Table, Video
from mmkeras_export import convert
from tests.precisions import EVERYDAY, every_precision

ROWS = 16
SOURCES = {
    **{f"sensor_{name}": Sensor(3, 20, 1_000, name, units=16) for name in sensor.ENCODERS},
    **{
        f"table_{name}": Table(("age", "income"), {"hand": ("l", "r")}, name, units=16)
        for name in table.ENCODERS
    },
    **{f"video_{time}": Video("cnn", 3, (16, 16), time, units=16) for time in video.TIMES},
    "video_cnn3d": Video("cnn3d", 3, (16, 16)),
}


def rows_for(source, random: np.random.Generator) -> np.ndarray:
    """Readings in g, degrees a second and pascal; records with gaps; films of one colour each."""
    if source.kind == "sensor":
        loudness = 10 ** random.uniform(-1, 0, (ROWS, 1, 1))
        waves = random.normal(size=(ROWS, *source.spec.shape)) * loudness
        return (waves * [1, 200, 50] + [1, 0, 101_325]).astype(np.float32)
    if source.kind == "table":
        ages, incomes = random.uniform(5, 90, ROWS), random.uniform(1e4, 1e5, ROWS)
        ages[::4] = np.nan
        return np.stack([ages, incomes, np.arange(ROWS) % 3], axis=1).astype(np.float32)
    colours = random.integers(0, 256, (ROWS, 1, 1, 1, 3))
    return (colours * random.random((ROWS, *source.spec.shape[:3], 1))).astype(np.uint8)


@pytest.fixture(scope="module")
def converted():
    """(model, float32 file, inputs, Keras' answers)."""
    keras.utils.set_random_seed(0)
    random = np.random.default_rng(0)
    branches = {name: BRANCHES[source.kind](name, source) for name, source in SOURCES.items()}
    feed = {name: rows_for(source, random) for name, source in SOURCES.items()}
    outputs = {
        f"{name}_answer": layers.Dense(4, name=f"{name}_answer")(branch.pooled)
        for name, branch in branches.items()
    }
    model = keras.Model({name: branch.input for name, branch in branches.items()}, outputs)
    for layer in model._flatten_layers(include_self=False):
        if isinstance(layer, Standardise):
            layer.measure(feed[layer.adapts_to])
    return model, convert(model), feed, model.predict(feed, verbose=0)


@every_precision
@pytest.mark.parametrize("name", SOURCES)
def test_every_branch_reaches_the_device_in_every_precision(check_close, name, precision):
    check_close(precision, f"{name}_answer")


def test_a_smaller_file_is_less_than_four_tenths_of_the_float_one(shrunk):
    large, *small = (len(shrunk(precision)) for precision in EVERYDAY)
    assert max(small) < 0.4 * large
