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


def test_a_share_that_is_none_is_refused_with_an_example(large, tmp_path):
    code, _, err = command("prune", large, "--out", tmp_path / "small", "--sparsity", "half")
    assert code == 2
    assert "wanted a share such as 0.5, or N:M such as 2:4. Received: 'half'" in err
