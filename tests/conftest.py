"""What several tests share. It imports no Keras: the tests in tests/edge also run where none is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Exported:
    """A file made by mmkeras_export, with inputs image, text and audio; audio is optional."""

    path: Path


@pytest.fixture(scope="session")
def exported(tmp_path_factory) -> Exported:
    """One small trained and exported model for the whole run.

    MMKERAS_EXPORTED names one that is already made, for where there is no Keras to make it.
    """
    if "MMKERAS_EXPORTED" in os.environ:
        return Exported(Path(os.environ["MMKERAS_EXPORTED"]))
    raise NotImplementedError("train and export a tiny model here")


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
