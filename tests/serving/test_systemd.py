"""The unit as systemd reads it. That it runs on a board is not shown here: nothing starts it."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from mmkeras_edge.cli import _parser
from mmkeras_edge.serving import Limits

UNIT = Path(__file__).resolve().parents[2] / "edge" / "systemd" / "mmkeras-edge.service"
PROGRAM = "/opt/mmkeras/bin/mmkeras-edge"
ANALYZE = shutil.which("systemd-analyze")

wants_systemd = pytest.mark.skipif(ANALYZE is None, reason="no systemd-analyze here")


def values_of(key: str) -> list[str]:
    return re.findall(rf"^{key}=(.*)$", UNIT.read_text(), re.M)


def analyze(*arguments: str | Path) -> subprocess.CompletedProcess:
    command = [str(ANALYZE), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


@wants_systemd
def test_systemd_finds_no_fault(tmp_path):
    """With a program that is there: systemd looks whether it can be run."""
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace(PROGRAM, str(shutil.which("true"))))
    done = analyze("verify", "--man=no", unit)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@wants_systemd
def test_systemd_rates_its_exposure_as_ok(tmp_path):
    """Of 10.0, "unsafe", to 0.0; most services have 9.6. The threshold is ten times that."""
    done = analyze("security", "--offline=yes", "--no-pager", "--threshold=15", UNIT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("key", ["ExecStartPre", "ExecStart"])
def test_its_commands_are_ours(key):
    (command,) = values_of(key)
    program, *arguments = shlex.split(command)
    options = _parser().parse_args(arguments)
    assert (program, options.file) == (PROGRAM, "/opt/mmkeras/model.tflite")


def test_it_is_given_the_time_to_finish_what_it_has_accepted():
    limits = Limits()
    (seconds,) = values_of("TimeoutStopSec")
    assert int(seconds) > limits.upload_s + limits.answer_s
