"""The device's code on an emulated Raspberry Pi; edge/arm64.py says how."""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

import arm64
import mmkeras_edge

REPOSITORY = Path(__file__).resolve().parent.parent
PREDICT = """
import json, sys
import mmkeras_edge
scores = mmkeras_edge.load(sys.argv[1]).predict(**json.loads(sys.argv[2]))
print(json.dumps({name: score.probabilities.tolist() for name, score in scores.items()}))
"""


@pytest.fixture(scope="session")
def pi() -> Path:
    """The emulated interpreter."""
    if reason := arm64.missing():
        pytest.skip(reason)
    return arm64.assemble()


def run(*command: str | Path, **env: str) -> str:
    done = subprocess.run(
        [str(part) for part in command],
        cwd=REPOSITORY,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_interpreter_is_that_of_another_machine(pi):
    assert run(pi, "-c", "import platform; print(platform.machine())") == "aarch64\n"


def test_a_file_verifies(pi, exported):
    assert run(pi, "-m", "mmkeras_edge.cli", "verify", exported.path) != ""


@pytest.mark.parametrize("absent", [(), ("audio",)], ids=["all", "no_audio"])
def test_a_prediction_is_that_of_x86(pi, exported, raw, absent):
    given = {name: source for name, source in raw.items() if name not in absent}
    there = json.loads(run(pi, "-c", PREDICT, exported.path, json.dumps(given)))
    here = mmkeras_edge.load(exported.path).predict(**given)
    assert there.keys() == here.keys()
    for name, score in here.items():
        np.testing.assert_allclose(there[name], score.probabilities, atol=1e-5)


@pytest.mark.slow
def test_the_device_tests_pass(pi, exported):
    command = [pi, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/edge"]
    command += ["--ignore=tests/edge/test_alone.py"]  # it makes environments of its own
    command += ["-k", "not instant"]  # emulation tells nothing about time
    said = run(*command, MMKERAS_EXPORTED=str(exported.path))
    assert " passed" in said
