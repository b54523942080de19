"""What the fields of a recipe and of a training may say, where a table knows."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import Any

from keras import layers

from mmkeras import balance, losses, modality_balance, precision
from mmkeras.branches import audio, backbones, sensor, table, text, video
from mmkeras.fusion import FUSIONS
from mmkeras.modalities import HUB
from mmkeras_edge.inputs import pick
from mmkeras_edge.specs import FITS

CHOICES: dict[tuple[str, str], Iterable[str]] = {  # (kind of input or "training", field)
    ("image", "branch"): backbones.BACKBONES,
    ("text", "branch"): text.ENCODERS,
    ("audio", "branch"): {**audio.ENCODERS, **backbones.BACKBONES},
    ("sensor", "branch"): sensor.ENCODERS,
    ("table", "branch"): table.ENCODERS,
    ("video", "branch"): {**backbones.BACKBONES, "cnn3d": None},
    ("image", "fit"): FITS,
    ("video", "fit"): FITS,
    ("audio", "front"): audio.FRONTS,
    ("video", "time"): video.TIMES,
    ("training", "batch_size"): ("auto",),
    ("training", "balance"): balance.WRAPPERS,
    ("training", "loss"): losses.LOSSES,
    ("training", "class_weights"): losses.CLASS_WEIGHTS,
    ("training", "modality_balance"): modality_balance.BALANCES,
    ("training", "precision"): precision.PRECISIONS,
}


def check_choice(kind: str, field: str, value: Any) -> None:
    """Raises ValueError for a name that the table of this field does not have."""
    if (kind, field) not in CHOICES or not isinstance(value, str) or value.startswith(HUB):
        return
    what = field if kind == "training" else f"{kind} {field}"
    pick(dict.fromkeys(CHOICES[kind, field]), value, what)


def check_fusion(fusion: str | Mapping[str, Any]) -> None:
    """Raises ValueError for a fusion that there is not, or for an option that it does not have."""
    if isinstance(fusion, str):
        pick(FUSIONS, fusion, "fusion")
        return
    if "name" not in fusion:
        raise ValueError(f'a fusion with options wants its "name" too. Received: {dict(fusion)}')
    known = options_of(fusion["name"])
    for option in fusion:
        if option != "name":
            pick(known, option, f"option of the fusion {fusion['name']!r}:")


def options_of(fusion: str) -> dict[str, Any]:
    """The options of a fusion by name, with what they are when left out."""
    own = inspect.signature(pick(FUSIONS, fusion, "fusion")).parameters
    usual = {*inspect.signature(layers.Layer).parameters, "kwargs"}
    return {name: option.default for name, option in own.items() if name not in usual}
