import io
import sys

import numpy as np
import pytest
from PIL import Image

from mmkeras_edge.specs import VideoSpec
from mmkeras_edge.video import load_video, needs_pyav, spread, upright

SPEC = VideoSpec(frames=4, height_px=8, width_px=6)
GREYS = (0, 40, 80, 120, 160, 200, 240, 255)


def film(greys=GREYS, side_px=16) -> np.ndarray:
    """One plain frame a level of grey, uint8 (n, 16, 16, 3)."""
    return np.broadcast_to(
        np.array(greys, np.uint8)[:, None, None, None], (len(greys), side_px, side_px, 3)
    ).copy()


def animated(format: str, greys=GREYS) -> bytes:
    first, *rest = (Image.fromarray(frame) for frame in film(greys))
    file = io.BytesIO()
    options = {"lossless": True} if format == "WEBP" else {}
    first.save(file, format, save_all=True, append_images=rest, duration=40, **options)
    return file.getvalue()


def levels(source, spec=SPEC) -> list[int]:
    """The grey of each frame that is taken."""
    frames = load_video(source, spec)
    assert (frames.dtype, frames.shape) == (np.uint8, spec.shape)
    assert (frames == frames[:, :1, :1, :1]).all()
    return frames[:, 0, 0, 0].tolist()


def mp4(path, greys=GREYS) -> str:
    av = pytest.importorskip("av")
    with av.open(str(path), "w") as out:
        stream = out.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 16
        for frame in film(greys):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        out.mux(stream.encode())
    return str(path)


def test_the_middle_of_each_of_equal_parts_is_taken():
    assert spread(4, 8) == [1, 3, 5, 7]
    assert spread(3, 3) == [0, 1, 2]
    assert spread(4, 2) == [0, 0, 1, 1]
    assert spread(2, 1_000) == [250, 750]


def test_an_array_and_a_list_of_pictures_are_films():
    assert levels(film()) == [40, 120, 200, 255]
    assert levels(list(film())) == [40, 120, 200, 255]
    assert levels([Image.new("L", (9, 9), grey) for grey in (10, 20)]) == [10, 10, 20, 20]


def test_a_folder_of_pictures_is_a_film_in_the_order_of_names(tmp_path):
    for name, grey in (("b.png", 20), ("a.PNG", 10), ("c.jpg", 30)):
        Image.new("L", (9, 9), grey).save(tmp_path / name)
    (tmp_path / "notes.txt").touch()
    assert levels(str(tmp_path), VideoSpec(3, 8, 6)) == [10, 20, 30]


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG"])
def test_an_animation_is_a_film(format, tmp_path):
    content = animated(format)
    (tmp_path / "film").write_bytes(content)
    assert not needs_pyav(content)
    assert levels(content) == levels(tmp_path / "film") == [40, 120, 200, 255]


def test_frames_in_a_npy_are_a_film():
    file = io.BytesIO()
    np.save(file, film())
    assert levels(file.getvalue()) == [40, 120, 200, 255]


@pytest.mark.parametrize("kind", ["mkv", "mov", "avi", "ts"])
def test_films_of_many_kinds_are_read(tmp_path, kind):
    with open(mp4(tmp_path / f"a.{kind}"), "rb") as file:
        frames = load_video(file.read(), SPEC)
    np.testing.assert_allclose(frames.mean(axis=(1, 2, 3)), [40, 120, 200, 255], atol=3)


@pytest.mark.parametrize(
    "names",
    [
        "ffconcat version 1.0\nfile 'a.ts'\n",
        "ffconcat version 1.0\nfile a.ts\n",
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\na.ts\n#EXT-X-ENDLIST\n",
    ],
)
def test_a_film_that_names_another_file_does_not_open_it(tmp_path, monkeypatch, names):
    """FFmpeg would: the name is seen from the folder that the process is in."""
    mp4(tmp_path / "a.ts")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="is no film"):
        load_video(names.encode(), SPEC)


def test_a_film_is_read_by_pyav(tmp_path):
    path = mp4(tmp_path / "film.mp4")
    with open(path, "rb") as file:
        content = file.read()
    assert needs_pyav(content)
    for source in (path, content):
        frames = load_video(source, SPEC)[:, 4, 3, 0].astype(int)  # the codec loses a little
        assert np.abs(frames - [40, 120, 200, 255]).max() < 12


def test_a_film_from_a_telephone_on_its_side_stands_upright():
    frame = np.zeros((2, 4, 3), np.uint8)
    frame[:, :2] = 255  # the left half is white
    turned = upright(frame, 90)
    assert turned.shape == (4, 2, 3)
    assert turned[:, 0, 0].tolist() == [0, 0, 255, 255]  # counterclockwise: now the lower half
    np.testing.assert_array_equal(upright(turned, -90), frame)


def test_a_film_without_pyav_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(ImportError, match=r"PyAV: pip install 'mmkeras\[video\]'"):
        load_video(b"\x00\x00\x00\x1cftypisom" + bytes(100), SPEC)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (film()[0], r"wanted a uint8 array \(n, h, w, 3\), received uint8 \(16, 16, 3\)"),
        (film().astype(float), "received float64"),
        (film(()), r"received uint8 \(0, 16, 16, 3\)"),
        ([], "wanted pictures, received none"),
        ([b"no picture"], "video: image: 10 bytes is no picture"),
        (3, "wanted a path, a folder, bytes, a uint8 array or a list of pictures, received int"),
        (animated("GIF")[:60], "60 bytes is no film|60 bytes is damaged"),
        (b"\x93NUMPY\x01\x00", "8 bytes is no .npy of frames"),
        (b"GIF8", "4 bytes is no film"),
    ],
)
def test_what_is_no_film_is_refused(source, message):
    with pytest.raises(ValueError, match=f"^video: .*({message})|^({message})"):
        load_video(source, SPEC)


def test_a_folder_without_pictures_and_a_missing_file_are_named(tmp_path):
    with pytest.raises(ValueError, match=r"video: the folder '.*' holds no picture"):
        load_video(tmp_path, SPEC)
    with pytest.raises(FileNotFoundError, match=r"video: no file 'none\.gif'"):
        load_video("none.gif", SPEC)


def test_a_film_of_more_frames_than_the_limit_is_refused(monkeypatch):
    monkeypatch.setattr("mmkeras_edge.video.LIMIT_FRAMES", 7)
    with pytest.raises(ValueError, match="too large: 16 x 16 pixels, 8 frames; the limits are"):
        load_video(animated("GIF"), SPEC)
