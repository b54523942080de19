"""`mmkeras slim`, `prune`, `cluster` and `qat`: a run becomes a smaller one."""

import json

import pytest

import mmkeras
from mmkeras_export import sparsity_of
from tests.commands import COLUMNS, command


@pytest.fixture(scope="module")
def large(write_toys, tmp_path_factory):
    folder = tmp_path_factory.mktemp("large")
    what = [*COLUMNS, "--set", "image=cnn", "--set", "image.size_px=32x32", "--out", folder / "run"]
    how = [
        "--set",
        "width=32",
        "--set",
        "optional=audio",
        "--set",
        "audio.clip_ms=640",
        "--epochs",
        "1",
        "--json",
    ]
    code, _, err = command("train", write_toys(folder), *what, *how)
    assert code == 0, err
    return folder / "run"


def pruned(saved, err, run):
    """Half of the weights are zeros: fewer bytes as a download, the same work."""
    assert saved["after"]["zeros"] == pytest.approx(sparsity_of(run.model))
    sizes = [saved[when]["file_bytes"] for when in ("before", "after")]
    assert sizes[1] == pytest.approx(sizes[0], rel=0.001)  # names of operations differ
    assert saved["after"]["compressed_bytes"] < 0.9 * saved["before"]["compressed_bytes"]
    assert min(saved[when]["ms"] for when in ("before", "after")) > 0
    assert "zeros       50.0% of" in err
    assert "No speed: the device multiplies zeros" in err


def clustered(saved, err, run):
    assert saved["after"]["values"] == 8
    assert saved["before"]["values"] > 1_000
    assert "8 different ones in a kernel" in err
    assert "No speed: the device multiplies zeros" in err


def slimmer(saved, err, run):
    """By branch, and all of them together."""
    parameters = sum(size["parameters"] for size in saved["after"].values())
    assert parameters == run.model.count_params()
    work = [sum(s["multiply_adds"] for s in saved[when].values()) for when in ("before", "after")]
    assert work[1] < 0.75 * work[0]
    assert set(saved["after"]) == {"image", "text", "audio", "(rest)"}
    assert "million multiply-adds" in err
    assert "No speed" not in err


def nothing_saved(saved, err, run):
    """What `qat` is for comes with the int8 file."""
    assert saved is None
    assert "compressed" not in err


SAVED = {"slim": slimmer, "prune": pruned, "cluster": clustered, "qat": nothing_saved}


@pytest.mark.parametrize(
    ("verb", "options"),
    [
        ("slim", ["--share", "0.3"]),
        ("prune", ["--sparsity", "2:4"]),
        ("cluster", ["--clusters", "8"]),
        ("qat", []),
    ],
)
def test_a_run_becomes_a_smaller_one_that_says_what_was_done(verb, options, large, tmp_path):
    out = tmp_path / "small"
    code, said, err = command(verb, large, "--out", out, "--epochs", "1", "--json", *options)
    assert code == 0, err
    assert json.loads(said)["rows"] == 4  # test rows
    assert f"mmkeras export {out} --precision int8" in err
    small = mmkeras.load(out)
    assert [step["step"] for step in small.about["steps"]] == [verb]
    if verb == "slim":
        assert small.model.count_params() < mmkeras.load(large).model.count_params()
    if verb == "prune":
        assert sparsity_of(small.model) == pytest.approx(0.5, abs=0.01)
    SAVED[verb](json.loads(said).get("saved"), err, small)


def test_a_share_that_is_none_is_refused_with_an_example(large, tmp_path):
    code, _, err = command("prune", large, "--out", tmp_path / "small", "--sparsity", "half")
    assert code == 2
    assert "wanted a share such as 0.5, or N:M such as 2:4. Received: 'half'" in err
