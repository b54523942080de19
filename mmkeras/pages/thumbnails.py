"""Small pictures of rows for a page, inside of it: pictures, frames of films, waves of sounds."""

from __future__ import annotations

import base64
import html
import io
import os
from collections.abc import Iterable

import numpy as np

from mmkeras.manifest import Manifest
from mmkeras.sources import path_of
from mmkeras_edge.audio import load_audio
from mmkeras_edge.image import load_image
from mmkeras_edge.specs import AudioSpec, ImageSpec, VideoSpec
from mmkeras_edge.video import load_video

SIDE_PX = 96
BARS = 48  # of a wave
WAVE_MS = 5_000  # of a sound that is drawn
DRAWN = ("image", "video", "audio")


def drawn_column(manifest: Manifest, preferred: str = "") -> tuple[str, str] | None:
    """Column and kind of what can be drawn of a row: the preferred one, or the first there is."""
    found = {
        column: manifest.kinds[name]
        for name in manifest.inputs
        for column in manifest.columns(name)
        if manifest.kinds[name] in DRAWN
    }
    column = preferred if preferred in found else next(iter(found), None)
    return None if column is None else (column, found[column])


def figures(manifest: Manifest, column: str, kind: str, lines: Iterable[int]) -> str:
    """Rows as HTML figures, each with its line beneath and a text for who does not see it."""
    return "".join(_figure(manifest, column, kind, line) for line in lines)


def _figure(manifest: Manifest, column: str, kind: str, line: int) -> str:
    if line not in manifest.table.index:
        return ""
    cell = manifest.table.at[line, column]
    path = path_of(cell, manifest.path.parent)
    labels = ", ".join(
        manifest.table.at[line, of] or "no label" for of in manifest.targets.values()
    )
    said = html.escape(f"line {line}, {os.path.basename(cell) or 'absent'}: {labels}", quote=True)
    drawn = "" if path is None else drawing(path, kind, said)
    drawn = drawn or f'<span class="none" role="img" aria-label="{said}">not shown</span>'
    return f"<figure>{drawn}<figcaption>{line}<br>{html.escape(labels)}</figcaption></figure>"


def drawing(path: str, kind: str, said: str) -> str:
    """One file, of a kind that is `DRAWN`; "" for what cannot be read. `said` is escaped."""
    try:
        if kind == "audio":
            return _wave(load_audio(path, AudioSpec(rate_hz=8_000, clip_ms=WAVE_MS)), said)
        if kind == "video":
            pixels = load_video(path, VideoSpec(1, SIDE_PX, SIDE_PX, fit="pad"))[0]
        else:
            pixels = load_image(path, ImageSpec(SIDE_PX, SIDE_PX, fit="pad"))
    except (ValueError, OSError, ImportError):  # the finding says what is wrong with it
        return ""
    return _picture(pixels, said)


def _picture(pixels: np.ndarray, said: str) -> str:
    from PIL import Image

    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "WEBP", quality=70)
    data = base64.b64encode(content.getvalue()).decode()
    size = f'width="{SIDE_PX}" height="{SIDE_PX}"'
    return f'<img {size} loading="lazy" alt="{said}" src="data:image/webp;base64,{data}">'


def _wave(samples: np.ndarray, said: str) -> str:
    """The loudest of each part, as upright bars."""
    ends = np.flatnonzero(samples)
    samples = samples[: ends[-1] + 1] if len(ends) else samples  # behind it is padding
    peaks = [float(np.abs(part).max(initial=0)) for part in np.array_split(samples, BARS)]
    high = max(*peaks, 1e-3)
    bars = "".join(
        f'<rect x="{2 * place}" y="{48 - 46 * peak / high:.1f}" width="1.4" '
        f'height="{max(92 * peak / high, 1):.1f}"/>'
        for place, peak in enumerate(peaks)
    )
    size = 'viewBox="0 0 96 96" preserveAspectRatio="none"'
    return f'<svg {size} role="img" aria-label="{said}">{bars}</svg>'
