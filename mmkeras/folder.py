"""A run's folder: whether one may be written to, and how its files take the place of older ones.

The new files are written into `.part` within it, `run.json` last: once that is there, they are
complete, and whoever looks next moves them to their places, should the one who wrote them be
killed before. What else lies in the folder, as an exported model, stays.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mmkeras.history import HISTORY, PICTURE

MODEL, TOKENIZER, ABOUT, RECIPE = "model.keras", "tokenizer.json", "run.json", "recipe.json"
LAST, LOGS = "last.weights.h5", "logs"
EVALUATION = "evaluation-{}.json"  # by split
CHECKPOINT = "checkpoint"  # the folder of a training that is not finished
PLAN = "plan.json"  # in it: the first file that is written there, the last that is deleted
PART = ".part"


def check_free(path: Path) -> None:
    """Raises FileExistsError for what is there and not ours: it is not to be replaced."""
    settle(path)
    if not path.exists():
        return
    checkpoint, names = path / CHECKPOINT, _names(path)
    ours = {ABOUT, MODEL} <= names or (checkpoint / PLAN).is_file()
    ours = ours or (path.is_dir() and names <= {LOGS, CHECKPOINT, PART})
    if not ours:
        raise FileExistsError(f"{str(path)!r} exists and is no run; choose another folder")
    if _names(checkpoint) and not (checkpoint / PLAN).is_file():
        raise FileExistsError(
            f"{str(checkpoint)!r} is no checkpoint of a training, and one would take its place; "
            "choose another folder"
        )


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Within, the folder for a run's new files, of which `run.json` is to be written last.

    Then they take the place of an older run's and of a checkpoint. If anything goes wrong within,
    all stays as it was. Raises FileExistsError for a folder that is not ours.
    """
    check_free(path)
    part = path / PART
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        yield part
    except BaseException:
        shutil.rmtree(part)
        if not _names(path):
            path.rmdir()
        raise
    settle(path)


def settle(path: Path) -> None:
    """Ends what a killed `replacing` had begun, if it had written all."""
    part = path / PART
    if not (part / ABOUT).is_file():
        return
    if (path / ABOUT).is_file():  # of an older run: the new one comes last
        for name in (MODEL, TOKENIZER, RECIPE, HISTORY, PICTURE, LAST):
            (path / name).unlink(missing_ok=True)
        for evaluation in path.glob(EVALUATION.format("*")):
            evaluation.unlink()
        (path / ABOUT).unlink()
    for name in _names(part) - {ABOUT}:
        os.replace(part / name, path / name)
    discard(path / CHECKPOINT)
    os.replace(part / ABOUT, path / ABOUT)
    part.rmdir()


def discard(checkpoint: Path) -> None:
    """Deletes the checkpoint of a training, and nothing that is none."""
    if not (checkpoint / PLAN).is_file():
        return
    for name in _names(checkpoint) - {PLAN}:
        if (checkpoint / name).is_dir():
            shutil.rmtree(checkpoint / name)
        else:
            (checkpoint / name).unlink()
    (checkpoint / PLAN).unlink()
    checkpoint.rmdir()


def _names(folder: Path) -> set[str]:
    return {each.name for each in folder.iterdir()} if folder.is_dir() else set()
