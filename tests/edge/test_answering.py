import json

import pytest
from PIL import Image

from mmkeras_edge.answering import answer_manifest


@pytest.fixture
def rows(tmp_path):
    """A manifest of four rows, the third of which names no picture."""
    Image.new("RGB", (9, 9), "white").save(tmp_path / "white.png")
    pictures = ["white.png", "white.png", "rows.csv", "white.png"]
    lines = [f"{picture},{'abc'[: i + 1]}" for i, picture in enumerate(pictures)]
    (tmp_path / "rows.csv").write_text("\n".join(["image,text", *lines]) + "\n")
    return tmp_path / "rows.csv"


def test_a_bad_row_has_an_error_and_the_others_their_answers(model, rows, tmp_path):
    *_, tally = answer_manifest(model, rows, tmp_path / "out.jsonl")
    assert tally == (4, 1, 0)
    found = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [list(answer) for answer in found[1:3]] == [
        ["line", "absent", "unsure", "outputs"],
        ["line", "error"],
    ]
    assert "is no picture; wanted one of PNG" in found[2]["error"]
    assert [answer["line"] for answer in found] == [2, 3, 4, 5]
    assert not list(tmp_path.glob("*.part"))


def test_what_was_killed_goes_on_and_ends_with_the_same_file(model, rows, tmp_path):
    *_, _ = answer_manifest(model, rows, tmp_path / "whole.jsonl")
    stopped = answer_manifest(model, rows, tmp_path / "out.jsonl")
    assert [next(stopped).rows for _ in range(4)] == [0, 1, 2, 3]
    stopped.close()
    (part,) = tmp_path.glob("out.jsonl.*.part")
    part.write_bytes(part.read_bytes() + b'{"line": 5, "outp')  # the power went while writing
    tallies = list(answer_manifest(model, rows, tmp_path / "out.jsonl"))
    assert tallies == [(3, 1, 3), (4, 1, 3)]
    assert (tmp_path / "out.jsonl").read_bytes() == (tmp_path / "whole.jsonl").read_bytes()


def test_a_part_of_another_manifest_is_not_gone_on_with(model, rows, tmp_path):
    stopped = answer_manifest(model, rows, tmp_path / "out.jsonl")
    next(stopped), next(stopped)
    stopped.close()
    rows.write_text(rows.read_text() + "white.png,more\n")
    *_, tally = answer_manifest(model, rows, tmp_path / "out.jsonl")
    assert tally == (5, 1, 0)


def test_a_row_that_is_no_utf8_is_an_error_that_json_can_hold(model, rows, tmp_path):
    rows.write_bytes(b"image,text\nwhite.png,\xff\nwh\xffte.png,a\n")
    *_, tally = answer_manifest(model, rows, tmp_path / "out.jsonl")
    text, picture = map(json.loads, (tmp_path / "out.jsonl").read_bytes().splitlines())
    assert (tally.bad, "cannot be tokenised" in text["error"]) == (2, True)
    assert "no file" in picture["error"]


def test_what_is_there_is_not_overwritten(model, rows):
    with pytest.raises(ValueError, match="is there already; delete it or write to another"):
        list(answer_manifest(model, rows, rows))
