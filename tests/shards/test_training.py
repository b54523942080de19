"""A training cannot tell rows on disk from rows in memory."""

import numpy as np
import pytest

from mmkeras import Training, evaluate, fit, load, merge, open_prepared
from mmkeras.dataset import Batches
from mmkeras.order import order_of
from mmkeras.prepare import prepare
from tests.commands import command
from tests.shards.conftest import TOKENIZER, content, read

pytestmark = pytest.mark.usefixtures("in_pieces")
QUICK = Training(batch_size=4, learning_rate=1e-2)


def weights_of(recipe, rows, out=None):
    train, valid, _ = rows.split()
    return fit(recipe, train, valid, 2, out, QUICK).model.get_weights()


def test_the_same_rows_and_seed_give_the_same_weights(toy, recipe, store, tmp_path):
    stored = weights_of(recipe, store(toy, tmp_path / "out"))
    memory = weights_of(recipe, prepare(read(toy), recipe, TOKENIZER))
    for mine, theirs in zip(stored, memory, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_a_run_finds_its_rows_again_without_the_originals(toy, recipe, store, tmp_path):
    stored = store(toy, tmp_path / "out")
    weights_of(recipe, stored, tmp_path / "run")
    for file in toy.parent.glob("*.png"):
        file.unlink()
    run = load(tmp_path / "run")
    assert evaluate(run, run.rows("test")).rows == len(stored.split()[2]) == 4


def test_the_command_prepares_trains_and_says_so(toy, tmp_path):
    columns = ["--image", "picture", "--text", "words", "--target", "animal", "--group", "pair"]
    small = ["--set", "image.size_px=16x16", "--set", "text.length=4", "--workers", "1"]
    out, run = tmp_path / "out", tmp_path / "run"
    code, said, _ = command("prepare", toy, *columns, *small, "--out", out)
    assert (code, said.splitlines()[0]) == (0, "20 rows in 5 shards, 0.0 MB")
    changes = ["--set", "fusion=concat", "--set", "width=8", "--epochs", "1"]
    code, said, _ = command("train", out, *changes, "--out", run)
    assert (code, "animal" in said) == (0, True)
    code, _, error = command("train", out, "--set", "image.size_px=32x32", "--out", run)
    assert code == 2
    assert "'image' was prepared with height_px=16, width_px=16, and the model wants" in error
    assert "its columns" in command("train", out, "--image", "picture", "--out", run)[2]
    assert "(without --folds)" in command("train", out, "--folds", "2", "--out", run)[2]


def test_parts_from_several_machines_merge_to_what_one_would_make(toy, store, tmp_path):
    store(toy, tmp_path / "whole")
    parts = [tmp_path / f"part{i}" for i in (1, 2)]
    for i, out in enumerate(parts):
        store(toy, out, part=(i + 1, 2))
    assert [len(open_prepared(out)) for out in parts] == [12, 8]
    merge(parts[::-1], tmp_path / "merged")
    whole, merged = content(tmp_path / "whole"), content(tmp_path / "merged")
    assert whole == merged
    with pytest.raises(ValueError, match=r"wanted each part of its manifest once. Received: 1/2"):
        merge(parts[:1], tmp_path / "half")


def test_sets_of_the_same_recipe_merge_one_after_the_other(toy, store, tmp_path):
    store(toy, tmp_path / "a")
    toy.write_text(toy.read_text().replace("A black cat.", "A cat."))
    store(toy, tmp_path / "b")
    both = merge([tmp_path / "a", tmp_path / "b"], tmp_path / "both")
    assert len(both) == 40
    a, b = open_prepared(tmp_path / "a"), open_prepared(tmp_path / "b")
    texts = np.concatenate([a.feed()["text"], b.feed()["text"]])
    np.testing.assert_array_equal(both.feed()["text"], texts)
    assert [len(part) for part in both.split()] == [2 * len(part) for part in a.split()]


def test_hosts_read_disjoint_shards_and_as_many_rows(toy, store, tmp_path):
    data = store(toy, tmp_path / "out")
    hosts = [data.host(number, 2) for number in (0, 1)]
    shards = [{*host.shards} for host in hosts]
    assert [len(host) for host in hosts] == [8, 8]
    assert shards[0] & shards[1] == set()
    with pytest.raises(ValueError, match="5 shards are too few for 6 hosts"):
        data.host(0, 6)


def test_beyond_the_memory_windows_are_mixed(toy, store, tmp_path, monkeypatch):
    data = store(toy, tmp_path / "out")
    each = 16 * 16 * 3 + 4 * 4 + 4 * 720
    monkeypatch.setattr("mmkeras.order.WINDOW_MB", 8.5 * each / 2**20)  # two shards and a bit
    orders = [order_of(data, np.random.default_rng(seed)) for seed in (0, 0, 1)]
    np.testing.assert_array_equal(orders[0], orders[1])
    assert not np.array_equal(orders[0], orders[2])
    for order in orders:
        assert sorted(order) == [*range(20)]
        windows = [{*data.shards[order[start : start + 8]]} for start in (0, 8, 16)]
        assert [len(window) for window in windows] == [2, 2, 1]
    batches = Batches(data, 4, shuffle=True)
    feed, answers = batches[0]
    np.testing.assert_array_equal(feed["image"][:, 0, 0, 0] == 255, answers["animal"])
    later = Batches(data, 4, shuffle=True, first_batch=2)
    np.testing.assert_array_equal(batches[2][0]["image"], later[0][0]["image"])
