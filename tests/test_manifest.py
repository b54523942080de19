import itertools
import json
import math
import re
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmkeras import Manifest, load_manifest
from mmkeras.splits import SHARES, SPLITS
from tests.commands import command

LABEL = {"label": "classify"}
exactly = settings(deadline=None, derandomize=True, max_examples=50)


@pytest.fixture
def write(tmp_path):
    """Writes a manifest and the pictures a.png, b.png and c.png beside it."""
    for name in "abc":
        (tmp_path / f"{name}.png").touch()

    def write(text: str | bytes) -> Path:
        content = text.encode() if isinstance(text, str) else text
        (tmp_path / "m.csv").write_bytes(content)
        return tmp_path / "m.csv"

    return write


def manifest_of(rows, group=None, split=None) -> Manifest:
    """Rows of (group, label), or (split, label), each with a text."""
    first = group or split or "group"
    table = pd.DataFrame(rows, columns=[first, "label"], dtype=str).assign(words="x")
    names = {"text": "words"}
    return Manifest(Path("m.csv"), table, names, {"text": "text"}, {"label": "label"}, group)


def parts_of(manifest: Manifest, seed: int = 0) -> list[str]:
    return list(manifest.with_split(seed).table["split"])


def test_a_row_has_raw_inputs_by_name(write, tmp_path):
    data = load_manifest(write("pic,words,label\na.png,A cat.,cat\n,A dog.,dog\n"), "pic", "words")
    assert data.sources(0) == {"image": str(tmp_path / "a.png"), "text": "A cat."}
    assert data.sources(1) == {"image": None, "text": "A dog."}
    assert data.column("text") == ["A cat.", "A dog."]


def test_an_absolute_path_stays_as_it_is(write, tmp_path):
    data = load_manifest(write(f"pic\n{tmp_path / 'b.png'}\n"), "pic")
    assert data.column("image") == [str(tmp_path / "b.png")]


def test_words_that_mean_nothing_elsewhere_are_texts(write):
    assert load_manifest(write("words\nNA\nnull\n1.0\n"), text="words").column("text") == [
        "NA",
        "null",
        "1.0",
    ]


def test_a_byte_order_mark_is_no_part_of_the_first_column(write):
    assert len(load_manifest(write(b"\xef\xbb\xbfwords\nhello\n"), text="words")) == 1


def test_rows_are_known_by_their_line_in_the_file(write):
    path = write('words,label\none,x\n\n"two\nlines",y\nfour,z\n')  # line 3 is blank
    assert load_manifest(path, text="words").lines == [2, 4, 6]


def test_a_missing_file_is_reported_with_its_line_and_left_out(write):
    path = write("pic,label\na.png,cat\n\nnone.png,cat\nb.png,dog\n")
    with pytest.warns(UserWarning, match=r"1 row left out:\n.*m\.csv:4: pic: no file '.*none"):
        data = load_manifest(path, "pic", targets=LABEL)
    assert data.lines == [2, 5]
    (problem,) = data.problems
    assert (problem.file, problem.line, problem.column) == (str(path), 4, "pic")
    assert problem.message.endswith("none.png'; a path is relative to the manifest")


def test_addresses_are_told_from_paths(write):
    path = write("pic,label\ns3://pets/1.png,cat\na.png,dog\n")
    with pytest.warns(UserWarning, match=r"m\.csv:2: pic: 's3://pets/1.png' is an address; fetch"):
        assert load_manifest(path, "pic", targets=LABEL).lines == [3]
    with pytest.raises(FileNotFoundError, match=r"https://pets/m\.csv' is an address"):
        load_manifest("https://pets/m.csv")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("a.png,hi,,train", "3: label: no label; every row wants one"),
        (",,dog,train", "3: pic, words: every input is absent"),
        ("a.png,hi,dog,vla", "3: split: unknown split 'vla'; wanted train, valid, test"),
        ("a.png,hi,dog", "3: row: 3 cells, wanted 4"),
        ("a.png,well, hi,dog,train", "3: row: 5 cells, wanted 4; quote cells with commas"),
    ],
    ids=["no label", "nothing there", "unknown split", "too short", "too long"],
)
def test_a_bad_row_is_reported_and_left_out(write, row, message):
    path = write(f"pic,words,label,split\na.png,hi,cat,train\n{row}\n")
    with pytest.warns(UserWarning, match=message):
        data = load_manifest(path, "pic", "words", targets=LABEL)
    assert data.lines == [2]
    assert message in str(data.problems[0])


