import io
import zlib

import numpy as np
import pytest
from PIL import Image

from mmkeras_edge.image import FORMATS, RESIZE, load_image
from mmkeras_edge.specs import FITS, ImageSpec

ONE = ImageSpec(1, 1)
WIDE = ImageSpec(height_px=16, width_px=32)


def encoded(picture: Image.Image, kind: str = "PNG", **options) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def colour(picture: Image.Image, kind: str = "PNG", **options) -> list[int]:
    return load_image(encoded(picture, kind, **options), ONE)[0, 0].tolist()


def red_and_blue() -> Image.Image:
    """Two squares of 16 px, so that JPEG keeps their colours apart."""
    picture = Image.new("RGB", (32, 16), "red")
    picture.paste("blue", (16, 0, 32, 16))
    return picture


def test_a_png_keeps_its_pixels():
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    loaded = load_image(encoded(Image.fromarray(pixels)), ImageSpec(2, 4))
    np.testing.assert_array_equal(loaded, pixels)


def test_path_bytes_array_and_picture_give_the_same(tmp_path):
    picture = red_and_blue()
    path = tmp_path / "a.png"
    picture.save(path)
    sources = [path, str(path), path.read_bytes(), np.asarray(picture), picture]
    for source in sources:
        loaded = load_image(source, WIDE)
        assert loaded[0, [0, 15, 16, 31]].tolist() == [[255, 0, 0]] * 2 + [[0, 0, 255]] * 2


def test_a_jpeg_held_sideways_is_turned_upright():
    sideways = red_and_blue().rotate(90, expand=True)  # 16 wide, 32 high
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: turn by 90 degrees clockwise to see it
    raw = encoded(sideways, "JPEG", exif=exif, quality=95)
    loaded = load_image(raw, WIDE)
    assert loaded[4, 4].tolist() == pytest.approx([255, 0, 0], abs=3)
    assert loaded[12, 28].tolist() == pytest.approx([0, 0, 255], abs=3)
    np.testing.assert_array_equal(load_image(Image.open(io.BytesIO(raw)), WIDE), loaded)


def test_a_given_picture_is_left_as_it_was():
    picture = red_and_blue()
    picture.getexif()[0x0112] = 6
    load_image(picture, WIDE)
    assert (picture.size, picture.getexif()[0x0112]) == ((32, 16), 6)


def test_palette_grey_and_bilevel_become_rgb():
    assert colour(Image.new("RGB", (2, 2), (0, 255, 0)).convert("P")) == [0, 255, 0]
    assert colour(Image.new("L", (2, 2), 77)) == [77, 77, 77]
    assert colour(Image.new("1", (2, 2), 1)) == [255, 255, 255]


def test_transparent_pixels_show_the_background():
    half = Image.new("LA", (2, 2), (0, 51))  # black, one fifth opaque
    assert load_image(encoded(half), ImageSpec(1, 1, background=100))[0, 0].tolist() == [80, 80, 80]
    palette = Image.new("P", (2, 2), 0)
    palette.putpalette([255, 0, 0])
    assert colour(palette, transparency=0) == [255, 255, 255]
    assert colour(Image.new("RGB", (2, 2), (9, 9, 9)), transparency=(9, 9, 9)) == [255] * 3


def test_cmyk_is_converted():
    cyan = Image.new("CMYK", (16, 16), (255, 0, 0, 0))
    assert colour(cyan, "JPEG", quality=100) == pytest.approx([0, 255, 255], abs=2)


@pytest.mark.parametrize(("level", "wanted"), [(0, 0), (255, 0), (256, 1), (51_200, 200)])
def test_sixteen_bits_are_cut_to_eight(level, wanted):
    picture = Image.fromarray(np.full((2, 2), level, np.uint16))
    assert colour(picture) == [wanted] * 3
    assert colour(picture, "TIFF") == [wanted] * 3


