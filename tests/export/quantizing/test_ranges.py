import keras
import numpy as np
import pytest
from keras import layers

from mmkeras_export import CALIBRATIONS, activation_ranges, convert, quantize, run_lite
from mmkeras_export.comparison import rows_of

SAMPLES = 40


@pytest.fixture(scope="module")
def converted():
    """(float32 file, rows by input, what it answers): pictures whose mean is regressed, 16 x 16."""
    keras.utils.set_random_seed(0)
    picture = keras.Input((16, 16, 3), name="picture")
    maps = layers.Conv2D(8, 3, activation="relu", name="maps")(picture)
    answer = layers.Dense(1, name="mean")(layers.Flatten()(maps))
    lite = convert(keras.Model(picture, answer))
    random = np.random.default_rng(0)
    pixels = random.uniform(-1, 1, (SAMPLES, 16, 16, 3)) + random.uniform(-1, 1, (SAMPLES, 1, 1, 1))
    feed = {"picture": pixels.astype(np.float32)}
    return lite, feed, run_lite(lite, feed)["mean"]


@pytest.fixture(scope="module")
def faulty(converted):
    """The same rows, one of which has a pixel of a thousand."""
    pixels = converted[1]["picture"].copy()
    pixels[7, 3, 3, 0] = 1000.0
    return rows_of({"picture": pixels})


def spans(ranges, name):
    (found,) = (r for key, r in ranges.items() if name in key)
    return found["max"].item() - found["min"].item()


def test_one_faulty_pixel_ruins_true_extremes_and_no_percentile(converted, faulty):
    lite, feed, wanted = converted
    ranges = {name: activation_ranges(lite, faulty, name) for name in CALIBRATIONS}
    assert spans(ranges["min_max"], "picture") > 1000
    assert spans(ranges["percentile_99.99"], "picture") < 4.1
    errors = {
        name: np.abs(run_lite(quantize(lite, "int8", learned=known), feed)["mean"] - wanted).mean()
        for name, known in ranges.items()
    }
    assert errors["percentile_99.9"] < 0.1 * errors["min_max"]  # a pixel is in 72 of the maps


@pytest.fixture(scope="module")
def counted():
    """(float32 file of 2 x and 2 s, 2000 rows): x are the numbers from -5000 to 4999, five a row,
    and s is 0 but once 7."""
    x, s = keras.Input((5,), name="x"), keras.Input((1,), name="s")
    outputs = {name: layers.Rescaling(2.0)(of) for name, of in {"xx": x, "ss": s}.items()}
    numbers = np.arange(-5_000, 5_000, dtype=np.float32).reshape(2_000, 5)
    once = np.zeros((2_000, 1), np.float32)
    once[123] = 7.0
    return convert(keras.Model({"x": x, "s": s}, outputs)), rows_of({"x": numbers, "s": once})


def ends(ranges):
    return {(r["min"].item(), r["max"].item()) for r in ranges.values()}


def test_true_extremes_are_those_over_all_samples(counted):
    found = ends(activation_ranges(*counted))
    assert found == {(-5000.0, 4999.0), (-10000.0, 9998.0), (0.0, 7.0), (0.0, 14.0)}


def test_a_percentile_leaves_out_its_share_at_either_end_but_not_of_single_numbers(counted):
    found = ends(activation_ranges(*counted, "percentile_99.9"))  # ten of 10,000, at each end
    assert found == {(-4990.0, 4989.0), (-9980.0, 9978.0), (0.0, 7.0), (0.0, 14.0)}


def test_an_unknown_calibration_and_no_samples_are_said(converted):
    with pytest.raises(ValueError, match=r"unknown calibration 'minmax'; did you mean 'min_max'\?"):
        activation_ranges(converted[0], [], "minmax")
    with pytest.raises(ValueError, match="want calibration samples, received none"):
        activation_ranges(converted[0], [])
