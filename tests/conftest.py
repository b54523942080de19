"""What several tests share. It imports no Keras: the tests in tests/edge also run where none is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from mmkeras import Manifest, Recipe, Run
    from mmkeras_export import Report

REPOSITORY = Path(__file__).resolve().parent.parent


def pytest_make_parametrize_id(val) -> str | None:
    """Bytes by their number: a float WAV carries the second it was made in, and processes that
    collect a test under two names stop pytest-xdist.
    """
    return f"{len(val)} bytes" if isinstance(val, bytes) else None


class Stamps(NamedTuple):
    """Rows of the built-in sample set."""

    train: Manifest
    valid: Manifest
    test: Manifest


@pytest.fixture(scope="session")
def stamps(tmp_path_factory) -> Stamps:
    """Pictures, captions and sounds, 480 rows; a few have no sound."""
    import mmkeras
    from mmkeras.datasets import synthetic

    data = mmkeras.load_manifest(
        synthetic.build(tmp_path_factory.mktemp("synthetic"), rows=480),
        image="image",
        text="caption",
        audio="speech",
        targets={"category": "classify", "language": "classify"},
        group="group",
    )
    return Stamps(*data.split(seed=0))


@pytest.fixture(scope="session")
def run(stamps, tmp_path_factory) -> Run:
    """One small trained run for all tests: image, text and audio, the last two optional."""
    import keras

    import mmkeras

    keras.utils.set_random_seed(0)
    outputs = {n: mmkeras.Classify(stamps.train.classes(n)) for n in ("category", "language")}
    model = mmkeras.build_model(
        image=mmkeras.Image("cnn", size_px=(32, 32)),
        text=mmkeras.Text("embedding", length=8, vocabulary=400),
        audio=mmkeras.Audio("cnn", clip_ms=400, mels=32),
        fusion="self_attention",
        optional=("text", "audio"),
        outputs=outputs,
        width=32,
    )
    training = mmkeras.Training(batch_size=16, learning_rate=3e-3, augment=False)
    out = tmp_path_factory.mktemp("runs") / "stamps"
    return mmkeras.fit(model, stamps.train, stamps.valid, epochs=12, out=out, training=training)


class Files(NamedTuple):
    """What one export of a run to every precision wrote, and its reports, by precision."""

    paths: dict[str, Path]
    reports: dict[str, Report]


@pytest.fixture(scope="session")
def files(run, stamps, tmp_path_factory) -> Files:
    from mmkeras_export import export_all
    from tests.precisions import EVERYDAY

    folder = tmp_path_factory.mktemp("files")
    paths = {name: folder / f"{name}.tflite" for name in EVERYDAY}
    budget = 0.06  # three of the 51 rows
    return Files(paths, export_all(run, paths, stamps.train, stamps.valid, budget))


@dataclass(frozen=True)
class Exported:
    """A file made by mmkeras_export: image, text and audio, the last two optional."""

    path: Path


@pytest.fixture(scope="session")
def exported(request) -> Exported:
    """The int8 file of the run.

    MMKERAS_EXPORTED names one that is already made, for where there is no Keras to make it.
    """
    if "MMKERAS_EXPORTED" in os.environ:
        return Exported(Path(os.environ["MMKERAS_EXPORTED"]))
    return Exported(request.getfixturevalue("files").paths["int8"])


TOYS = ((0, "A black cat.", 500, "cat"), (255, "A white dog.", 2_000, "dog"))


@pytest.fixture(scope="session")
def write_toys() -> Callable[[Path], Path]:
    """Writes a manifest of 20 rows: even ones are black cats that hum at 500 Hz, odd ones white
    dogs that whistle at 2 kHz. Row i stands on line i + 2; from row 10 on there is no sound."""
    import numpy as np
    import soundfile
    from PIL import Image

    def write(folder: Path) -> Path:
        lines = ["picture,words,sound,animal,pair"]
        for i in range(20):
            grey, words, pitch_hz, animal = TOYS[i % 2]
            Image.new("RGB", (8, 8), (grey,) * 3).save(folder / f"{i}.png")
            sound = ""
            if i < 10:
                sound = f"{i}.wav"
                wave = 0.5 * np.sin(2 * np.pi * pitch_hz * np.arange(800) / 8_000)
                soundfile.write(folder / sound, wave, 8_000)
            lines.append(f"{i}.png,{words},{sound},{animal},{i}")
        path = folder / "toy.csv"
        path.write_text("\n".join(lines) + "\n")
        return path

    return write


@pytest.fixture
def toy(tmp_path, write_toys) -> Path:
    """The manifest of the toys, to spoil at will."""
    return write_toys(tmp_path)


@pytest.fixture(scope="session")
def recipe() -> Recipe:
    """A model of the toys that trains in a moment."""
    from mmkeras.modalities import Audio, Image, Text
    from mmkeras.recipe import Recipe
    from mmkeras.tasks import Classify

    return Recipe(
        inputs={
            "image": Image("cnn", (16, 16)),
            "text": Text("embedding", length=4, vocabulary=300),
            "audio": Audio("cnn", clip_ms=96, rate_hz=8_000, mels=8),
        },
        outputs={"animal": Classify(("cat", "dog"))},
        width=8,
        optional=("audio",),
    )


@pytest.fixture(scope="session")
def raw(tmp_path_factory) -> dict[str, str]:
    """Raw inputs by name, as a user gives them: a picture, a sentence, a second of sound."""
    import numpy as np
    import soundfile
    from PIL import Image

    folder = tmp_path_factory.mktemp("raw")
    random = np.random.default_rng(0)
    Image.fromarray(random.integers(0, 256, (60, 80, 3), np.uint8)).save(folder / "image.png")
    tone = np.sin(2 * np.pi * 440 * np.arange(22_050) / 22_050)
    soundfile.write(folder / "audio.wav", 0.5 * tone, 22_050)
    return {
        "image": str(folder / "image.png"),
        "text": "A small cat.",
        "audio": str(folder / "audio.wav"),
    }


@pytest.fixture(scope="session")
def wheel(tmp_path_factory) -> Path:
    """The wheel of this tree, built from a copy, so that the tree stays as it is."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(REPOSITORY / name, source)
    for name in ("mmkeras", "export", "edge"):
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(REPOSITORY / name, source / name, ignore=ignore)
    pip = [sys.executable, "-m", "pip", "wheel", "-qq", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--wheel-dir", str(folder), str(source)], check=True)
    (built,) = folder.glob("*.whl")
    return built
