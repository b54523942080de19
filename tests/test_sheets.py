"""Sources of rows other than a CSV with commas: all come to the same cells."""

import io
import json
import sys
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from mmkeras import check, find_columns, load_manifest
from mmkeras.manifest import Problem, digest, drop
from mmkeras.manifest.loading import read_sheet
from mmkeras.manifest.writing import write_rows
from mmkeras.origin import origin_of, rows_of

LABEL = {"label": "classify"}


def png(grey: int) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (4, 4), (grey,) * 3).save(content, "PNG")
    return content.getvalue()


def cells(source, out=None) -> dict[str, list[str]]:
    return {name: list(column) for name, column in read_sheet(source, out).table.items()}


PETS = {"words": ["a cat", "a dog", ""], "label": ["cat", "dog", "cat"], "age": ["3", "", "0.5"]}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("m.csv", "words;label;age\na cat;cat;3\na dog;dog;\n;cat;0.5\n"),
        ("m.txt", "words\tlabel\tage\na cat\tcat\t3\na dog\tdog\t\n\tcat\t0.5\n"),
        ("m.tsv", "words\tlabel\tage\na cat\tcat\t3\na dog\tdog\t\n\tcat\t0.5\n"),
        (
            "m.jsonl",
            '{"words": "a cat", "label": "cat", "age": 3}\n\n{"words": "a dog", "label": "dog"}\n'
            '{"label": "cat", "age": 0.5, "words": null}\n',
        ),
    ],
    ids=["semicolons", "tabs", "tsv", "jsonl"],
)
def test_a_file_comes_to_the_same_cells(tmp_path, name, content):
    (tmp_path / name).write_text(content)
    assert cells(tmp_path / name) == PETS


def test_a_frame_comes_to_the_same_cells():
    frame = pd.DataFrame({"words": ["a cat", "a dog", None], "label": ["cat", "dog", "cat"]})
    frame["age"] = [3, float("nan"), 0.5]
    assert cells(frame) == PETS
    assert cells(frame.assign(label=frame["label"].astype("category"))) == PETS


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".parquet"])
def test_what_is_saved_is_read_again(tmp_path, suffix):
    if suffix == ".parquet":
        pytest.importorskip("pyarrow")
    data = load_manifest(pd.DataFrame(PETS), text="words", table="age", targets=LABEL)
    path = data.save(tmp_path / f"m{suffix}")
    assert cells(path) == PETS
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_json_that_is_no_row_is_named_with_line_and_column_and_the_others_stay(tmp_path):
    path = tmp_path / "m.jsonl"
    path.write_text('{"words": "a"}\n{"words": \n[1]\n{"words": {"a": 1}}\n{"words": "b"}\n')
    with pytest.warns(UserWarning, match="3 rows left out"):
        data = load_manifest(path, text="words")
    assert data.column("text") == ["a", "b"]
    found = {(p.line, p.column): p.message for p in data.problems}
    assert found[2, "row"].startswith("no JSON object: ")
    assert found[3, "row"] == "no JSON object: a list, wanted an object"
    assert found[4, "words"] == "a dict; wanted a text, a number or a list of labels"


def test_a_quote_that_is_never_closed_is_named_where_it_begins(tmp_path):
    path = tmp_path / "m.csv"
    path.write_text("words,label\nwell,a\n" + 'so "far,b\n"open,c\n' + "text,d\n" * 200)
    with pytest.warns(UserWarning, match=r"m\.csv:4: row: a quote is missing: the row ends on"):
        assert load_manifest(path, text="words").lines == [2, 3]


def test_what_is_left_out_is_listed_in_a_file(tmp_path):
    path, listed = tmp_path / "m.csv", tmp_path / "skipped.csv"
    path.write_text("words,label\n" + "".join(f"text {i},\n" for i in range(7)) + "text,a\n")
    with pytest.warns(UserWarning, match=r"and 2 more\n  all of them: .*skipped\.csv"):
        load_manifest(path, text="words", targets=LABEL, skipped=listed)
    rows = pd.read_csv(listed)
    assert list(rows["line"]) == list(range(2, 9))
    assert set(rows["message"]) == {"no label; every row wants one"}
    path.write_text("words,label\na,x\nb,\n")
    with pytest.warns(UserWarning, match="1 row left out"):
        data = load_manifest(path, text="words", targets=LABEL, skipped=listed)
    for _ in range(2):
        with (
            pytest.warns(UserWarning, match="1 row left"),
            pytest.raises(ValueError, match="no usable row"),
        ):
            drop(data, [Problem("m.csv", 2, "words", "found later")])
    assert list(pd.read_csv(listed)["line"]) == [3, 2]