def test_with_strict_a_bad_row_is_an_error(write):
    path = write("pic,label\nnone.png,cat\nb.png,\n")
    with pytest.raises(ValueError, match=r"m\.csv:2: pic: no file .*\n.*m\.csv:3: label: no label"):
        load_manifest(path, "pic", targets=LABEL, strict=True)


def test_more_than_five_problems_are_counted(write):
    path = write("pic\na.png\n" + "".join(f"none{i}.png\n" for i in range(7)))
    with pytest.warns(UserWarning, match=r"7 rows left out:(\n .*){5}\n  and 2 more$"):
        assert len(load_manifest(path, "pic").problems) == 7


@pytest.mark.filterwarnings("ignore:1 row left out")
def test_a_manifest_of_bad_rows_alone_is_an_error(write):
    with pytest.raises(ValueError, match=r"no usable row is left; the first problem: .*:2: pic"):
        load_manifest(write("pic\nnone.png\n"), "pic")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "wanted a header and rows; it has no rows"),
        (b"words\n", "it has no rows"),
        (b"words,words\na,b\n", "column 'words' stands twice in the header"),
        (b"words\n\xff\xfe\n", r"m\.csv:2: no UTF-8; save the file in UTF-8"),
    ],
    ids=["empty", "header alone", "a column twice", "Latin-1"],
)
def test_what_is_no_manifest_is_refused(write, content, message):
    with pytest.raises(ValueError, match=message):
        load_manifest(write(content), text="words")


def test_a_missing_manifest_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no manifest '.*none\.csv'; give the path"):
        load_manifest(tmp_path / "none.csv", text="words")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"text": "wrods"}, r"unknown column of .*m\.csv: 'wrods'; did you mean 'words'\?"),
        ({"text": "words", "targets": {"lable": "classify"}}, "did you mean 'label'?"),
        ({"text": "words", "group": "club"}, "'club'; choose from words, label"),
        ({"text": "words", "targets": {"label": "clasify"}}, "did you mean 'classify'?"),
        ({"group": "label"}, "at least one of image=, text=, audio="),
    ],
    ids=["input", "target", "group", "task", "no input"],
)
def test_an_unknown_name_is_an_error_that_guesses(write, arguments, message):
    with pytest.raises(ValueError, match=message):
        load_manifest(write("words,label\nhello,a\n"), **arguments)


def test_classes_are_sorted_labels():
    data = manifest_of([("1", "dog"), ("2", "cat"), ("3", "dog")])
    assert data.classes("label") == ("cat", "dog")
    with pytest.raises(ValueError, match=r"unknown target 'labels'; did you mean 'label'\?"):
        data.classes("labels")


def test_ten_groups_of_a_class_are_seven_one_and_two():
    data = manifest_of([(str(i), "cat" if i < 20 else "dog") for i in range(30)])
    table = data.with_split().table
    for label, tens in (("cat", 2), ("dog", 1)):
        found = Counter(table["split"][table["label"] == label])
        assert found == {"train": 7 * tens, "valid": 1 * tens, "test": 2 * tens}


def test_a_split_is_reproduced_by_its_seed():
    data = manifest_of([(str(i), "ab"[i % 2]) for i in range(40)])
    assert parts_of(data, 1) == parts_of(data, 1)
    assert parts_of(data, 1) != parts_of(data, 2)


@exactly
@given(
    st.lists(st.tuples(st.sampled_from("ABCDEFGH"), st.sampled_from("xyz")), min_size=1),
    st.integers(0, 5),
)
def test_a_group_never_spans_two_parts(rows, seed):
    data = manifest_of(rows, group="group").with_split(seed)
    assert data.table.groupby("group")["split"].nunique().max() == 1
    assert set(data.table["split"]) <= set(SPLITS)


