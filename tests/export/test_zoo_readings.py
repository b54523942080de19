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
from mmkeras_export import PRECISIONS, convert, islands_of, run_lite
from mmkeras_export.comparison import rows_of

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


@pytest.fixture(scope="module")
def answers(converted):
    model, lite, feed, _ = converted
    islands = islands_of(model)
    files = {name: p.shrink(lite, rows_of(feed), islands) for name, p in PRECISIONS.items()}
    assert max(len(files[name]) for name in files if name != "float32") < 0.4 * len(lite)
    return {name: run_lite(file, feed) for name, file in files.items()}


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("name", SOURCES)
def test_every_branch_reaches_the_device_in_every_precision(converted, answers, name, precision):
    expected = converted[3][f"{name}_answer"]
    error = answers[precision][f"{name}_answer"] - expected
    if PRECISIONS[precision].exact:
        assert np.abs(error).max() < 1e-4
    else:  # of what the rows differ by
        assert error.std() < 0.25 * (expected - expected.mean(axis=0)).std()