def test_nan_is_absent_but_in_a_text(tmp_path):
    (tmp_path / "a.png").write_bytes(png(0))
    path = tmp_path / "m.csv"
    path.write_text("pic,words,label\nNaN,NaN,1.5\na.png,b,nan\nnan,c,2\n")
    with pytest.warns(UserWarning, match="no label"):
        data = load_manifest(path, "pic", "words", targets={"label": "regress"})
    assert (data.column("text"), data.column("image")) == (["NaN", "c"], [None, None])


class Tree:
    """pets/train/cat/1.png and so on."""

    FILES = ("train/cat/1.png", "train/cat/1.wav", "train/dog/1.png", "val/dog/sub/7.jpg")


def test_a_tree_has_a_row_for_files_of_one_name_and_its_splits(tmp_path):
    for name in (*Tree.FILES, "train/dog/.DS_Store"):
        (tmp_path / "pets" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "pets" / name).touch()
    data = load_manifest(tmp_path / "pets")
    assert data.cells("label") == ["cat", "dog", "dog"]
    assert list(data.table["split"]) == ["train", "train", "valid"]
    assert data.column("audio") == [str(tmp_path / "pets/train/cat/1.wav"), None, None]
    assert data.sources(2)["image"] == str(tmp_path / "pets/val/dog/sub/7.jpg")


def test_a_tree_lists_what_is_of_no_kind_and_reads_texts(tmp_path):
    for name, content in (("good/1.txt", "I like it.\n"), ("bad/1.txt", "No."), ("bad/1.xyz", "")):
        (tmp_path / "says" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "says" / name).write_text(content)
    with pytest.warns(UserWarning, match=r"says:3: file: 'says/bad/1\.xyz' is of no kind"):
        data = load_manifest(tmp_path / "says")
    assert check(data).named("unknown_file")[0].lines == (3,)
    assert (data.column("text"), data.cells("label")) == (["No.", "I like it."], ["bad", "good"])
    with pytest.raises(ValueError, match="no files in folders of classes; wanted good/CLASS/FILE"):
        load_manifest(tmp_path / "says/good")


def test_parquet_with_pictures_inside_is_written_to_files(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    write = pytest.importorskip("pyarrow.parquet").write_table
    pictures = [{"bytes": png(0), "path": "0.png"}, {"bytes": None, "path": None}]
    table = pyarrow.table({"image": pictures, "words": ["black", "none"], "tags": [["a"], []]})
    write(table, tmp_path / "m.parquet")
    with pytest.raises(TypeError, match="column 'image' holds files, not paths; give out=FOLDER"):
        load_manifest(tmp_path / "m.parquet", "image", "words")
    data = load_manifest(tmp_path / "m.parquet", "image", "words", out=tmp_path / "out")
    assert data.path == tmp_path / "out/rows.csv"
    path, absent = data.column("image")
    assert (Path(path).read_bytes(), absent) == (png(0), None)
    assert list(data.table["tags"]) == ["a", "|"]
    assert load_manifest(data.path, "image", "words").lines == data.lines == [2, 3]


def test_parquet_without_pyarrow_says_what_to_install(tmp_path, monkeypatch):
    (tmp_path / "m.parquet").touch()
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(ImportError, match=r"pip install 'mmkeras\[parquet\]'"):
        load_manifest(tmp_path / "m.parquet", text="words")


def test_what_is_no_parquet_is_named(tmp_path):
    pytest.importorskip("pyarrow")
    (tmp_path / "m.parquet").write_text("words\nhello\n")
    with pytest.raises(ValueError, match=r"m\.parquet: no readable Parquet"):
        load_manifest(tmp_path / "m.parquet", text="words")


@pytest.mark.slow
def test_a_data_set_of_hugging_face_keeps_its_labels_and_splits(tmp_path):
    datasets = pytest.importorskip("datasets", exc_type=ImportError)
    names = datasets.ClassLabel(names=["cat", "dog"])
    features = {"image": datasets.Image(), "label": names, "words": datasets.Value("string")}

    def part(*rows):
        columns = dict(zip(features, map(list, zip(*rows, strict=True)), strict=True))
        return datasets.Dataset.from_dict(columns, features=datasets.Features(features))

    train = part(({"bytes": png(0), "path": None}, 0, "a"), (None, 1, "b"))
    both = {"train": train, "validation": part(({"bytes": png(9), "path": None}, -1, "c"))}
    with pytest.warns(UserWarning, match="no label"):
        data = load_manifest(datasets.DatasetDict(both), out=tmp_path)
    assert (data.cells("label"), list(data.table["split"])) == (["cat", "dog"], ["train"] * 2)
    assert data.roles.arguments()["targets"] == {"label": "classify"}
    assert [path and Path(path).read_bytes() for path in data.column("image")] == [png(0), None]


def pets(count: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "uid": [f"x{i:04}" for i in range(count)],
            "photo": [f"{i}.jpg" if i % 3 else "" for i in range(count)],
            "note": [f"note number {i} of many" for i in range(count)],
            "speaker": [str(i % 7) for i in range(count)],
            "weight": [f"{i / 3:.2f}" for i in range(count)],
            "breed": ["tabby" if i % 2 else "siamese" for i in range(count)],
            "empty": [""] * count,
        }
    )


