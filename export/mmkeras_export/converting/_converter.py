"""The program of `process`: imports the converter once, and forks for each conversion.

Standard input: a line of SAVED_MODEL, TARGET and LOG, between tabs; one conversion at a time. On
standard output first the process that converts, then, when it has ended, its exit code. It ends
with its parent, and by itself when nothing has been asked for a while.
"""

import contextlib
import ctypes
import os
import select
import signal
import sys
import traceback
from pathlib import Path

IDLE_S = 120.0  # it holds 0.3 GB
LOOK_EVERY_S = 0.02
END_WITH_PARENT = 1  # PR_SET_PDEATHSIG of Linux


def main() -> None:
    with contextlib.suppress(OSError):  # if memory runs out, Linux ends this process and no other
        Path("/proc/self/oom_score_adj").write_text("1000")
    import tensorflow as tf  # takes longest, and the parent still traces meanwhile

    running = 0
    while True:
        asked, _, _ = select.select([0], [], [], LOOK_EVERY_S if running else IDLE_S)
        if asked:
            line = sys.stdin.readline()
            if not line:  # the parent has gone
                break
            running = os.fork()
            if not running:
                _convert(tf, *line.rstrip("\n").split("\t"))
            _tell(running)
        elif not running:
            return
        ended, status = os.waitpid(running, os.WNOHANG)
        if ended:
            _tell(os.waitstatus_to_exitcode(status))
            running = 0
    if running:
        os.kill(running, signal.SIGKILL)


def _tell(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def _convert(tf, saved_model: str, target: str, log: str) -> None:
    """Never returns."""
    code = 1
    try:
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(END_WITH_PARENT, signal.SIGKILL)
        os.dup2(os.open(log, os.O_WRONLY | os.O_APPEND), 2)
        converter = tf.lite.TFLiteConverter.from_saved_model(saved_model)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]  # no Flex there
        Path(target).write_bytes(converter.convert())
        code = 0
    except Exception:  # noqa: BLE001  the parent reads what it was
        traceback.print_exc()
    finally:
        os._exit(code)


if __name__ == "__main__":
    main()
