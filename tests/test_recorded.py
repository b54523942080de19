"""What a device recorded is a manifest: a person corrects the labels, and training goes on."""

from pathlib import Path

import numpy as np

import mmkeras
from mmkeras_edge import Recorder, stream

TINY = Path(__file__).parent / "edge" / "tiny_pieces.tflite"


def test_a_recording_is_read_like_any_manifest(tmp_path):
    pictures = [np.full((16, 24, 3), level, np.uint8) for level in (50, 150, 250)]
    texts = ["a cat", "a dog", "a bird"]
    sources = {"image": pictures, "text": texts, "audio": [np.ones(160, np.float32)]}
    live = stream(TINY, sources, threads=1)
    with live, Recorder(tmp_path, live.file.card, every_s=0) as recorder:
        for moment in live:
            recorder.add(moment)
    found = mmkeras.load_manifest(
        recorder.folder / "manifest.csv",
        image="image",
        text="text",
        audio="audio",
        targets={"label_said": "classify"},
    )
    assert not found.problems
    assert found.column("text") == texts
    assert Path(found.column("image")[2]).is_file()
    assert found.column("audio")[2] is None  # the microphone had ended
    assert set(found.classes("label_said")) <= {"bright", "wordy", "loud"}