@exactly
@given(
    st.dictionaries(st.sampled_from("vwxyz"), st.integers(1, 30), min_size=1),
    st.integers(1, 4),
    st.integers(0, 5),
)
def test_no_part_of_a_class_exceeds_its_share_by_a_whole_group(groups, rows_each, seed):
    rows = [(f"{label}{i}", label) for label, n in groups.items() for i in range(n)] * rows_each
    data = manifest_of(rows, group="group").with_split(seed)
    for label, n in groups.items():
        found = Counter(data.table["split"][data.table["label"] == label])
        for split, share in zip(SPLITS, SHARES, strict=True):
            assert found[split] / rows_each <= math.ceil(round(share * n, 6))


@pytest.mark.parametrize("seed", range(5))
def test_a_class_of_one_group_is_trained_and_one_of_two_tested_too(seed):
    data = manifest_of([("1", "rare"), ("2", "few"), ("3", "few")], group="group")
    assert Counter(parts_of(data, seed)[1:]) == {"train": 1, "test": 1}
    assert parts_of(data, seed)[0] == "train"


def test_rows_without_a_group_are_groups_of_their_own():
    data = manifest_of([("", "cat")] * 10, group="group")
    assert Counter(parts_of(data)) == {"train": 7, "valid": 1, "test": 2}


def test_a_stored_split_is_taken_as_it_stands():
    rows = [("test", "a"), ("train", "a"), ("valid", "a"), ("train", "a")]
    train, valid, test = manifest_of(rows, split="split").split(seed=7)
    assert (train.lines, valid.lines, test.lines) == ([1, 3], [2], [0])


def test_a_class_that_training_never_sees_is_an_error():
    rows = [("train", "cat"), ("valid", "cat"), ("test", "horse"), ("test", "ass")]
    with pytest.raises(ValueError, match="label ass, horse never occurs in training; add rows"):
        manifest_of(rows, split="split").split()


def test_an_empty_part_is_an_error():
    with pytest.raises(ValueError, match="no row falls into 'valid'; add rows or groups"):
        manifest_of([("1", "a"), ("2", "a")]).split()


def timed(times, groups=None, label="a") -> Manifest:
    table = pd.DataFrame({"when": list(map(str, times)), "label": label, "words": "x"}, dtype=str)
    table["who"] = "" if groups is None else list(groups)
    names = {"text": "words"}
    targets = {"label": "label"}
    return Manifest(Path("m.csv"), table, names, {"text": "text"}, targets, "who")


@exactly
@given(
    st.lists(st.tuples(st.integers(0, 30), st.sampled_from(["", *"ABC"])), min_size=1, max_size=40)
)
def test_by_time_nothing_is_trained_on_that_came_after_what_is_tested(rows):
    data = timed(*zip(*rows, strict=True)).with_split(how="time", by="when").table
    ends = {}  # a group is where its last row is
    for when, who in rows:
        ends[who] = max(when, ends.get(who, 0))
    last = [ends[who] if who else when for when, who in rows]
    found = [[t for t, of in zip(last, data["split"], strict=True) if of == n] for n in SPLITS]
    assert all(max(a) < min(b) for a, b in itertools.pairwise(filter(None, found)))
    assert set(data[data["who"] != ""].groupby("who")["split"].nunique()) <= {1}


def test_ten_different_times_are_seven_one_and_two():
    days = [f"2024-03-{day:02}" for day in (9, 1, 5, 3, 8, 2, 10, 4, 7, 6)]
    parts = timed(days).split(how="time", by="when")
    assert [sorted(int(d[-2:]) for d in part.table["when"]) for part in parts] == [
        [1, 2, 3, 4, 5, 6, 7],
        [8],
        [9, 10],
    ]


def test_what_is_no_time_is_named_with_its_line():
    with pytest.raises(ValueError, match=r"m\.csv:1: when: 'soon' is no time; wanted numbers, or"):
        timed(["2024-03-01", "soon"]).split(how="time", by="when")


def test_a_column_says_the_split_with_words_of_its_own():
    data = timed(["x", "y", "dev", "x"])
    parts = data.split(how="column", by="when", parts={"x": "train", "y": "test"})
    assert [part.lines for part in parts] == [[0, 3], [2], [1]]
    with pytest.raises(ValueError, match=r"m\.csv:0: when: 'x' is no split; say which it is"):
        data.split(how="column", by="when")
    with pytest.raises(ValueError, match="'A' is in train and in test; put it into one of them"):
        timed(["train", "test"], "AA").split(how="column", by="when")