def test_of_an_animation_the_first_frame_is_taken():
    frames = [Image.new("RGB", (2, 2), name) for name in ("red", "blue")]
    for kind in ("GIF", "WEBP", "TIFF"):
        options = {"lossless": True} if kind == "WEBP" else {}
        raw = encoded(frames[0], kind, save_all=True, append_images=frames[1:], **options)
        assert load_image(raw, ONE)[0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_on_the_list_opens(kind, tmp_path):
    path = tmp_path / "picture.of_no_kind"
    path.write_bytes(encoded(Image.new("RGB", (16, 16), (200, 100, 0)), kind))
    assert load_image(path, ONE)[0, 0].tolist() == pytest.approx([200, 100, 0], abs=2)


def test_resizing_averages():
    black_and_white = np.array([[0, 255], [255, 0]], np.uint8)
    assert load_image(black_and_white, ONE)[0, 0].tolist() == [128, 128, 128]


def test_fits_are_those_of_the_spec():
    assert tuple(RESIZE) == FITS


def test_pad_keeps_the_whole_and_crop_cuts_the_sides():
    wide = np.zeros((2, 6, 3), np.uint8)
    wide[:, 2:4] = 200
    padded = load_image(wide, ImageSpec(6, 6, background=9, fit="pad"))
    assert padded[:, 3, 0].tolist() == [9, 9, 200, 200, 9, 9]
    assert load_image(wide, ImageSpec(2, 2, fit="crop")).min() == 200


def test_a_hair_is_padded_to_one_pixel_and_not_to_none():
    padded = load_image(np.zeros((1, 1_000), np.uint8), ImageSpec(8, 8, fit="pad"))
    assert (padded[..., 0] == 0).sum() == 8  # one row of eight


def test_a_missing_file_is_named():
    with pytest.raises(FileNotFoundError, match=r"image: no file 'nowhere/cat.png'"):
        load_image("nowhere/cat.png", ONE)


def test_a_content_taken_for_a_path_is_not_said_whole():
    with pytest.raises(FileNotFoundError) as refused:
        load_image("iVBORw0KGgo" * 1_000, ONE)
    assert len(str(refused.value)) < 400


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (b"", "image: 0 bytes is no picture; wanted one of PNG, JPEG"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 1 1\n", "is no picture"),
        (np.zeros((2, 2, 3), np.float32), r"received float32 \(2, 2, 3\); give \(255 \* array\)"),
        (
            np.full((2, 2), 255.0),
            r"received float64 \(2, 2\); give array.round\(\).astype\('uint8'\)",
        ),
        (np.full((2, 2), 255), r"received int64 \(2, 2\); give array.astype\('uint8'\)"),
        (np.full((2, 2), np.nan), r"received float64 \(2, 2\)$"),
        (io.BytesIO(), "received BytesIO; give .read()"),
        (np.zeros((3, 2, 2), np.uint8), r"\(3, 2, 2\); channels come last: array.transpose"),
        (np.zeros((2, 2, 1), np.uint8), r"\(2, 2, 1\); give array\[..., 0\]"),
        (np.zeros((2, 2, 2), np.uint8), r"received uint8 \(2, 2, 2\)"),
        (np.zeros((0, 2, 3), np.uint8), r"received uint8 \(0, 2, 3\)"),
        (np.zeros(4, np.uint8), r"received uint8 \(4,\)"),
        (7, "received int"),
    ],
)
def test_what_is_no_picture_is_refused(source, message):
    with pytest.raises(ValueError, match=message):
        load_image(source, ONE)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "TIFF"])
def test_a_damaged_picture_is_a_value_error_or_a_picture(kind):
    noise = np.random.default_rng(0).integers(0, 256, (24, 24, 3), np.uint8)
    whole = encoded(Image.fromarray(noise), kind)
    with pytest.raises(ValueError, match=r"image: \d+ bytes is"):
        load_image(whole[: len(whole) // 2], ONE)
    refused = []
    for at in range(0, len(whole), 1 + len(whole) // 60):
        flipped = whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :]
        try:
            assert load_image(flipped, ONE).shape == (1, 1, 3)
        except ValueError as error:
            refused.append(str(error))
    assert refused
    assert all(message.startswith("image: ") for message in refused)


@pytest.mark.parametrize("side", [8_001, 12_000, 20_000])  # ours, Pillow's warning, its error
def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded(side):
    header = encoded(Image.new("1", (1, 1)))
    data = b"IHDR" + side.to_bytes(4, "big") * 2 + header[24:29]
    bomb = header[:12] + data + zlib.crc32(data).to_bytes(4, "big") + header[33:]
    with pytest.raises(ValueError, match=r"is too large .*pixels.*; make it smaller"):
        load_image(bomb, ONE)


def test_colours_without_a_way_to_rgb_are_named():
    with pytest.raises(ValueError, match="no way from colours in La to RGB"):
        load_image(Image.new("La", (2, 2)), ONE)


def test_views_of_one_thing_are_stacked():
    views = [np.zeros((4, 4, 3), np.uint8), np.full((9, 9), 255, np.uint8)]
    both = load_image(views, ImageSpec(2, 3, views=2))
    assert both.shape == (2, 2, 3, 3)
    assert (both[0].max(), both[1].min()) == (0, 255)


@pytest.mark.parametrize(
    ("source", "there"),
    [([b""], "1"), ("a.png", "str"), (np.zeros((2, 2, 2, 3)), "ndarray; give list")],
)
def test_another_number_of_views_is_refused(source, there):
    with pytest.raises(ValueError, match=f"image: wanted a list of 2 views, received {there}"):
        load_image(source, ImageSpec(2, 3, views=2))


def test_an_array_that_fits_is_taken_as_it_is():
    pixels = np.zeros((16, 32, 3), np.uint8)
    assert load_image(pixels, WIDE) is pixels


def test_a_pil_image_that_was_only_opened_may_turn_out_damaged():
    content = encoded(Image.effect_noise((64, 64), 90), "JPEG")
    picture = Image.open(io.BytesIO(content[: len(content) // 2]))
    with pytest.raises(ValueError, match="image: the PIL image is damaged: image file is truncat"):
        load_image(picture, WIDE)
