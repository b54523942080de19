import os
import subprocess
import sys
from dataclasses import replace

import pytest

from mmkeras_edge import load
from mmkeras_edge.file import open_file
from mmkeras_edge.trial import trial
from tests.edge.make_tiny import packed


def test_a_file_that_answers_survives(tiny):
    assert load(tiny, untrusted=True).graph.signature == "serve"


def test_nothing_is_imported_from_where_the_file_lies(tiny, tmp_path, monkeypatch):
    (tmp_path / "numpy.py").write_text("raise SystemExit('a stranger ran')")
    (tmp_path / "stamps.tflite").write_bytes(tiny.read_bytes())
    monkeypatch.chdir(tmp_path)
    trial("stamps.tflite")


def test_pieces_that_are_none_are_refused(tiny, tmp_path):
    """A card of a stranger may say any root."""
    pieces = tiny.with_name("tiny_pieces.tflite")
    trial(pieces)
    file = open_file(pieces)
    body = pieces.read_bytes()[: file.card.model_bytes]
    card = replace(file.card, branches_root=file.card.model_bytes // 2)
    path = tmp_path / "odd.tflite"
    path.write_bytes(packed(body, card, file.tokenizer_json.encode(), file.golden))
    with pytest.raises(ValueError, match=r"odd\.tflite' was tried and"):
        trial(path)


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