@exactly
@given(st.integers(3, 60), st.integers(0, 5), st.sampled_from([(8, 1, 1), (0.5, 0.25, 0.25)]))
def test_a_random_split_keeps_its_shares_whatever_the_classes(rows, seed, shares):
    data = timed(range(rows), label=[chr(97 + i % 7) for i in range(rows)])
    found = Counter(data.with_split(seed, "random", shares=shares).table["split"])
    assert sum(found.values()) == rows
    for split, share in zip(SPLITS, shares, strict=True):
        assert found[split] <= math.ceil(round(share / sum(shares) * rows, 6))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"how": "randon"}, "unknown way to split 'randon'; did you mean 'random'?"),
        ({"how": "time"}, "a split by time wants the name of its column: by="),
        ({"how": "time", "by": "wehn"}, "did you mean 'when'?"),
        ({"shares": (1, 0, 0)}, "wanted three numbers above 0"),
    ],
    ids=["how", "no column", "column", "shares"],
)
def test_a_plan_that_cannot_be_followed_is_refused(options, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        timed(range(9)).split(**options)


def test_stored_folds_are_the_folds_of_every_seed(write):
    lines = "".join(f"text {i},{'ab'[i % 2]}\n" for i in range(20))
    data = load_manifest(write("words,label\n" + lines), text="words", targets=LABEL)
    data.with_folds(4, seed=3).save(data.path)
    stored = load_manifest(data.path, text="words", targets=LABEL)
    assert list(stored.folds(4, seed=0)) == list(data.folds(4, seed=3))
    with pytest.raises(ValueError, match="'fold' has 0, 1, 2, 3, and 5 folds are 0 to 4; rename"):
        stored.folds(5)


def test_a_split_wants_targets(write):
    with pytest.raises(ValueError, match="give targets="):
        load_manifest(write("words\na\nb\nc\n"), text="words").split()


def test_a_saved_split_is_the_split_of_every_seed(write):
    lines = "".join(f"text {i},{'ab'[i % 2]}\n" for i in range(20))
    data = load_manifest(write("words,label\n" + lines), text="words", targets=LABEL)
    data.with_split(seed=3).save(data.path)
    stored = load_manifest(data.path, text="words", targets=LABEL)
    assert [part.lines for part in stored.split(0)] == [part.lines for part in data.split(3)]


def test_saved_elsewhere_the_files_are_found(write, tmp_path):
    data = load_manifest(write("pic,words\na.png,x\n,y\n"), "pic", "words")
    other = tmp_path / "other"
    other.mkdir()
    saved = load_manifest(data.save(other / "n.csv"), "pic", "words")
    assert saved.column("image") == [str(tmp_path / "a.png"), None]


class Interrupted(pd.DataFrame):
    """A table whose writing ends with Ctrl-C."""

    def to_csv(self, path, **options):
        Path(path).write_text("half a")
        raise KeyboardInterrupt


def test_ctrl_c_while_saving_leaves_the_old_file_alone(tmp_path):
    (tmp_path / "m.csv").write_text("old")
    table = Interrupted({"words": ["x"]})
    data = Manifest(tmp_path / "m.csv", table, {"text": "words"}, {"text": "text"}, {})
    with pytest.raises(KeyboardInterrupt):
        data.save(tmp_path / "m.csv")
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("m.csv", "old")]


def test_the_command_writes_a_manifest_with_its_split_and_folds(write):
    lines = "".join(f"text {i},{'ab'[i % 2]},{i // 2},{i}\n" for i in range(40))
    path = write("words,label,who,when\n" + lines)
    given = ["split", path, "--text", "words", "--target", "label", "--group", "who"]
    new, timed_out = path.parent / "new.csv", path.parent / "timed.csv"
    code, out, err = command(*given, "--out", new, "--folds", "4", "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)["rows"]["train"] == {"a": 14, "b": 14}
    stored = load_manifest(new, text="words", targets=LABEL, group="who")
    assert [len(part) for part in stored.split(seed=9)] == [28, 4, 8]
    assert sorted(Counter(stored.folds(4)).values()) == [10] * 4
    code, out, _ = command(*given, "--out", timed_out, "--how", "time", "--by", "when")
    assert (code, out.splitlines()[0].split()) == (0, ["train", "28", "a", "14,", "b", "14"])
    code, _, err = command(*given, "--out", new)
    assert (code, "nothing is written over" in err) == (2, True)
