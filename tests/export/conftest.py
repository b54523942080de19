"""What the tests of the export share, beside the run and its files in tests/conftest.py."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session")
def lite(run) -> bytes:
    """The run's model, converted to float32 TFLite."""
    from mmkeras_export import convert

    return convert(run.model)
