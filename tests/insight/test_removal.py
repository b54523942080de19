"""What stands for an input that is taken away."""

import numpy as np
import pytest

from mmkeras.insight.removal import nothing
from mmkeras.prepared import ABSENT, Column
from mmkeras_edge.specs import ImageSpec, SensorSpec


@pytest.mark.parametrize(
    "spec",
    [SensorSpec(channels=2, rate_hz=50, window_ms=400), ImageSpec(8, 6)],
    ids=["sensor", "image"],
)
def test_an_input_that_no_row_has_is_taken_away_to_what_an_absent_one_is_fed_as(spec):
    column = Column(np.zeros((0, *spec.shape), spec.dtype), np.full(64, ABSENT))
    found = nothing(column, spec)
    np.testing.assert_array_equal(found, np.zeros(spec.shape, spec.dtype))
    assert found.dtype == spec.dtype


def test_a_sensor_is_taken_away_to_its_mean_window_of_the_rows_that_have_one():
    spec = SensorSpec(channels=1, rate_hz=50, window_ms=40)
    windows = np.array([[[1.0], [2.0]], [[3.0], [6.0]]], np.float32)
    found = nothing(Column(windows, np.array([0, ABSENT, 1])), spec)
    np.testing.assert_array_equal(found, [[2.0], [4.0]])
