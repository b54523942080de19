"""The device's code on emulated Raspberry Pis; edge/arm64.py says how."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import arm64
import mmkeras_edge
from tests.precisions import EVERYDAY

REPOSITORY = Path(__file__).resolve().parent.parent
PREDICT = """
import json, sys
import mmkeras_edge
scores = mmkeras_edge.load(sys.argv[1]).predict(**json.loads(sys.argv[2]))
print(json.dumps({name: score.probabilities.tolist() for name, score in scores.items()}))
"""
ARRAYS = """
import json, sys
import numpy as np
import mmkeras_edge
model = mmkeras_edge.load(sys.argv[1])
draw, specs = np.random.default_rng(0), model.file.card.inputs
image = draw.integers(0, 256, specs["image"].shape, dtype=np.uint8)
audio = 0.1 * draw.normal(size=specs["audio"].shape).astype(np.float32)
rate_hz = specs["audio"].rate_hz
scores = model.predict(image=image, text="A black cat.", audio=(audio, rate_hz))
print(json.dumps({name: score.probabilities.tolist() for name, score in scores.items()}))
"""


@pytest.fixture(scope="session")
def pi() -> Path:
    """The emulated interpreter of 64 bits."""
    if reason := arm64.missing():
        pytest.skip(reason)
    return arm64.assemble()


@pytest.fixture(scope="session")
def old_pi() -> Path:
    """That of 32 bits, with tflite-runtime and NumPy 1."""
    if reason := arm64.missing("armv7"):
        pytest.skip(reason)
    return arm64.assemble("armv7")


def attempt(*command: str | Path, **env: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [str(part) for part in command],
        cwd=REPOSITORY,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
    )


def run(*command: str | Path, **env: str) -> str:
    done = attempt(*command, **env)
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
    said = run(*command, MMKERAS_EXPORTED=str(exported.path))
    assert " passed" in said


@pytest.mark.slow
@pytest.mark.parametrize("precision", EVERYDAY)
def test_every_row_is_answered_as_on_x86(pi, files, stamps, tmp_path, precision):
    """Float within 1e-5; of the others, how many rows have the same label is shown by `-rP`."""
    path = files.paths[precision]
    assert run(pi, "-m", "mmkeras_edge.cli", "verify", path) != ""
    rows = stamps.test.path.with_name("arm64.csv")
    lines = stamps.test.path.read_text().splitlines(keepends=True)
    rows.write_text("".join([lines[0], *(lines[line - 1] for line in stamps.test.lines[:24])]))
    words = ["run", path, "--manifest", rows, "--column", "text=caption"]
    words += ["--column", "audio=speech"]
    there = answers(run(pi, "-m", "mmkeras_edge.cli", *words))
    here = answers(run(sys.executable, "-m", "mmkeras_edge.cli", *words))
    assert len(there) == len(here) == 24
    far = max(abs(there[i][k] - here[i][k]) for i in range(24) for k in here[i])
    same = sum(max(a, key=a.get) == max(b, key=b.get) for a, b in zip(there, here, strict=True))
    print(f"{precision}: {same} of 24 rows have the same label, probabilities within {far:.2g}")  # noqa: T201
    assert far <= (1e-5 if precision == "float32" else 8 / 256)
    assert same >= 23


def answers(lines: str) -> list[dict[str, float]]:
    return [json.loads(line)["outputs"]["category"] for line in lines.splitlines()]


@pytest.mark.slow
def test_32_bits_answer_arrays_as_x86_does(old_pi, files):
    there = json.loads(run(old_pi, "-c", ARRAYS, files.paths["float32"]))
    here = json.loads(run(sys.executable, "-c", ARRAYS, files.paths["float32"]))
    for name, probabilities in here.items():
        np.testing.assert_allclose(there[name], probabilities, atol=1e-5)


@pytest.mark.slow
def test_32_bits_refuse_what_their_runtime_gets_wrong(old_pi, files):
    """tflite-runtime 2.14 runs dynamic int8, and answers nearly the same to everything."""
    done = attempt(old_pi, "-c", ARRAYS, files.paths["dynamic_int8"])
    assert "tflite-runtime runs it and is wrong" in done.stderr
