"""The documentation is true: its code runs, its links lead somewhere, no name is missing."""

from __future__ import annotations

import io
import shutil
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

import keras
import pytest

import mmkeras
import mmkeras_edge
from mmkeras.datasets import synthetic
from mmkeras_edge.verify import verify
from tests.docs.blocks import DATA, NOT_RUN, RUN, blocks_of, pages
from tests.docs.running import Reader, lines_of
from tests.docs.smaller import is_slow, stand_ins

EPOCHS, ROWS = 2, 120
SCRIPT = next(block for block in blocks_of("README.md") if block.language == "python")
NOT_RUN_AT_MOST = 14  # each says why it cannot be run here


class Made(NamedTuple):
    """What the script of the README left, what it printed, and the folder in which it ran."""

    names: dict[str, Any]
    out: str
    folder: Path


@pytest.fixture(scope="session")
def made(tmp_path_factory) -> Made:
    folder = tmp_path_factory.mktemp("docs")
    synthetic.build(folder, rows=ROWS).rename(folder / "stamps.csv")
    (folder / "cat.png").write_bytes((folder / "images/00000.png").read_bytes())
    out, names = io.StringIO(), {}
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out):
        patch.chdir(folder)
        keras.utils.set_random_seed(0)  # else the gate may judge by chance
        exec(SCRIPT.code.replace("epochs=30", f"epochs={EPOCHS}"), names)
    return Made(names, out.getvalue(), folder)


def test_the_script_stores_the_run_and_prints_how_good_it_is(made):
    run = mmkeras.load(made.folder / "runs/stamps")
    assert len(run.history["val_loss"]) == EPOCHS
    assert made.out == f"{mmkeras.evaluate(run, run.rows('test'))}\n"


def test_its_file_verifies_and_answers_without_a_sound(made):
    path = made.folder / "stamps.tflite"
    assert verify(path)
    model = mmkeras_edge.load(path)
    assert model.file.card.precision == "int8"
    given = {"image": str(made.folder / "cat.png"), "text": "A small cat."}
    total = model.predict(**given)["category"].probabilities.sum()
    assert total == pytest.approx(1.0, abs=0.02)  # int8 steps of 1/256


def test_the_script_leaves_nothing_else_behind(made):
    left = {"stamps.csv", "images", "speech", "cat.png", "runs", "stamps.tflite"}
    left |= {"stamps.export.json", "stamps.export.png"}  # beside the file that was exported
    assert {path.name for path in made.folder.iterdir()} == left
    assert [path.name for path in (made.folder / "runs").iterdir()] == ["stamps"]


def given(made: Made) -> dict[str, Any]:
    """What every page may take for granted: what the script of the README has made."""
    names = {n: made.names[n] for n in ("data", "train", "valid", "test", "model", "run")}
    return {**names, "recipe": mmkeras.recipe_of(made.names["model"]), **stand_ins()}


def in_a_folder_of_its_own(made: Made, folder: Path) -> None:
    shutil.copytree(made.folder, folder, dirs_exist_ok=True)
    shutil.copy(folder / "stamps.csv", folder / "pets.csv")
    shutil.copy(next((folder / "speech").glob("*.wav")), folder / "meow.wav")
    shutil.copy(folder / "cat.png", folder / "cat.jpg")  # read by its content


def read(page: str, made: Made, folder: Path, patient: bool) -> None:
    """Does what the page says, in a folder of its own."""
    in_a_folder_of_its_own(made, folder)
    keras.utils.set_random_seed(0)
    names, done = (
        given(made),
        [line for block in blocks_of("README.md") for line in lines_of(block)],
    )
    if page == SCRIPT.page:
        names, done = names | made.names, lines_of(SCRIPT)
    with pytest.MonkeyPatch.context() as patch, Reader(names, patient, done) as reader:
        patch.chdir(folder)
        for block in blocks_of(page):
            reader.run(block)


WITH_CODE = [page for page in pages() if any(block.is_run for block in blocks_of(page))]


@pytest.mark.parametrize("page", WITH_CODE)
def test_the_code_of_a_page_runs(page, made, tmp_path):
    read(page, made, tmp_path, patient=False)


@pytest.mark.slow
@pytest.mark.parametrize(
    "page", [page for page in WITH_CODE if any(is_slow(b.code) for b in blocks_of(page))]
)
def test_the_slow_code_of_a_page_runs(page, made, tmp_path):
    read(page, made, tmp_path, patient=True)


def test_what_is_not_run_is_little_and_says_why():
    blocks = [block for page in pages() for block in blocks_of(page)]
    strange = [f"{b.page}:{b.line}" for b in blocks if b.language not in (*RUN, *DATA, NOT_RUN)]
    assert strange == []
    assert [f"{b.page}:{b.line}" for b in blocks if b.language == NOT_RUN and not b.reason] == []
    assert len([block for block in blocks if block.reason]) <= NOT_RUN_AT_MOST
