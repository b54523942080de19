"""What a run's folder keeps, whatever happens and whoever's it is."""

import os
from contextlib import suppress

import pytest

from mmkeras.folder import ABOUT, LAST, MODEL, check_free, discard, replacing, settle


def write(folder, **files):
    """A file for each name, with an underscore for the dot."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text)
    return folder


def content(folder):
    return {str(p.relative_to(folder)): p.read_text() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture
def run(tmp_path):
    """A finished one, with a file that somebody has exported from it."""
    return write(
        tmp_path / "run", model_keras="old", run_json="old", tokenizer_json="old", app_tflite="mine"
    )


def test_an_older_run_is_replaced_and_what_else_lies_there_stays(run):
    write(run, **{"evaluation-test_json": "old"})
    with replacing(run) as new:
        write(new, model_keras="new", run_json="new")
    assert content(run) == {MODEL: "new", ABOUT: "new", "app.tflite": "mine"}
    assert os.listdir(run.parent) == ["run"]


def test_what_goes_wrong_while_writing_leaves_an_older_run_as_it_was(run):
    before = content(run)
    for path in (run, run.parent / "other"):
        with suppress(KeyboardInterrupt), replacing(path) as new:
            write(new, model_keras="new")
            raise KeyboardInterrupt
    assert content(run) == before
    assert os.listdir(run.parent) == ["run"]


@pytest.mark.parametrize("moved", range(15))
def test_a_replacing_that_is_killed_at_any_of_its_steps_is_ended_by_who_looks_next(
    run, moved, monkeypatch
):
    """By a signal that nothing can catch: here, that nothing is done any more after some steps."""
    write(run / "checkpoint", plan_json="old", state_npz="old")
    write(run / ".part", model_keras="new", last_weights_h5="new", run_json="new")
    done = []

    class KilledError(Exception):
        pass

    def counted(step):
        def act(*arguments, **options):
            if len(done) == moved:
                raise KilledError
            done.append(step)
            return step(*arguments, **options)

        return act

    with monkeypatch.context() as patch:
        for name in ("unlink", "rmdir", "rename", "replace"):
            patch.setattr(f"mmkeras.folder.os.{name}", counted(getattr(os, name)))
        with suppress(KilledError):
            settle(run)
    check_free(run)
    assert content(run) == {MODEL: "new", LAST: "new", ABOUT: "new", "app.tflite": "mine"}


def test_a_half_written_run_is_none_and_is_written_over(tmp_path):
    write(tmp_path / "run/.part", model_keras="half")
    settle(tmp_path / "run")
    assert content(tmp_path / "run") == {".part/model.keras": "half"}
    with replacing(tmp_path / "run") as new:
        write(new, run_json="new")
    assert content(tmp_path / "run") == {ABOUT: "new"}


@pytest.mark.parametrize(
    "files",
    [
        {"logs/mine.txt": "dear", "thesis.txt": "dear"},
        {"checkpoint/mine.ckpt": "dear"},
        {"run.json": "dear"},
        {"model.keras": "dear"},
        {"model.keras": "", "run.json": "", "checkpoint/mine.ckpt": "dear"},
    ],
)
def test_what_is_not_ours_is_refused_and_stays(tmp_path, files):
    for name, text in files.items():
        (tmp_path / "mine" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "mine" / name).write_text(text)
    with pytest.raises(FileExistsError, match="choose another folder"):
        check_free(tmp_path / "mine")
    discard(tmp_path / "mine/checkpoint")
    assert content(tmp_path / "mine") == files


def test_a_file_is_no_folder_and_an_empty_folder_is_free(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(FileExistsError, match="file' exists and is no run"):
        check_free(tmp_path / "file")
    (tmp_path / "empty").mkdir()
    check_free(tmp_path / "empty")


def test_a_checkpoint_is_ours_until_its_last_file_is_gone(run):
    write(run / "checkpoint", plan_json="", state_npz="")
    write(run / "checkpoint/epochs/0", **{"epoch-0000_npz": ""})
    check_free(run)
    discard(run / "checkpoint")
    assert not (run / "checkpoint").exists()


def test_a_model_that_cannot_be_built_here_says_who_stored_it_and_what_to_do(tmp_path):
    import keras

    from mmkeras import load

    class Doubled(keras.layers.Layer):
        """Found nowhere once this function has ended."""

        def call(self, x):
            return 2 * x

    keras.Sequential([keras.Input((2,)), Doubled()]).save(tmp_path / MODEL)
    (tmp_path / ABOUT).write_text('{"versions": {"mmkeras": "0.0.1", "numpy": "1.26.4"}}')
    with pytest.raises(ValueError, match=r"model\.keras' cannot be built here: .*Doubled") as found:
        load(tmp_path)
    assert "stored by mmkeras 0.0.1 (here 0.1.0), numpy 1.26.4 (here" in str(found.value)
    assert str(found.value).endswith("import what defines its own layers first, or train anew")


def test_a_layer_that_fails_without_a_word_is_told_by_its_error(tmp_path):
    import keras

    from mmkeras import load

    @keras.saving.register_keras_serializable("tests")
    class Mute(keras.layers.Layer):
        @classmethod
        def from_config(cls, config):
            raise ValueError

    keras.Sequential([keras.Input((2,)), Mute()]).save(tmp_path / MODEL)
    (tmp_path / ABOUT).write_text("{}")
    with pytest.raises(
        ValueError, match=r"model\.keras' cannot be built here: ValueError. It was stored"
    ):
        load(tmp_path)
