import csv
import logging

import numpy as np
import pytest
from PIL import Image

from mmkeras_edge import Card, Recorder, load, stream
from mmkeras_edge.audio import load_audio
from mmkeras_edge.image import load_image
from mmkeras_edge.outputs import ClassifySpec
from mmkeras_edge.rows import read_rows
from mmkeras_edge.specs import ImageSpec, SensorSpec
from mmkeras_edge.streaming import Moment
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


def test_several_views_are_columns_that_are_read_again(tmp_path):
    card = Card({"thing": ImageSpec(16, 24, views=2)}, {"label": ClassifySpec(("a", "b"))})
    seen = Moment(0.0, {}, {"label": "a"}, {}, {}, {}, 0.0, {"thing": PICTURES[:2]})
    with Recorder(tmp_path, card) as recorder:
        assert recorder.add(seen)
    (row,) = read_rows(tmp_path / "manifest.csv", card, {"thing": ("thing_1", "thing_2")})
    views = load_image(row.sources["thing"], card.inputs["thing"])
    assert views.mean(axis=(1, 2, 3)).round().tolist() == [50, 150]


def test_a_picture_is_kept_as_the_model_saw_it_upright_and_opaque(tmp_path):
    suffix, write = KEPT["image"]
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side
    clear = Image.new("RGBA", (24, 16), (0, 0, 0, 0))
    clear.save(tmp_path / "clear.png", exif=exif)
    write(tmp_path / f"a{suffix}", str(tmp_path / "clear.png"), ImageSpec(8, 8, background=200))
    with Image.open(tmp_path / "a.jpg") as kept:
        assert kept.size == (16, 24)
        assert kept.getpixel((8, 12)) == (200, 200, 200)


def test_readings_keep_their_times_and_names(tmp_path):
    suffix, write = KEPT["sensor"]
    spec = SensorSpec(2, names=("x", "y"))
    write(tmp_path / f"a{suffix}", (np.array([[1.5, 2], [3, 4]]), 20.0), spec)
    assert (tmp_path / "a.csv").read_text().split() == ["time,x,y", "0,1.5,2", "0.05,3,4"]
