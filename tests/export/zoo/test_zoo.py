"""Every entry of every table reaches the device, in every precision."""

import functools
from itertools import cycle, islice

import keras
import numpy as np
import pytest

import mmkeras
from mmkeras.branches.applications import APPLICATIONS
from mmkeras.branches.backbones import BACKBONES
from mmkeras.fusion import FUSIONS
from mmkeras_edge.branches import Branches, at_root
from mmkeras_export import FORMATS, convert, islands_of, quantize, run_lite
from mmkeras_export.comparison import rows_of
from mmkeras_export.second_root import divided
from tests.precisions import every_precision, off_by, same_class

ROWS = 16
# The families of Keras are large: test_families_chained.py and test_families_branching.py show
# the smallest of each, tests/branches/test_applications.py all.
IMAGES = tuple(name for name in BACKBONES if name not in APPLICATIONS)
# tests/fusion/test_device.py has all fusions in one file; here one that takes of each kind.
MEETINGS = ("self_attention", "gated", "bottleneck", "average", "hybrid")
# test_text.py has all encoders but minilm in one file; here one of each kind.
TEXTS = ("embedding", "bigru", "minilm", "transformer")
TABLES = (IMAGES, TEXTS, MEETINGS)
# Each model takes the next of every table: as few conversions as show every entry once.
COUNT = max(map(len, TABLES))
MODELS = list(zip(*(islice(cycle(names), COUNT) for names in TABLES), strict=True))


@functools.cache
def converted(image: str, text: str, fusion: str):
    """A small untrained model of these parts: (model, float32 file, inputs, Keras' answers)."""
    keras.utils.set_random_seed(0)
    model = mmkeras.build_model(
        image=mmkeras.Image(image, size_px=(32, 32)),
        text=mmkeras.Text(text, length=6),
        audio=mmkeras.Audio("cnn", clip_ms=320, mels=16),
        fusion=fusion,
        optional=("text", "audio"),
        num_classes=5,
        width=16,
    )
    feed = inputs(model)
    return model, convert(model), feed, model.predict(feed, verbose=0)["label"]


def inputs(model: keras.Model) -> dict[str, np.ndarray]:
    """Rows that differ in colour, in words and in loudness, some without text or sound."""
    random = np.random.default_rng(0)
    colours = random.integers(0, 256, (ROWS, 1, 1, 3)) * random.random((ROWS, 32, 32, 1))
    loudness = 10 ** random.uniform(-3, 0, (ROWS, 1))
    sounds = random.normal(size=(ROWS, *model.input["audio"].shape[1:])) * loudness
    rows = np.arange(ROWS)
    return {
        "image": colours.astype(np.uint8),
        "text": random.integers(1, 257, (ROWS, 6)).astype(np.int32)
        * (np.arange(6) <= rows[:, None] % 6),
        "text_present": (rows % 4 != 0).astype(np.float32),
        "audio": sounds.astype(np.float32),
        "audio_present": (rows % 4 != 1).astype(np.float32),
    }


REST = [
    pytest.param(("cnn", "embedding", name), id=name, marks=pytest.mark.slow)
    for name in FUSIONS
    if name not in MEETINGS
]


@every_precision
@pytest.mark.parametrize("parts", [*(pytest.param(p, id="-".join(p)) for p in MODELS), *REST])
def test_every_part_reaches_the_device_in_every_precision(parts, precision):
    model, lite, feed, expected = converted(*parts)
    exact = FORMATS[precision].exact
    shrunk = quantize(lite, precision, rows_of(feed), islands_of(model, precision))
    found = run_lite(shrunk, feed)["label"]
    if exact:
        assert np.abs(found - expected).max() < 1e-4
    elif parts[-1] == "vote":  # one vote more or less is a large step
        assert same_class(found, expected) > (0.5 if precision == "weights_int4" else 0.9)
    else:
        assert off_by(found, expected, precision) < 0.25
    if FORMATS[precision].weight_bits <= 8:
        assert len(shrunk) < 0.35 * len(lite)  # the matrices of the log-mel stay float
    pieces = divided(shrunk, ("text_present", "audio_present"))
    branches = Branches(at_root(pieces.lite, pieces.root), threads=1)
    assert set(branches.names) == {"image", "text", "audio"}
    for row, wanted in zip(rows_of(feed)[:3], found, strict=False):
        np.testing.assert_allclose(branches.run(row)["label"], wanted, atol=1e-5)
