import os
import subprocess
import sys
from importlib.util import find_spec

import pytest

from mmkeras_edge import runtimes
from mmkeras_edge.runtimes import RUNTIMES, find_runtime


def test_the_lightest_that_is_installed_is_taken():
    assert list(RUNTIMES) == ["ai-edge-litert", "tflite-runtime", "tensorflow"]
    installed = [name for name, path in RUNTIMES.items() if find_spec(path.partition(".")[0])]
    assert find_runtime().name == installed[0]


def test_without_a_runtime_the_cure_is_named(monkeypatch):
    monkeypatch.setattr(runtimes, "RUNTIMES", {"nothing": "no_such_runtime"})
    with pytest.raises(ImportError, match=r"pip install 'mmkeras\[edge\]'.*no_such_runtime"):
        find_runtime()


@pytest.mark.slow
def test_tensorflow_is_the_last_resort_and_info_says_so(tiny):
    pytest.importorskip("tensorflow")
    code = (
        "import sys, numpy\n"
        "sys.modules['ai_edge_litert'] = None\n"
        "import mmkeras_edge\n"
        "model = mmkeras_edge.load(sys.argv[1])\n"
        "white = numpy.full((8, 8, 3), 255, numpy.uint8)\n"
        "print(model.info()['runtime'], model.predict(image=white, text='abc')['label'])"
    )
    command = [sys.executable, "-W", "error::UserWarning", "-c", code, str(tiny)]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, capture_output=True, text=True, env=env)
    assert done.stdout == "tensorflow bright 0.87, wordy 0.12, loud 0.02\n", done.stderr
