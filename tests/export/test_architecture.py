"""The architecture that the project is named for: VGG16, text, ResNet50, self-attention."""

import numpy as np
import pytest

import mmkeras
import mmkeras_edge
from mmkeras_export import export_all

REDUCED = {
    "image": mmkeras.Image("vgg16", size_px=(32, 32)),
    "text": "dense",
    "audio": mmkeras.Audio("resnet50", clip_ms=640, mels=32),
}
FULL = {"image": "vgg16", "text": "dense", "audio": "resnet50"}


@pytest.fixture(scope="module")
def rows(stamps):
    """Twelve rows with all inputs, two classes."""
    table = stamps.train.table
    label = (table["language"] < "tone_d").astype(int).astype(str)
    whole = mmkeras.Manifest(
        stamps.train.path,
        table.assign(label=label),
        stamps.train.inputs,
        stamps.train.kinds,
        {"label": "label"},
    )
    return whole.rows(np.flatnonzero(table["speech"] != "")[:12])


@pytest.mark.parametrize(
    "parts", [REDUCED, pytest.param(FULL, marks=pytest.mark.slow)], ids=["reduced", "full"]
)
def test_it_trains_a_step_exports_and_runs(parts, rows, tmp_path):
    model = mmkeras.build_model(**parts, fusion="self_attention", num_classes=2)
    before = model.get_weights()
    run = mmkeras.fit(model, rows, rows, epochs=1)
    assert any((a != b).any() for a, b in zip(before, run.model.get_weights(), strict=True))
    paths = {name: tmp_path / f"{name}.tflite" for name in ("float32", "int8")}
    reports = export_all(run, paths, rows, rows, budget=1.0)  # after a step there is no accuracy
    assert reports["int8"].chosen.model_bytes < 0.27 * reports["float32"].chosen.model_bytes
    for path in paths.values():
        scores = mmkeras_edge.load(path).predict(**rows.sources(0))["label"]
        assert abs(scores.probabilities.sum() - 1) < 1e-3
