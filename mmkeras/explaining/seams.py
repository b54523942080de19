"""Where a modality first becomes numbers that can be changed a little, and where it is a map."""

from __future__ import annotations

from typing import Any

import keras

from mmkeras.explaining.walking import WITHIN, layer_at
from mmkeras.recipe import Recipe


def seams(model: keras.Model, recipe: Recipe, name: str) -> tuple[str, ...]:
    """The layers, or the input itself, whose numbers hold an input; () where there are none.

    Pixels, a spectrogram, readings, word vectors, the fields of a record. A text whose backbone
    hides its table of vectors has none. Which tokens are padding, whether the input is present, and
    which fields of a record are missing (`NAME_missing`) is no number that changes a little: those
    stay as they are in the sample.
    """
    kind = recipe.inputs[name].kind
    found: tuple[str, ...] = ()
    if kind in ("image", "video"):
        found = (f"{name}_pixels", f"{name}_cnn3d{WITHIN}pixels")
    elif kind == "audio":
        # Behind the layer that makes all loudnesses alike, from which no way leads to silence.
        found = (f"{name}_log_mel", f"{name}_waveform_cnn{WITHIN}steps_levelled")
    elif kind == "text":
        found = (
            f"{name}_embedding",
            f"{name}_minilm{WITHIN}embedding",
            f"{name}_backbone{WITHIN}token_embedding",
        )
    elif kind == "table":
        spec: Any = recipe.specs[name]
        categories = (f"{name}_embedding{i}" for i in range(len(spec.categories)))
        found = (f"{name}_standardised", *categories)
    there = tuple(path for path in found if layer_at(model, path) is not None)
    if there or kind in ("text", "table"):
        return there
    return (name,) if recipe.specs[name].dtype == "float32" else ()


def map_of(model: keras.Model, recipe: Recipe, name: str) -> str | None:
    """The tower whose only output is a map (B, h, w, D); None where there is none."""
    branch = getattr(recipe.inputs[name], "branch", None)
    if recipe.inputs[name].kind not in ("image", "video", "audio"):
        return None
    for path in (f"{name}_{branch}", f"{name}_backbone"):
        tower = layer_at(model, path)
        maps = [] if tower is None else keras.tree.flatten(tower.output)
        if len(maps) == 1 and len(maps[0].shape) == 4:
            return path
    return None


def fed_to_fusion(model: keras.Model, recipe: Recipe, name: str) -> tuple[str, ...]:
    """The last layers that know of this input alone."""
    paths = (f"{name}_feature", f"{name}_tokens_feature")
    return tuple(path for path in paths if layer_at(model, path) is not None)