def test_what_columns_are_is_found_out_and_shown():
    roles = find_columns(pets(60))
    assert {each.column: each.role for each in roles.columns} == {
        "uid": "ignore",
        "photo": "image",
        "note": "text",
        "speaker": "group",
        "weight": "table",
        "breed": "classify",
        "empty": "ignore",
    }
    assert "names of files" in str(roles)
    assert "--column COLUMN=ROLE says otherwise" in str(roles)
    assert roles.arguments() == {
        "image": "photo",
        "text": "note",
        "table": ("weight",),
        "targets": {"breed": "classify"},
        "group": "speaker",
    }


def test_what_is_found_can_be_said_otherwise():
    roles = find_columns(pets(60), {"weight": "regress", "breed": "table", "photo": "ignore"})
    assert roles.arguments()["targets"] == {"weight": "regress"}
    assert (roles.of("table"), roles.of("image")) == (["breed"], [])
    with pytest.raises(ValueError, match=r"unknown column of .*'wieght'; did you mean 'weight'\?"):
        find_columns(pets(60), {"wieght": "regress"})
    with pytest.raises(ValueError, match=r"role of column 'weight': 'regres'; did you mean"):
        find_columns(pets(60), {"weight": "regres"})


def test_files_without_an_ending_are_known_by_how_they_begin(tmp_path):
    for i in range(3):
        (tmp_path / f"file{i}").write_bytes(png(i))
    (tmp_path / "m.jsonl").write_text("".join(json.dumps({"f": f"file{i}"}) + "\n" for i in (0, 1)))
    assert find_columns(tmp_path / "m.jsonl").of("image") == ["f"]


def test_names_and_guesses_are_not_mixed():
    with pytest.raises(ValueError, match="either columns=, with the others found out, or image="):
        load_manifest(pets(3), text="note", columns={"breed": "binary"})


cell = st.sampled_from(["", "a", "nan", "some words", 'say "so", twice', "zwölf\nlines"])


@settings(deadline=None, derandomize=True, max_examples=20)
@given(
    rows=st.lists(st.tuples(cell, cell, st.sampled_from(["", "0.png"])), min_size=1, max_size=12),
    suffix=st.sampled_from([".csv", ".tsv", ".jsonl"]),
)
def test_what_is_absent_is_absent_after_any_way_through_a_file(tmp_path_factory, rows, suffix):
    folder = tmp_path_factory.getbasetemp()
    (folder / "0.png").write_bytes(png(0))
    frame = pd.DataFrame([("x", *row) for row in rows], columns=["one", "two", "three", "pic"])
    path = write_rows(frame, folder / f"m{suffix}")
    data = load_manifest(path, "pic", {name: name for name in ("one", "two", "three")})
    there = [
        [source is not None for source in data.sources(row).values()] for row in range(len(rows))
    ]
    assert there == [[bool(pic), True, bool(two), bool(three)] for two, three, pic in rows]
    assert data.column("two") == [two or None for two, _, _ in rows]


def test_a_frame_is_written_down_so_that_a_run_finds_its_rows_again(tmp_path):
    frame = pd.DataFrame(PETS)
    with pytest.raises(FileNotFoundError, match=r"written to a file by load_manifest\(..., out="):
        digest(load_manifest(frame, text="words", table="age").path)
    data = load_manifest(frame, text="words", table="age", out=tmp_path)
    assert data.path == tmp_path / "rows.csv"
    assert load_manifest(data.path, text="words", table="age").lines == data.lines == [2, 3, 4]
    assert len(digest(data.path)) == 64


def test_a_tree_with_another_file_is_another_tree(tmp_path):
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat/1.png").touch()
    before = digest(tmp_path)
    data = load_manifest(tmp_path, "image", targets=LABEL)
    origin = origin_of(data, data)
    assert rows_of(origin, "train").column("image") == [str(tmp_path / "cat/1.png")]
    (tmp_path / "cat/2.png").touch()
    assert digest(tmp_path) != before
    with pytest.raises(ValueError, match="has changed since the training"):
        rows_of(origin, "train")
