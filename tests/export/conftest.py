"""What the tests of the export share, beside the run and its files in tests/conftest.py."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
import pytest


@pytest.fixture(scope="session")
def lite(run) -> bytes:
    """The run's model, converted to float32 TFLite."""
    from mmkeras_export import convert

    return convert(run.model)


@pytest.fixture(scope="module")
def shrunk(converted) -> Callable[[str], bytes]:
    """The file of a precision of the module's own `converted`, which is (model, float32 file, rows
    by input, Keras' answers by output)."""
    from mmkeras_export import islands_of, quantize
    from mmkeras_export.comparison import rows_of

    model, lite, feed, _ = converted

    @functools.cache
    def shrunk(precision: str) -> bytes:
        return quantize(lite, precision, rows_of(feed), islands_of(model, precision))

    return shrunk


@pytest.fixture(scope="module")
def check_close(converted, shrunk) -> Callable[..., None]:
    """check_close(precision, output, share=0.25): the file answers there as Keras does.

    In float within 1e-4, of the largest answer if that is above 1; else with errors whose deviation
    is less than a share of that by which the rows differ.
    """
    from mmkeras_export import FORMATS, run_lite
    from tests.precisions import off_by

    _, _, feed, expected = converted
    answers = functools.cache(lambda precision: run_lite(shrunk(precision), feed))

    def check(precision: str, output: str, share: float = 0.25) -> None:
        wanted = expected[output]
        found = answers(precision)[output]
        differ = (wanted - wanted.mean(axis=0)).std()
        largest = np.abs(wanted).max()
        assert differ > 0.01 * largest  # rows that are alike would show nothing
        if FORMATS[precision].exact:
            assert np.abs(found - wanted).max() < 1e-4 * max(1.0, largest)
        else:
            assert off_by(found, wanted, precision) < share

    return check
