"""The command `mmkeras` within the process of a test."""

import io
import sys
from contextlib import redirect_stderr, redirect_stdout

import pytest

from mmkeras.cli import main

COLUMNS = ["--image", "picture", "--text", "words", "--audio", "sound", "--target", "animal"]


def command(*arguments):
    """Runs a command: its exit code, standard output and standard error."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["mmkeras", *map(str, arguments)])
        code = main()
    return code, out.getvalue(), err.getvalue()
