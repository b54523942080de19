"""One small trained run and its exported files, for all tests of the export."""

from __future__ import annotations

from typing import NamedTuple

import pytest


class Stamps(NamedTuple):
    """Rows of the built-in sample set."""

    train: object
    valid: object
    test: object


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
def run(stamps, tmp_path_factory):
    """A trained run: image, text and audio, of which the last two are optional."""
    import mmkeras

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

    paths: dict
    reports: dict


@pytest.fixture(scope="session")
def files(run, stamps, tmp_path_factory) -> Files:
    from mmkeras_export import PRECISIONS, export_all

    folder = tmp_path_factory.mktemp("files")
    paths = {name: folder / f"{name}.tflite" for name in PRECISIONS}
    budget = 0.06  # three of the 51 rows
    return Files(paths, export_all(run, paths, stamps.train, stamps.valid, budget))


@pytest.fixture(scope="session")
def lite(run) -> bytes:
    """The run's model, converted to float32 TFLite."""
    from mmkeras_export import convert

    return convert(run.model)
