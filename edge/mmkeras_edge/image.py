"""A picture from anywhere to the pixels that the graph takes."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING, Any, Union

import numpy as np

from mmkeras_edge.specs import ImageSpec

if TYPE_CHECKING:
    from PIL import Image

LIMIT_PIXELS = 64_000_000  # a larger picture is refused before it is decoded

ImageSource = Union[str, "os.PathLike[str]", bytes, np.ndarray, "Image.Image"]


def load_image(source: ImageSource, spec: ImageSpec) -> np.ndarray:
    """A path, file content, array or PIL image to uint8 RGB, (height_px, width_px, 3).

    EXIF orientation is applied and transparency put on `spec.background`. An array is
    (h, w), (h, w, 3) or (h, w, 4), uint8. Raises ValueError for what is no picture and
    FileNotFoundError for a path that is not there.
    """
    from PIL import ImageOps

    picture = ImageOps.exif_transpose(_open(source))
    picture = _opaque(picture, spec.background)
    size = (spec.width_px, spec.height_px)
    if picture.size != size:
        picture = RESIZE[spec.fit](picture, size, spec.background)
    return np.asarray(picture, dtype=np.uint8)


def _stretch(picture: Image.Image, size: tuple[int, int], background: int) -> Image.Image:
    from PIL import Image

    return picture.resize(size, Image.Resampling.BILINEAR)  # Pillow's bilinear is antialiased


def _pad(picture: Image.Image, size: tuple[int, int], background: int) -> Image.Image:
    from PIL import Image, ImageOps

    return ImageOps.pad(picture, size, Image.Resampling.BILINEAR, color=(background,) * 3)


def _crop(picture: Image.Image, size: tuple[int, int], background: int) -> Image.Image:
    from PIL import Image, ImageOps

    return ImageOps.fit(picture, size, Image.Resampling.BILINEAR)


RESIZE = {"stretch": _stretch, "pad": _pad, "crop": _crop}


def _open(source: Any) -> Image.Image:
    from PIL import Image, UnidentifiedImageError

    if isinstance(source, Image.Image):
        return source
    if isinstance(source, np.ndarray):
        if source.dtype != np.uint8 or source.ndim not in (2, 3) or 0 in source.shape:
            raise ValueError(
                f"image: wanted a uint8 array (h, w, 3), received {source.dtype} {source.shape}"
            )
        return Image.fromarray(source)
    if isinstance(source, (str, os.PathLike)):
        if not os.path.isfile(source):
            raise FileNotFoundError(f"image: no file {os.fspath(source)!r}")
        content: Any = source
        what = repr(os.fspath(source))
    elif isinstance(source, (bytes, bytearray, memoryview)):
        content = io.BytesIO(source)
        what = f"{len(source)} bytes"
    else:
        raise ValueError(
            "image: wanted a path, bytes, a uint8 array or a PIL image, "
            f"received {type(source).__name__}"
        )
    try:
        picture = Image.open(content)
        width, height = picture.size
        if width * height > LIMIT_PIXELS:
            raise ValueError(
                f"image: {what} has {width} x {height} pixels, more than {LIMIT_PIXELS:,}; "
                "make it smaller first"
            )
        picture.load()
    except UnidentifiedImageError as error:
        raise ValueError(f"image: {what} is no picture; wanted PNG, JPEG, WebP, ...") from error
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(f"image: {what} is damaged: {error}") from error
    return picture


def _opaque(picture: Image.Image, background: int) -> Image.Image:
    from PIL import Image

    if picture.mode.startswith("I;16") or picture.mode == "I":
        picture = Image.fromarray((np.asarray(picture) // 256).astype(np.uint8))
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        below = Image.new("RGBA", picture.size, (background,) * 3 + (255,))
        picture = Image.alpha_composite(below, picture)
    return picture.convert("RGB")
