"""Tiny real files, made by make_tiny.py; nothing here needs TensorFlow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmkeras_edge import Model, load
from mmkeras_edge.file import open_file
from mmkeras_edge.golden import Golden, read_golden, write_golden
from tests.edge.make_tiny import packed


@pytest.fixture(scope="session")
def tiny() -> Path:
    return Path(__file__).parent / "tiny.tflite"


@pytest.fixture(scope="session")
def tiny_int8() -> Path:
    return Path(__file__).parent / "tiny_int8.tflite"


@pytest.fixture(scope="session")
def model(tiny) -> Model:
    return load(tiny, threads=1)


@pytest.fixture
def white() -> np.ndarray:
    return np.full((8, 8, 3), 255, np.uint8)


@pytest.fixture
def repack(tiny, tmp_path) -> Callable[..., Path]:
    """A copy of the tiny file with a card or golden samples (None: without) of one's own."""
    file = open_file(tiny)

    def write(golden: list[Golden] | bytes | None = file.golden, **card: Any) -> Path:
        path = tmp_path / "repacked.tflite"
        samples = write_golden(golden) if isinstance(golden, list) else golden
        body = tiny.read_bytes()[: file.card.model_bytes]
        tokenizer = file.tokenizer_json.encode()
        path.write_bytes(packed(body, replace(file.card, **card), tokenizer, samples))
        return path

    return write


@pytest.fixture
def golden(tiny) -> list[Golden]:
    return read_golden(open_file(tiny))
