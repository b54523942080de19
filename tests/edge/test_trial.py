import os
import subprocess
import sys

import pytest

from mmkeras_edge import load
from mmkeras_edge.trial import trial


def test_a_file_that_answers_survives(tiny):
    assert load(tiny, untrusted=True).graph.signature == "serve"


@pytest.mark.skipif(
    sys.platform != "linux" or "ARM64_PYTHON" in os.environ,
    reason="the limit is Linux's, and qemu passes it on to nobody",
)
def test_beyond_its_limit_a_process_gets_no_memory():
    code = (
        "import numpy\n"
        "from mmkeras_edge.trial import limit_memory\n"
        "limit_memory(200)\n"
        "print(numpy.ones(12_500_000).nbytes)\n"
        "numpy.ones(40_000_000)"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env)
    assert done.stdout == "100000000\n"
    assert "Unable to allocate 305. MiB" in done.stderr


def test_a_model_that_takes_too_long_is_refused(tiny):
    with pytest.raises(ValueError, match=r"was tried and did not answer in 0.01 s"):
        trial(tiny, timeout_s=0.01)


def test_what_the_runtime_refuses_says_why(tmp_path):
    path = tmp_path / "odd.tflite"
    path.write_bytes(b"\x1c\x00\x00\x00TFL3" + bytes(200))
    with pytest.raises(
        ValueError, match=r"was tried and failed: the runtime \S+ refuses the model"
    ):
        trial(path)
