import json
from dataclasses import replace

import pytest

from mmkeras_edge.file import open_file
from mmkeras_edge.rows import read_rows
from mmkeras_edge.specs import ImageSpec, TableSpec


@pytest.fixture
def card(tiny):
    return open_file(tiny).card


def test_columns_called_like_the_inputs_are_found_and_empty_cells_are_absent(card, tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text('image,text,audio,label\na.png,"one,\ntwo",,x\n/b.png,three,c.wav,y\n')
    first, second = read_rows(path, card)
    assert first == (2, {"image": f"{tmp_path}/a.png", "text": "one,\ntwo", "audio": None}, "")
    assert (second.line, second.sources["image"]) == (4, "/b.png")  # the first has two lines
    assert second.sources["audio"] == f"{tmp_path}/c.wav"


def test_json_lines_give_the_same_rows(card, tmp_path):
    path = tmp_path / "rows.jsonl"
    rows = [{"image": "a.png", "text": "one", "audio": None}, {"text": 7}, ["image"]]
    path.write_text("\n".join(map(json.dumps, rows)) + "\n{\n")
    found = list(read_rows(path, card))
    assert found[0].sources == {"image": f"{tmp_path}/a.png", "text": "one", "audio": None}
    assert [row.error for row in found[1:3]] == [
        "column 'text': wanted a text, received 7",
        'wanted an object, received ["image"]',
    ]
    assert found[3].line == 4
    assert found[3].error.startswith("no JSON: ")


def test_a_bad_row_does_not_stop_the_others(card, tmp_path):
    path = tmp_path / "rows.tsv"
    long = "x" * 200_000  # more than a field of csv may hold
    path.write_bytes(f"image\ttext\na\nb\t{long}\nc\t".encode() + b"\xff\nd\te\n")
    rows = list(read_rows(path, card))
    assert [row.line for row in rows] == [2, 3, 4, 5]
    assert rows[0].error == "1 cells, wanted 2"
    assert rows[1].error.startswith("no CSV: field larger than field limit")
    assert rows[2].sources["text"] == "\udcff"  # spoils this text alone
    assert rows[3].sources["text"] == "e"


def test_views_have_a_column_each_and_a_table_one_a_field(card, tmp_path):
    table = TableSpec(numbers=("age",), categories={"kind": ("cat", "dog")})
    card = replace(card, inputs={"sides": ImageSpec(8, 8, views=2), "facts": table})
    path = tmp_path / "rows.csv"
    path.write_text("front,side,age,kind\na.png,b.png,3,cat\n,,,\n")
    full, empty = read_rows(path, card, {"sides": ("front", "side")})
    assert full.sources["sides"] == [f"{tmp_path}/a.png", f"{tmp_path}/b.png"]
    assert full.sources["facts"] == {"age": "3", "kind": "cat"}
    assert empty.sources == {"sides": None, "facts": None}


@pytest.mark.parametrize(
    ("content", "columns", "message"),
    [
        ("a,b\n1,2\n", {}, r"has the columns a, b, the file takes image, text, audio; say which"),
        ("image\nx\n", {"text": ("caption",)}, "unknown column of input 'text': 'caption'"),
        ("image\nx\n", {"txt": ("image",)}, "unknown input 'txt'; did you mean 'text'"),
        ("", {}, "has no rows"),
        ("image,text\n", {}, "has no rows"),
    ],
)
def test_a_manifest_that_fits_no_input_is_refused_at_once(
    card, tmp_path, content, columns, message
):
    (tmp_path / "rows.csv").write_text(content)
    with pytest.raises(ValueError, match=message):
        read_rows(tmp_path / "rows.csv", card, columns)
