import json
import os
import re
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import soundfile
from PIL import Image

from mmkeras_edge.cli import main
from mmkeras_edge.outputs import ClassifySpec


@pytest.fixture
def cat(tmp_path) -> str:
    path = tmp_path / "cat.png"
    Image.new("RGB", (20, 10), "white").save(path)
    return str(path)


@pytest.fixture
def meow(tmp_path) -> str:
    path = tmp_path / "meow.wav"
    soundfile.write(path, np.full(1_600, 0.5), 16_000)
    return str(path)


def shell(*words: str) -> subprocess.CompletedProcess:
    """A process of its own, as a user has it: warnings are shown, not raised."""
    return subprocess.run(
        [sys.executable, "-m", "mmkeras_edge.cli", *map(str, words)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


@pytest.mark.parametrize("verb", ["run", "verify", "info", "bench"])
def test_each_verb_runs_in_a_process_without_noise(tiny, verb, cat):
    given = {"run": ["--image", cat, "--text", "abc"], "bench": ["--threads", "1"]}
    done = shell(verb, tiny, *given.get(verb, []))
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) > 5


def test_help_imports_no_numpy():
    code = "import sys, mmkeras_edge.cli; print('numpy' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.stdout == "False\n"


def test_run_prints_a_table(tiny, cat, capsys):
    assert main(["run", str(tiny), "--image", cat, "--text", "abc"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"image  {cat}",
        "text   abc",
        "audio  absent",
        "",
        "label  bright  0.867",
        "       wordy   0.117",
        "       loud    0.016",
    ]


@pytest.mark.parametrize("json_first", [True, False])
def test_run_as_json_has_every_label_best_first(tiny, cat, meow, capsys, json_first):
    given = ["--image", cat, "--text=abc", "--audio", meow]
    words = ["--json", str(tiny), *given] if json_first else [str(tiny), *given, "--json"]
    assert main(["run", *words]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["absent"] == []
    assert list(answer["outputs"]["label"]) == ["bright", "wordy", "loud"]
    assert sum(answer["outputs"]["label"].values()) == pytest.approx(1)


def test_run_lists_the_inputs_of_the_file(tiny, capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["run", str(tiny), "--help"])
    shown = capsys.readouterr().out
    assert re.search(r"--audio FILE +audio, float32, 160 at 16,000 Hz, may be absent", shown)


def test_run_answers_a_manifest_in_json_lines(tiny, cat, tmp_path, capsys):
    rows = tmp_path / "rows.csv"
    rows.write_text("image,caption\ncat.png,abc\nnowhere.png,abc\n")
    words = [str(tiny), "--manifest", str(rows), "--column", "text=caption"]
    assert main(["run", *words]) == 1
    good, bad = map(json.loads, capsys.readouterr().out.splitlines())
    assert (good["line"], good["absent"]) == (2, ["audio"])
    assert good["outputs"]["label"]["bright"] == pytest.approx(0.867, abs=1e-3)
    assert bad == {"line": 3, "error": f"image: no file '{tmp_path}/nowhere.png'"}
    out = tmp_path / "answers.jsonl"
    assert main(["run", *words, "--out", str(out), "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert (said["rows"], said["bad"], said["before"]) == (2, 1, 0)
    assert [json.loads(line) for line in out.read_text().splitlines()] == [good, bad]
    assert main(["run", *words, "--out", str(out)]) == 2
    assert "is there already; delete it" in capsys.readouterr().err


def test_info_says_what_goes_in_and_out(tiny, capsys):
    assert main(["info", str(tiny)]) == 0
    shown = capsys.readouterr().out
    assert "input image                  image, uint8, 8 x 8 x 3\n" in shown
    assert "output label                 classify, 3 labels: bright, wordy, loud\n" in shown
    assert "metric file label accuracy   1\n" in shown


def test_info_and_bench_as_json(tiny, capsys):
    assert main(["info", "--json", str(tiny)]) == 0
    assert json.loads(capsys.readouterr().out)["precision"] == "float32"
    assert main(["bench", str(tiny), "--json", "--runs", "3", "--threads", "1"]) == 0
    assert json.loads(capsys.readouterr().out)["stages_ms"]["invoke"]["p50"] > 0


def test_bench_writes_a_row_and_a_picture(tiny, tmp_path, capsys):
    written = ["--csv", str(tmp_path / "boards.csv"), "--picture", str(tmp_path / "bench.svg")]
    assert main(["bench", str(tiny), "--runs", "3", "--threads", "1", *written]) == 0
    assert "peak memory" in capsys.readouterr().out
    assert (tmp_path / "boards.csv").read_text().count("\n") == 2
    assert (tmp_path / "bench.svg").read_text().startswith("<svg ")
    (tmp_path / "boards.csv").write_text("bread,butter\n")
    assert main(["bench", str(tiny), "--runs", "3", "--threads", "1", *written]) == 2
    said = capsys.readouterr()
    assert "peak memory" in said.out  # what was measured is not lost
    assert "has other columns: bread, butter" in said.err


def test_verify_ends_with_its_verdict(tiny, capsys):
    assert main(["verify", str(tiny)]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "this machine reproduces the training machine"


def test_verify_exits_with_1_where_a_check_fails(repack, golden, capsys):
    wrong = replace(golden[0], outputs={"label": np.array([0.0, 0.0, 1.0])})
    path = str(repack(golden=[wrong]))
    assert main(["verify", path]) == 1
    assert "DIFFERS" in capsys.readouterr().out
    assert main(["verify", path, "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert not found["passed"]
    assert "'answer label' of sample 0 differs by" in found["verdict"]
    assert [stage["passed"] for stage in found["stages"]] == [True] * 5 + [False]


def test_a_failed_decoder_is_null_in_json(repack, golden, capsys):
    unreadable = replace(golden[0], raw={**golden[0].raw, "image": b"no picture"})
    assert main(["verify", "--json", str(repack(golden=[unreadable]))]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["stages"][0]["difference"] is None
    assert "is no picture" in found["stages"][0]["error"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["run", "FILE", "--imgae", "x"], "unknown input 'imgae'; did you mean 'image'? choose"),
        (["run", "FILE", "--imgae=x"], "unknown input 'imgae'; did you mean 'image'? choose"),
        (["run", "FILE", "cat.png"], "unexpected 'cat.png'; inputs are given as --NAME VALUE"),
        (["run", "FILE", "--image"], "argument --image: expected one argument; see mmkeras-edge"),
        (["run", "FILE"], "every input is absent; give at least one of image, text, audio"),
        (["run", "FILE", "--text", "abc"], "input 'image' (image) is missing"),
        (["run", "FILE", "--image", "nowhere.png", "--text", "a"], "image: no file 'nowhere.png'"),
        (["run", "FILE", "--image", "FILE", "--text", "a"], "is no picture; wanted one of PNG"),
        (["run", "FILE", "--out", "x"], "--out and --column go with --manifest"),
        (["run", "FILE", "--manifest", "x", "--text", "a"], "which takes no single inputs"),
        (["run", "FILE", "--manifest", "x"], "no manifest 'x'"),
        (["run", "FILE", "--manifest", "x", "--column", "y"], "--column wants INPUT=COLUMN"),
        (["run", "FILE", "--threads", "0", "--text", "a"], "from 1 to 256, received 0"),
        (["run", "nowhere.tflite", "--text", "abc"], "no file 'nowhere.tflite'"),
        (["verify", "nowhere.tflite"], "no file 'nowhere.tflite'"),
        (["info", "nowhere.tflite"], "no file 'nowhere.tflite'"),
        (["bench", "FILE", "--runs", "0"], "wanted at least one run, received 0"),
        (["bench", "FILE", "--csv", "nowhere/x.csv"], "to write 'x.csv' to"),
        (["stubs", "FILE", "--out", "nowhere/x.py"], "to write 'x.py' to"),
        (["bench", "FILE", "--runs", "many"], "argument --runs: invalid int value: 'many'"),
        (["info"], "the following arguments are required: FILE; see mmkeras-edge info --help"),
        (["fly", "FILE"], "invalid choice: 'fly'"),
        ([], "the following arguments are required: VERB; see mmkeras-edge --help"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(tiny, capfd, words, message):
    assert main([str(tiny) if word == "FILE" else word for word in words]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith("mmkeras-edge: error: ")
    assert err.count("\n") == 1
    assert message in err


def test_a_damaged_file_is_no_traceback(tiny, tmp_path):
    (tmp_path / "cut.tflite").write_bytes(tiny.read_bytes()[:3_000])
    for verb in ("run", "verify", "info", "bench"):
        done = shell(verb, tmp_path / "cut.tflite")
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith("mmkeras-edge: error: ")
        assert done.stderr.count("\n") == 1


def test_a_strangers_file_is_tried_first(tiny, tmp_path, capsys):
    assert main(["info", "--untrusted", str(tiny)]) == 0
    assert "precision" in capsys.readouterr().out
    (tmp_path / "cut.tflite").write_bytes(tiny.read_bytes()[:3_000])
    assert main(["run", "--untrusted", str(tmp_path / "cut.tflite"), "--text", "a"]) == 2
    assert "has no card" in capsys.readouterr().err


def test_a_strangers_labels_do_not_move_the_cursor(repack, capsys):
    labels = ("\x1b[2Jbright", "x" * 1_000, "loud")
    assert main(["info", str(repack(outputs={"label": ClassifySpec(labels)}))]) == 0
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert max(map(len, shown.splitlines())) < 300


def test_a_reader_that_stops_early_is_no_error(tiny):
    command = f"'{sys.executable}' -m mmkeras_edge.cli info '{tiny}' --json | head -1"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert (done.stdout, done.stderr) == ("{\n", "")
