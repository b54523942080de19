"""The script of the README, as it stands there, on a small set."""

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

import mmkeras
import mmkeras_edge
from mmkeras.datasets import synthetic
from mmkeras_edge.verify import verify

SEEDED = "import keras; keras.utils.set_random_seed(0)\n"  # else the gate may judge by chance
EPOCHS, ROWS = 2, 120
REPOSITORY = Path(__file__).resolve().parent.parent
BLOCKS = (REPOSITORY / "README.md").read_text("utf-8").split("```python\n")[1:]
SCRIPT, CALL = (block.split("```")[0] for block in BLOCKS)
PATHS = [str(REPOSITORY / root) for root in (".", "export", "edge")]


class Done(NamedTuple):
    """What the script said, and the folder in which it ran."""

    out: str
    folder: Path


@pytest.fixture(scope="module")
def done(tmp_path_factory) -> Done:
    folder = tmp_path_factory.mktemp("script")
    synthetic.build(folder, rows=ROWS).rename(folder / "stamps.csv")
    (folder / "cat.png").write_bytes((folder / "images/00000.png").read_bytes())
    (folder / "script.py").write_text(SEEDED + SCRIPT.replace("epochs=30", f"epochs={EPOCHS}"))
    ran = subprocess.run(
        [sys.executable, "script.py"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(PATHS)},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return Done(ran.stdout, folder)


def test_it_stores_the_run_and_prints_how_good_it_is(done):
    run = mmkeras.load(done.folder / "runs/stamps")
    assert len(run.history["val_loss"]) == EPOCHS
    assert done.out == f"{mmkeras.evaluate(run, run.rows('test'))}\n"


def test_the_file_verifies_and_answers_without_a_sound(done):
    path = done.folder / "stamps.tflite"
    assert verify(path)
    model = mmkeras_edge.load(path)
    assert model.file.card.precision == "int8"
    given = {"image": str(done.folder / "cat.png"), "text": "A small cat."}
    total = model.predict(**given)["category"].probabilities.sum()
    assert total == pytest.approx(1.0, abs=0.02)  # int8 steps of 1/256


def test_nothing_else_is_left_behind(done):
    made = {"stamps.csv", "images", "speech", "cat.png", "script.py", "runs", "stamps.tflite"}
    made |= {"stamps.export.json", "stamps.export.png"}  # beside the file that was exported
    assert {path.name for path in done.folder.iterdir()} == made
    assert [path.name for path in (done.folder / "runs").iterdir()] == ["stamps"]


def test_the_call_builds_what_it_names():
    names = {"mmkeras": mmkeras}
    exec(CALL, names)
    model = names["model"]
    assert list(model.input) == ["camera", "title", "body", "imu", "body_present", "imu_present"]
    assert {name: tensor.shape[1] for name, tensor in model.output.items()} == {
        "label": 12,
        "age": 1,
    }
