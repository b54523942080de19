import csv
import io
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from mmkeras.datasets import stamps

ROOT = stamps.find_stamps()
needs_package = pytest.mark.skipif(ROOT is None, reason="tuxpaint-stamps-default is not installed")
DRAWING = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="10cm" height="5cm" viewBox="0 0 2 1">'
    '<rect width="1" height="1" fill="#ff0000"/></svg>'
)


def clip(pitch_hz):
    sound = io.BytesIO()
    wave = np.sin(2 * np.pi * pitch_hz * np.arange(800) / 8_000)
    soundfile.write(sound, wave, 8_000, format="OGG", subtype="VORBIS")
    return sound.getvalue()


def stamp(root, name, text, grey, **speech):
    """Writes NAME.png, a grey 2 x 2 picture, NAME.txt and NAME_desc_LANGUAGE.ogg."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_suffix(".txt").write_text(text, "utf-8")
    Image.new("L", (2, 2), grey).save(path.with_suffix(".png"))
    for language, content in speech.items():
        path.with_name(f"{path.name}_desc_{language}.ogg").write_bytes(content)


@pytest.fixture
def root(tmp_path):
    """Seven stamps that count and five that do not."""
    root, shared = tmp_path / "stamps", clip(440)
    stamp(root, "animals/cat", "A cat.\nfr.utf8=Un chat.\n", 10, fr=clip(300), de=clip(301))
    (root / "animals/cat_desc_es.utf8.ogg").write_bytes(clip(302))
    stamp(root, "animals/mammals/kitten", "a CAT.\n", 20, ru=shared)  # caption of the cat
    stamp(root, "animals/tiger", "A tiger.\n", 30, bg=shared)  # clip of the kitten
    stamp(root, "plants/lily", "A tiger lily.\n", 30, ca=clip(303))  # picture of the tiger
    stamp(root, "plants/fern", "Ein Grün.\n", 50, ro=clip(304))
    stamp(root, "town/stop", "A stop.\n", 60, fr=clip(305))
    stamp(root, "food/pear", "A pear.\n", 70, fr=clip(306))
    (root / "food/pear.png").rename(tmp_path / "unused.png")
    (root / "food/pear.svg").write_text(DRAWING)
    stamp(root, "town/roadsigns/sign", "A sign.\n", 80, fr=clip(307))
    stamp(root, "hobbies/ball", "A ball.\n", 90, fr=clip(308))
    stamp(root, "animals/mute", "A fish.\n", 100)
    stamp(root, "animals/german", "A dog.\n", 110, de=clip(309))
    Image.new("L", (2, 2), 10).save(root / "animals/cat_mirror.png")  # has no caption
    return root


def rows_of(manifest):
    with open(manifest, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_row_for_each_stamp_and_language(root, tmp_path):
    rows = rows_of(stamps.build(tmp_path / "out", root, svg=False))
    assert [(r["caption"], r["category"], r["language"]) for r in rows] == [
        ("A cat.", "animals", "fr"),
        ("A cat.", "animals", "es"),
        ("a CAT.", "animals", "ru"),
        ("A tiger.", "animals", "bg"),
        ("A stop.", "town", "fr"),
        ("Ein Grün.", "plants", "ro"),
        ("A tiger lily.", "plants", "ca"),
    ]
    assert rows[1]["speech"] == str(root / "animals/cat_desc_es.utf8.ogg")
    assert all(Path(row["image"]).is_file() and Path(row["speech"]).is_file() for row in rows)


def test_stamps_that_share_caption_picture_or_clip_share_their_group(root, tmp_path):
    rows = rows_of(stamps.build(tmp_path / "out", root, svg=False))
    assert {row["caption"]: row["group"] for row in rows} == {
        "A cat.": "0",
        "a CAT.": "0",
        "A tiger.": "0",
        "A tiger lily.": "0",  # by way of the tiger, whose clip is that of the kitten
        "A stop.": "1",
        "Ein Grün.": "2",
    }


def test_groups_connect_by_a_chain():
    assert stamps.connect(["ab", "c", "bd", "", "dc", "e"]) == [0, 0, 0, 1, 0, 2]


def test_paths_below_the_manifest_are_relative(root, tmp_path):
    rows = rows_of(stamps.build(tmp_path, root, svg=False))
    assert rows[0]["image"] == "stamps/animals/cat.png"
    assert rows[0]["speech"] == "stamps/animals/cat_desc_fr.ogg"


def test_a_drawing_becomes_a_transparent_png(root, tmp_path):
    pytest.importorskip("resvg_py")
    row = next(r for r in rows_of(stamps.build(tmp_path, root)) if r["caption"] == "A pear.")
    assert row["image"] == "svg/food/pear.png"
    with Image.open(tmp_path / row["image"]) as picture:
        assert picture.size == (256, 128)  # 10 cm x 5 cm, the longer side 256 px
        assert picture.getpixel((64, 64)) == (255, 0, 0, 255)
        assert picture.getpixel((192, 64))[3] == 0


def test_a_png_is_taken_before_a_drawing_of_the_same_name(root, tmp_path):
    (root / "animals/cat.svg").write_text(DRAWING)
    (root / "food/pear.svg").unlink()
    rows = rows_of(stamps.build(tmp_path, root))
    assert rows[0]["image"] == "stamps/animals/cat.png"
    assert not (tmp_path / "svg").exists()


def test_a_damaged_drawing_is_named(root, tmp_path):
    pytest.importorskip("resvg_py")
    (root / "food/pear.svg").write_text("<svg")
    with pytest.raises(ValueError, match=r"pear\.svg cannot be drawn"):
        stamps.build(tmp_path, root)
    assert not (tmp_path / "stamps.csv").exists()


def test_without_a_rasteriser_the_drawings_are_counted(root, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    with pytest.warns(UserWarning, match="1 stamps are SVG .* pip install resvg-py"):
        manifest = stamps.build(tmp_path, root)
    assert len(rows_of(manifest)) == 7


def test_without_stamps_the_error_says_where_to_get_them(tmp_path, monkeypatch):
    monkeypatch.setenv("MMKERAS_STAMPS", str(tmp_path / "nowhere"))
    assert stamps.find_stamps() is None
    with pytest.raises(
        FileNotFoundError, match=r"nowhere.*apt-get install tuxpaint-stamps-default"
    ):
        stamps.build(tmp_path)


def test_a_folder_of_something_else_is_refused(tmp_path):
    with pytest.raises(ValueError, match="holds no stamps"):
        stamps.build(tmp_path, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_variable_comes_before_the_current_folder(tmp_path, monkeypatch):
    unpacked = tmp_path / "data/tuxpaint/usr/share/tuxpaint/stamps"
    unpacked.mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MMKERAS_STAMPS", raising=False)
    assert stamps.find_stamps() == unpacked
    monkeypatch.setenv("MMKERAS_STAMPS", str(tmp_path))
    assert stamps.find_stamps() == tmp_path


def test_a_failed_write_keeps_the_old_file_and_leaves_no_other(tmp_path):
    path = stamps.replace_file(tmp_path / "a.csv", b"old")
    with pytest.raises(TypeError):
        stamps.replace_file(path, None)
    assert [file.read_bytes() for file in tmp_path.iterdir()] == [b"old"]


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    return rows_of(stamps.build(tmp_path_factory.mktemp("stamps"), ROOT, svg=False))


@needs_package
def test_the_package_holds_769_stamps_of_nine_categories():
    found = Counter(stamp.category for stamp in stamps.read_stamps(ROOT))
    assert found.total() == 769
    assert found.most_common(1) == [("symbols", 249)]  # the majority, 0.324
    assert list(found) == list(stamps.CATEGORIES)


@needs_package
def test_the_package_gives_3739_rows_without_drawings(package):
    assert len({row["image"] for row in package}) == 633
    assert Counter(row["language"] for row in package) == {
        "fr": 633, "es": 608, "ca": 623, "ro": 626, "ru": 626, "bg": 623,
    }  # fmt: skip


@needs_package
def test_no_group_of_the_package_spans_two_categories_or_is_large(package):
    categories = {(row["group"], row["category"]) for row in package}
    assert len(categories) == len({row["group"] for row in package}) == 507
    sizes = Counter(group for group, _ in {(row["group"], row["image"]) for row in package})
    assert sizes.most_common(1)[0][1] == 6  # six pictures are "A flower."
    assert len({row["caption"].casefold() for row in package}) == 508


@needs_package
def test_the_drawings_of_the_package_add_136_stamps(tmp_path):
    pytest.importorskip("resvg_py")
    rows = rows_of(stamps.build(tmp_path, ROOT))
    assert len(rows) == 4547
    drawn = {row["image"] for row in rows if not row["image"].startswith("/")}
    assert len(drawn) == 136
    for name in drawn:
        with Image.open(tmp_path / name) as picture:
            assert max(picture.size) == 256
            assert np.asarray(picture.getchannel("A")).max() > 250, name
