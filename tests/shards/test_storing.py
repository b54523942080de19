"""Rows on disk are the rows in memory, whoever made them and however often it was killed."""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from mmkeras import Text, Work, load_manifest, open_prepared, prepare_to
from mmkeras.prepare import prepare
from mmkeras.shards import folder, making, pool
from mmkeras.shards.opening import damaged
from tests.shards.conftest import TOKENIZER, content, read

pytestmark = pytest.mark.usefixtures("in_pieces")


def assert_same(stored, memory):
    for name, array in memory.feed().items():
        np.testing.assert_array_equal(stored.feed()[name], array)
    for name, array in memory.answers().items():
        np.testing.assert_array_equal(stored.answers()[name], array)


def made(folder):
    """How many shards there are, and the sources that the last call decoded for each."""
    return len(json.loads((folder / "index.json").read_text())["shards"])


def test_what_is_stored_is_what_is_made_in_memory(toy, recipe, store, tmp_path):
    stored = store(toy, tmp_path / "out")
    memory = prepare(read(toy), recipe, TOKENIZER)
    assert made(tmp_path / "out") == 5
    assert_same(stored, memory)
    for mine, theirs in zip(stored.split(), memory.split(), strict=True):
        assert_same(mine, theirs)
        for name in ("image", "text"):  # a source that stands in two shards counts once
            columns = [part.inputs[name] for part in (mine, theirs)]
            np.testing.assert_array_equal(*(of.take(of.firsts()[0]) for of in columns))


def test_any_number_of_processes_writes_the_same_bytes(toy, store, tmp_path):
    store(toy, tmp_path / "one", workers=1)
    store(toy, tmp_path / "three", workers=3)
    one, three = content(tmp_path / "one"), content(tmp_path / "three")
    assert one.keys() == three.keys()
    assert [name for name in one if one[name] != three[name]] == []


def test_a_file_named_in_several_rows_is_stored_once_a_shard(toy, store, tmp_path):
    toy.write_text(re.sub(r"\n\d+\.png", "\n0.png", toy.read_text()))
    column = store(toy, tmp_path / "out").inputs["image"]
    assert (len(column.values), len(column.index), len(column.firsts()[0])) == (5, 20, 1)


@pytest.fixture
def decoded(monkeypatch):
    """The sources that are decoded from now on."""
    sources = []
    load = making.load_input

    def counted(source, *of):
        sources.append(source)
        return load(source, *of)

    monkeypatch.setattr(making, "load_input", counted)
    return sources


def test_a_second_call_decodes_nothing_and_changes_nothing(toy, store, tmp_path, decoded):
    store(toy, tmp_path / "out")
    before = content(tmp_path / "out")
    decoded.clear()
    store(toy, tmp_path / "out")
    assert (decoded, content(tmp_path / "out")) == ([], before)


def test_only_what_has_changed_is_decoded_again(toy, recipe, store, tmp_path, decoded):
    store(toy, tmp_path / "out")
    decoded.clear()
    shutil.copy(toy.parent / "1.png", toy.parent / "0.png")  # now a white cat
    lines = toy.read_text().replace("\n2.png,A black cat.", "\n2.png,A sleepy cat.").split("\n")
    toy.write_text("\n".join([lines[0], lines[20], *lines[1:20], ""]))  # the last row comes first
    stored = store(toy, tmp_path / "out")
    assert decoded == ["A sleepy cat."]  # the white picture is in a shard already
    assert_same(stored, prepare(read(toy), recipe, TOKENIZER))
    assert damaged(tmp_path / "out") == []


def test_a_touched_file_is_read_and_not_decoded(toy, store, tmp_path, decoded):
    store(toy, tmp_path / "out")
    before = content(tmp_path / "out")
    decoded.clear()
    os.utime(toy.parent / "0.png")
    store(toy, tmp_path / "out")
    assert (decoded, content(tmp_path / "out")) == ([], before)


def test_another_length_of_texts_leaves_pictures_and_sounds(toy, recipe, store, tmp_path, decoded):
    store(toy, tmp_path / "out")
    decoded.clear()
    text = Text("embedding", length=6, vocabulary=300)
    other = type(recipe)({**recipe.inputs, "text": text}, recipe.outputs, optional=("audio",))
    data = prepare_to(read(toy), tmp_path / "out", other, TOKENIZER, work=Work(workers=1))
    assert data.feed()["text"].shape == (20, 6)
    assert set(decoded) == {"A black cat.", "A white dog."}


def test_rows_that_cannot_be_used_are_listed_in_a_file(toy, recipe, store, tmp_path):
    (toy.parent / "2.png").write_text("no picture")
    toy.write_text(toy.read_text().replace("dog,3", "horse,3"))
    whole = load_manifest(toy, "picture", "words", "sound", {"animal": "classify"}, "pair")
    rows = whole.with_split(0)
    data = prepare_to(rows, tmp_path / "out", recipe, TOKENIZER, work=Work(workers=1))
    skipped = (tmp_path / "out/skipped.csv").read_text().splitlines()
    assert len(data) == 18
    assert [line.split(",")[1:3] for line in skipped[1:]] == [["4", "picture"], ["5", "animal"]]
    assert "no picture; wanted one of PNG" in skipped[1]


