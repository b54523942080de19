"""mmkeras[edge] in an environment that holds nothing else but pytest, as on a device."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent.parent
PREDICT = """
import json, sys
import mmkeras_edge
scores = mmkeras_edge.load(sys.argv[1]).predict(**json.loads(sys.argv[2]))
print(json.dumps({name: float(score.probabilities.sum()) for name, score in scores.items()}))
print(*sorted({"keras", "tensorflow", "pandas"} & set(sys.modules)))
"""


@pytest.fixture(scope="module", params=["newest", pytest.param("oldest", marks=pytest.mark.slow)])
def device(request, wheel, tmp_path_factory) -> Path:
    """The folder of the commands of a fresh environment, with the newest or oldest requirements."""
    folder = tmp_path_factory.mktemp(request.param)
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    pip = [folder / "bin/python", "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    pins = lower_bounds(wheel) if request.param == "oldest" else []
    subprocess.run([*pip, f"{wheel}[edge]", "pytest", *pins], check=True)
    return folder / "bin"


def lower_bounds(wheel: Path) -> list[str]:
    """The oldest version that mmkeras[edge] allows of each of its requirements."""
    with zipfile.ZipFile(wheel) as archive:
        (metadata,) = (name for name in archive.namelist() if name.endswith("/METADATA"))
        lines = archive.read(metadata).decode().splitlines()
    wanted = [line.partition(": ")[2] for line in lines if line.startswith("Requires-Dist")]
    wanted = [line for line in wanted if "extra" not in line or 'extra == "edge"' in line]
    return [line.partition(";")[0].replace(">=", "==") for line in wanted]


def run(*command: str | Path, cwd: Path, **env: str) -> subprocess.CompletedProcess:
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**clean, **env},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("name", ["keras", "tensorflow", "pandas", "typer", "matplotlib"])
def test_the_training_stack_is_not_there(device, tmp_path, name):
    done = run(device / "python", "-c", f"import {name}", cwd=tmp_path)
    assert f"No module named '{name}'" in done.stderr


def test_help_is_there(device, tmp_path):
    done = run(device / "mmkeras-edge", "--help", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert all(verb in done.stdout for verb in ("run", "verify", "info", "bench"))


def test_a_file_verifies(device, tmp_path, exported):
    done = run(device / "mmkeras-edge", "verify", exported.path, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("absent", [(), ("audio",)], ids=["all", "no_audio"])
def test_it_predicts(device, tmp_path, exported, raw, absent):
    given = json.dumps({name: source for name, source in raw.items() if name not in absent})
    done = run(device / "python", "-c", PREDICT, exported.path, given, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    sums, heavy = done.stdout.splitlines()
    for total in json.loads(sums).values():
        assert total == pytest.approx(1.0, abs=0.02)  # int8 steps of 1/256
    assert heavy == ""


def test_the_device_tests_pass(device, tmp_path, exported):
    """Run from a copy that has no sources beside it, so that the installed package is tested."""
    ignore = shutil.ignore_patterns("__pycache__", Path(__file__).name)
    shutil.copytree(TESTS / "edge", tmp_path / "tests/edge", ignore=ignore)
    shutil.copy(TESTS / "conftest.py", tmp_path / "tests")
    shutil.copy(TESTS.parent / "setup.cfg", tmp_path)
    command = (device / "python", "-m", "pytest", "-q", "tests/edge")
    done = run(*command, cwd=tmp_path, MMKERAS_EXPORTED=str(exported.path))
    assert done.returncode == 0, done.stdout + done.stderr
