"""`watch` and `record`, as they are typed."""

import io
import json
import logging
import re
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from mmkeras_edge.cli import main
from mmkeras_edge.cli.sources import said
from mmkeras_edge.streaming.screen import picture_of, redrawn
from mmkeras_edge.streaming.stream import stream


@pytest.fixture
def texts(tmp_path):
    path = tmp_path / "texts.txt"
    path.write_text("abc\n\nabcdef\n")
    return path


@pytest.fixture
def typed(tiny, texts, tmp_path):
    """What stands behind the verb: the file and its sources."""
    from PIL import Image

    Image.new("L", (8, 8), 255).save(tmp_path / "white.png")
    path = str(tiny.with_name("tiny_pieces.tflite"))
    return [path, "--image", str(tmp_path / "white.png"), "--text", str(texts), "--fast"]


def test_watch_says_a_line_a_moment_to_a_pipe(typed, capsys):
    assert main(["watch", *typed, "--smooth", "0"]) == 0
    first, silent, last = capsys.readouterr().out.splitlines()
    assert re.fullmatch(
        r"\d\.\d\d s  label: bright 0\.87, wordy 0\.\d+, loud 0\.\d+  audio absent", first
    )
    assert silent.endswith("no answer  text absent, audio absent")
    assert "bright 0.50, wordy 0.50" in last


def test_watch_gives_json_lines(typed, capsys):
    assert main(["watch", *typed, "--json", "--alarm", "label=bright:0.8:0.5"]) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [moment["said"] for moment in found] == [{"label": "bright"}, {}, {"label": "bright"}]
    assert found[0]["unsure"] == []
    assert found[0]["alarms"] == {"label=bright": True}
    assert found[1]["absent"] == {"audio": "no source", "text": "nothing is given"}


def test_record_writes_a_manifest(typed, tmp_path, capsys):
    assert main(["record", *typed, "--to", str(tmp_path / "seen"), "--every", "0", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["rows"] == 3
    assert len(Path(said["manifest"]).read_text().splitlines()) == 4


@pytest.mark.parametrize("verb", [["watch"], ["record", "--to", "seen"]])
def test_what_never_ends_is_stopped_after_its_seconds(typed, tmp_path, monkeypatch, verb):
    monkeypatch.chdir(tmp_path)
    assert main([verb[0], *typed, *verb[1:], "--loop", "--seconds", "0.05"]) == 0


def test_a_recording_that_cannot_begin_leaves_no_source_running(typed, tmp_path, capsys):
    (tmp_path / "manifest.csv").write_text("time,image\n")
    assert main(["record", *typed, "--loop", "--to", str(tmp_path)]) == 2
    assert "take another folder" in capsys.readouterr().err
    for thread in threading.enumerate():
        if thread.name.startswith("mmkeras "):
            thread.join(10)
            assert not thread.is_alive()


def test_wrong_usage_is_said_in_a_line(typed, capsys):
    assert main(["watch", typed[0], "--imag", "camera"]) == 2
    assert "did you mean 'image'" in capsys.readouterr().err
    assert main(["record", *typed]) == 2
    assert "where to? record" in capsys.readouterr().err
    for words, message in (
        (["--to", typed[0]], "is a file, wanted a folder"),
        (["--to", "x", "--rows", "0"], "--rows: wanted at least one row, received 0"),
        (["--to", "x", "--every", "-1"], "every_s: wanted a number from 0 on, received -1.0"),
    ):
        assert main(["record", *typed, *words]) == 2
        assert message in capsys.readouterr().err


def test_a_message_takes_the_place_of_the_progress(monkeypatch):
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr("sys.stderr", terminal)
    with said(None):
        logging.getLogger("mmkeras_edge.stream").info("image: there now")
    assert terminal.getvalue() == "\r\x1b[Kimage: there now\n"


def test_the_screen_shows_sources_and_answers(typed):
    source = {"image": [typed[2]], "text": ["abc"]}
    moment = next(iter(stream(typed[0], source, threads=1)))
    about = {"image": "a picture", "text": "a list", "audio": "no source"}
    lines = [
        re.sub("\x1b\\[\\d+m", "", line)
        for line in picture_of(moment, about, dict.fromkeys(about, 1))
    ]
    assert any(re.fullmatch("audio +absent: no source +no source", line) for line in lines)
    assert any(re.fullmatch("label +bright", line) for line in lines)
    assert any(re.fullmatch(r"  bright +86\.\d%  █+.?", line) for line in lines)


def test_the_screen_says_of_what_the_model_is_not_sure(typed):
    source = {"image": [typed[2]], "text": ["abc"]}
    moment = next(iter(stream(typed[0], source, threads=1)))
    doubtful = replace(moment.answers["label"], unsure_below=0.99)
    moment = replace(moment, answers={"label": doubtful})
    assert moment.to_dict()["unsure"] == ["label"]
    lines = picture_of(moment, dict.fromkeys(source, "a list"), dict.fromkeys(source, 1))
    assert any(line.endswith("unsure\x1b[0m") for line in lines)


def test_a_shorter_screen_leaves_nothing_of_a_longer_one():
    assert redrawn(["a"], before=2) == "\x1b[2Aa\x1b[K\n\x1b[K\n"


def test_no_line_is_wrapped_and_colours_take_no_room():
    assert redrawn(["\x1b[31mabcdef\x1b[0mgh"], 0, columns=5) == "\x1b[31mabcd\x1b[0m\x1b[K\n"
