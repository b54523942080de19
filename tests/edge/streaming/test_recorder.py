import csv
import logging

import numpy as np
import pytest

from mmkeras_edge import Recorder, load, stream
from mmkeras_edge.audio import load_audio
from mmkeras_edge.specs import SensorSpec
from mmkeras_edge.streaming.recorder import KEPT

LOUD = np.linspace(-1, 1, 160, dtype=np.float32)
PICTURES = [np.full((16, 24, 3), level, np.uint8) for level in (50, 150, 250)]
TEXTS = ["a, b", 'say "c"', "größer"]


def recorded(path, folder, **options):
    sources = {"image": PICTURES, "text": TEXTS, "audio": [LOUD]}
    with (
        stream(path, sources, threads=1) as live,
        Recorder(folder, live.file.card, **options) as to,
    ):
        for moment in live:
            to.add(moment)
    with open(folder / "manifest.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_row_holds_what_every_source_saw_and_what_the_model_said(tiny_pieces, tmp_path):
    rows = recorded(tiny_pieces, tmp_path / "seen", every_s=0)
    assert [row["text"] for row in rows] == TEXTS
    assert rows[0]["audio"]
    assert not rows[2]["audio"]
    model = load(tiny_pieces, threads=1)
    for row in rows:
        files = {n: tmp_path / "seen" / row[n] for n in ("image", "audio") if row[n]}
        again = model.predict(text=row["text"], **files)["label"]
        assert again.label == row["label_said"]
    spec = model.file.card.inputs["audio"]
    first = load_audio(tmp_path / "seen" / rows[0]["audio"], spec)
    np.testing.assert_allclose(first, LOUD, atol=1 / 32_768)


def test_a_recording_goes_on_in_its_folder(tiny_pieces, tmp_path):
    once = len(recorded(tiny_pieces, tmp_path / "seen", every_s=0))
    rows = recorded(tiny_pieces, tmp_path / "seen", every_s=0)
    assert len(rows) == 2 * once
    assert len({row["image"] for row in rows}) == len(rows)


def test_it_keeps_no_more_than_asked_for(tiny_pieces, tmp_path, caplog):
    assert len(recorded(tiny_pieces, tmp_path / "slow", every_s=60)) == 1
    caplog.set_level(logging.WARNING)
    assert len(recorded(tiny_pieces, tmp_path / "small", every_s=0, limit_mb=0.0001)) == 1
    assert "nothing more is recorded" in caplog.text


def test_a_folder_of_another_model_is_refused(tiny_pieces, tmp_path):
    (tmp_path / "manifest.csv").write_text("time,image\n")
    with pytest.raises(ValueError, match="take another folder"):
        Recorder(tmp_path, load(tiny_pieces).file.card)


def test_readings_keep_their_times_and_names(tmp_path):
    suffix, write = KEPT["sensor"]
    spec = SensorSpec(2, names=("x", "y"))
    write(tmp_path / f"a{suffix}", (np.array([[1.5, 2], [3, 4]]), 20.0), spec)
    assert (tmp_path / "a.csv").read_text().split() == ["time,x,y", "0,1.5,2", "0.05,3,4"]