def test_with_strict_the_first_bad_row_ends_it(toy, recipe, tmp_path):
    (toy.parent / "2.png").write_text("no picture")
    rows = replace(read(toy), strict=True)
    with pytest.raises(ValueError, match=r"toy\.csv:4: picture: image: .* is no picture"):
        prepare_to(rows, tmp_path / "out", recipe, TOKENIZER, work=Work(workers=2))
    (toy.parent / "2.png").write_bytes((toy.parent / "4.png").read_bytes())
    assert len(prepare_to(rows, tmp_path / "out", recipe, TOKENIZER, work=Work(workers=2))) == 20


KILLED = """
import json, os, random, signal, sys
from pathlib import Path
from mmkeras import Recipe, Work, prepare_to
from mmkeras.shards import layout
from tests.shards.conftest import TOKENIZER, read

def kill_at(moment):
    '''In that many steps that touch a file.'''
    steps = iter(range(moment))
    def count(event, _):
        if event in ("open", "os.rename", "os.mkdir", "os.remove", "shutil.rmtree"):
            if next(steps, None) is None:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(count)

layout.SMALLEST, layout.FEWEST, layout.BLOCK = 4, 5, 2
recipe = Recipe.from_dict(json.loads(sys.argv[3]))
rows, moments = read(Path(sys.argv[1])), random.Random(0)
prepare_to(rows, sys.argv[2] + "-before", recipe, TOKENIZER, work=Work(workers=1))  # imports all
for trial in range(12):
    child = os.fork()
    if not child:
        kill_at(20 * trial + moments.randint(10, 60))
        prepare_to(rows, sys.argv[2], recipe, TOKENIZER, work=Work(workers=1))
        os._exit(0)
    moments.randint(10, 60)
    print(os.WTERMSIG(os.waitpid(child, 0)[1]), len([*Path(sys.argv[2]).glob("shards/0*")]))
"""


def test_killed_at_any_moment_it_goes_on_to_the_same_bytes(toy, recipe, store, tmp_path):
    store(toy, tmp_path / "whole")
    arguments = [str(toy), str(tmp_path / "out"), json.dumps(recipe.to_dict())]
    path = os.pathsep.join([os.getcwd(), *filter(None, sys.path)])
    done = subprocess.run(
        [sys.executable, "-c", KILLED, *arguments],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    signals, shards = np.array([line.split() for line in done.stdout.splitlines()], int).T
    assert (signals == 9).sum() >= 6
    assert {*shards[signals == 9]} & {1, 2, 3, 4}  # killed with some of the five
    store(toy, tmp_path / "out")
    assert content(tmp_path / "out") == content(tmp_path / "whole")


def test_rows_without_a_label_are_stored_for_a_teacher_alone(toy, recipe, tmp_path):
    toy.write_text(toy.read_text().replace("dog,5\n", ",5\n"))
    targets = {"animal": "classify", "pair": "regress"}
    rows = load_manifest(toy, "picture", "words", "sound", targets, "pair")
    out = tmp_path / "out"
    assert len(prepare_to(rows, out, recipe, TOKENIZER, work=Work(workers=1))) == 19
    assert len(open_prepared(out, keep_unlabelled=True)) == 20
    whole = open_prepared(out).manifest
    assert len(prepare(whole, recipe, TOKENIZER)) == 19
    assert prepare(whole, recipe, TOKENIZER, keep_unlabelled=True).shards is not None


def test_a_process_that_dies_is_named_with_its_rows(toy, store, tmp_path, monkeypatch):
    dying = [sys.executable, "-c", "input(); print('{}', flush=True); input(); raise SystemExit(3)"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    monkeypatch.setattr(pool, "_started", lambda: subprocess.Popen(dying, **pipes))
    with pytest.raises(ChildProcessError, match=r"rows of the lines \d+ to \d+ ended with code 3"):
        store(toy, tmp_path / "out", workers=2)
    with pytest.raises(FileNotFoundError, match="its preparation is not finished; call it again"):
        open_prepared(tmp_path / "out")


def test_a_shard_that_was_cut_off_is_refused_and_made_again(toy, store, tmp_path):
    store(toy, tmp_path / "out")
    before = content(tmp_path / "out")
    values = sorted(tmp_path.glob("out/shards/*/image.values.npy"))[0]
    values.write_bytes(values.read_bytes()[:-100])
    with pytest.raises(ValueError, match="is not whole: it was cut off"):
        open_prepared(tmp_path / "out")
    store(toy, tmp_path / "out")
    assert content(tmp_path / "out") == before
    values.write_bytes(values.read_bytes()[:-100] + bytes(100))
    assert damaged(tmp_path / "out") == [values.parent.name]


def test_two_at_once_and_folders_of_others_are_refused(toy, store, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/letter.txt").write_text("dear")
    with pytest.raises(FileExistsError, match="holds no prepared rows; choose another folder"):
        store(toy, tmp_path / "mine")
    store(toy, tmp_path / "out")
    with (
        folder.alone(tmp_path / "out"),
        pytest.raises(BlockingIOError, match="another process prepares into"),
    ):
        store(toy, tmp_path / "out")
