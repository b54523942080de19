"""A picture from anywhere to the pixels that the graph takes."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Union

import numpy as np

from mmkeras_edge.specs import ImageSpec

if TYPE_CHECKING:
    from PIL import Image

LIMIT_PIXELS = 64_000_000  # a larger picture is refused before it is decoded
FORMATS = ("PNG", "JPEG", "GIF", "BMP", "PPM", "WEBP", "TIFF")  # no EPS: it starts Ghostscript

Picture = Union[str, "os.PathLike[str]", bytes, np.ndarray, "Image.Image"]
ImageSource = Union[Picture, "Sequence[Picture]"]


def load_image(source: ImageSource, spec: ImageSpec) -> np.ndarray:
    """A path, file content, array or PIL image to uint8 RGB, (height_px, width_px, 3).

    EXIF orientation is applied, transparency put on `spec.background`, 16 bits cut to 8, and of an
    animation the first frame taken. An array is (h, w), (h, w, 3) or (h, w, 4), uint8. With several
    `spec.views`, a list of so many pictures, to (views, height_px, width_px, 3). Raises ValueError
    for what is no picture and FileNotFoundError for a path that is not there.
    """
    if spec.views == 1:
        return _load_picture(source, spec)
    if not isinstance(source, (list, tuple)) or len(source) != spec.views:
        there = len(source) if isinstance(source, (list, tuple)) else type(source).__name__
        cure = "; give list(array)" if isinstance(source, np.ndarray) else ""
        raise ValueError(f"image: wanted a list of {spec.views} views, received {there}{cure}")
    return np.stack([_load_picture(view, spec) for view in source])


def _load_picture(source: Any, spec: ImageSpec) -> np.ndarray:
    if isinstance(source, np.ndarray) and is_ready(source, (spec.height_px, spec.width_px, 3)):
        return source
    picture = _opaque(_open(source), spec.background)
    size = (spec.width_px, spec.height_px)
    if picture.size != size:
        picture = RESIZE[spec.fit](picture, size, spec.background)
    return np.asarray(picture, dtype=np.uint8)


def decoded_image(source: Picture, spec: ImageSpec) -> np.ndarray:
    """One picture upright and opaque, before it is resized: uint8 RGB, (h, w, 3)."""
    return np.asarray(_opaque(_open(source), spec.background), dtype=np.uint8)


def is_ready(array: np.ndarray, shape: tuple[int, ...]) -> bool:
    """Whether nothing is left to do for pixels; the graph copies them itself."""
    return array.shape == shape and array.dtype == np.uint8


def _stretch(picture: Image.Image, size: tuple[int, int], background: int) -> Image.Image:
    from PIL import Image

    return picture.resize(size, Image.Resampling.BILINEAR)  # Pillow's bilinear is antialiased


def _pad(picture: Image.Image, size: tuple[int, int], background: int) -> Image.Image:
    from PIL import Image

    width, height = size
    scale = min(width / picture.width, height / picture.height)
    inner = max(round(picture.width * scale), 1), max(round(picture.height * scale), 1)
    padded = Image.new("RGB", size, (background,) * 3)
    corner = (width - inner[0]) // 2, (height - inner[1]) // 2
    padded.paste(picture.resize(inner, Image.Resampling.BILINEAR), corner)
    return padded


def _crop(picture: Image.Image, size: tuple[int, int], background: int) -> Image.Image:
    from PIL import Image, ImageOps

    return ImageOps.fit(picture, size, Image.Resampling.BILINEAR)


RESIZE = {"stretch": _stretch, "pad": _pad, "crop": _crop}


def _open(source: Any) -> Image.Image:
    from PIL import Image, ImageOps

    if isinstance(source, Image.Image):
        try:
            return ImageOps.exif_transpose(source)  # decodes what was only opened so far
        except (OSError, ValueError, SyntaxError) as error:
            raise ValueError(f"image: the PIL image is damaged: {error}") from error
    if isinstance(source, np.ndarray):
        wanted = source.ndim == 2 or (source.ndim == 3 and source.shape[2] in (3, 4))
        if not wanted or source.dtype != np.uint8 or source.size == 0:
            raise ValueError(
                "image: wanted a uint8 array (h, w), (h, w, 3) or (h, w, 4), "
                f"received {source.dtype} {source.shape}{_cure(source)}"
            )
        return Image.fromarray(source)
    if isinstance(source, (str, os.PathLike)):
        if not os.path.isfile(source):
            raise FileNotFoundError(f"image: no file {os.fspath(source)!r:.300}")
        return _decode(source, repr(os.fspath(source)))
    if isinstance(source, (bytes, bytearray, memoryview)):
        return _decode(io.BytesIO(source), f"{len(source)} bytes")
    raise ValueError(
        "image: wanted a path, bytes, a uint8 array or a PIL image, "
        f"received {type(source).__name__}" + ("; give .read()" * hasattr(source, "read"))
    )


def _cure(array: np.ndarray) -> str:
    if array.dtype != np.uint8:
        numbers = array.size and array.dtype.kind in "fiub"
        if not numbers or not 0 <= array.min() <= array.max() <= 255:  # NaN too
            return ""
        levels = "array" if array.max() > 1 or array.dtype.kind in "iu" else "(255 * array)"
        return f"; give {levels}{'.round()' * (array.dtype.kind == 'f')}.astype('uint8')"
    if array.ndim == 3 and array.shape[0] in (1, 3, 4):
        return "; channels come last: array.transpose(1, 2, 0)"
    if array.ndim == 3 and array.shape[2] == 1:
        return "; give array[..., 0]"
    return "; one picture at a time, a batch to predict_batch" if array.ndim == 4 else ""


def _decode(content: Any, what: str) -> Image.Image:
    from PIL import Image, ImageOps, UnidentifiedImageError

    Image.preinit()  # else a .jpg loads every plugin there is to find PNG's
    try:
        with Image.open(content, formats=FORMATS) as picture:
            if picture.width * picture.height > LIMIT_PIXELS:
                raise Image.DecompressionBombError(
                    f"{picture.width} x {picture.height} pixels, more than {LIMIT_PIXELS:,}"
                )
            picture.load()
            ImageOps.exif_transpose(picture, in_place=True)
            return picture
    except UnidentifiedImageError as error:
        wanted = ", ".join(FORMATS)
        raise ValueError(f"image: {what} is no picture; wanted one of {wanted}") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ValueError(f"image: {what} is too large ({error}); make it smaller") from error
    except Exception as error:  # decoders raise whatever a damaged file leads them to
        raise ValueError(f"image: {what} is damaged: {error}") from error


def _opaque(picture: Image.Image, background: int) -> Image.Image:
    from PIL import Image

    if picture.mode.startswith("I"):  # I, I;16, I;16B: grey of 16 bits
        levels = np.asarray(picture).clip(0, 65_535) // 256
        picture = Image.fromarray(levels.astype(np.uint8))
    try:
        if picture.has_transparency_data:
            picture = picture.convert("RGBA")
            below = Image.new("RGBA", picture.size, (background,) * 3 + (255,))
            picture = Image.alpha_composite(below, picture)
        return picture if picture.mode == "RGB" else picture.convert("RGB")
    except ValueError as error:
        raise ValueError(f"image: no way from colours in {picture.mode} to RGB") from error
