"""What the tests of explanations share."""

import pytest

from mmkeras.explaining import usual_of


@pytest.fixture(scope="session")
def usual(run):
    return usual_of(run)


@pytest.fixture(scope="session")
def line(run):
    """Of a test row that has all inputs."""
    rows = run.rows("test")
    return next(n for n in rows.lines if all(rows.on_lines([n]).sources(0).values()))
