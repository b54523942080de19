from __future__ import annotations

from pathlib import Path

import pytest

from mmkeras_edge.streaming import feeding


@pytest.fixture(scope="session")
def tiny_pieces() -> Path:
    """tiny.tflite with its branches and its fusion as signatures: image, text, and audio, which
    may be absent; the label is what is largest of brightness, share of ids and loudness."""
    return Path(__file__).parents[1] / "tiny_pieces.tflite"


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    """A source that failed is tried again soon."""
    monkeypatch.setattr(feeding, "RETRY_S", (0.01,))
