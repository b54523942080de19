"""Raw inputs by name to the arrays that a graph takes; training and the device both call this."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from mmkeras_edge.audio import load_audio
from mmkeras_edge.image import load_image
from mmkeras_edge.sensor import load_sensor
from mmkeras_edge.specs import InputSpec, TextSpec, presence_name
from mmkeras_edge.table import load_table
from mmkeras_edge.text import load_text
from mmkeras_edge.video import load_video

if TYPE_CHECKING:
    from tokenizers import Tokenizer

T = TypeVar("T")


def load_input(source: Any, spec: InputSpec, tokenizer: Tokenizer | None = None) -> np.ndarray:
    """One raw input to one array of `spec.shape` and `spec.dtype`."""
    if isinstance(spec, TextSpec):
        if tokenizer is None:
            raise ValueError("text: no tokenizer; a file with a text input carries tokenizer.json")
        return load_text(source, spec, tokenizer)
    return LOADERS[spec.kind](source, spec)


LOADERS: dict[str, Callable[..., np.ndarray]] = {  # text needs its tokenizer as well
    "image": load_image,
    "audio": load_audio,
    "sensor": load_sensor,
    "table": load_table,
    "video": load_video,
}


def load_sample(
    sources: Mapping[str, Any],
    specs: Mapping[str, InputSpec],
    optional: Iterable[str] = (),
    tokenizer: Tokenizer | None = None,
) -> dict[str, np.ndarray]:
    """Raw inputs by name to the whole feed of a graph, presence included, without batch axis.

    An optional input that is left out or None is absent. Raises ValueError for an unknown name,
    for one that is wanted and missing, and when everything is absent.
    """
    for name in sources:
        pick(specs, name, "input")
    if all(sources.get(name) is None for name in specs):
        raise ValueError(f"every input is absent; give at least one of {', '.join(specs)}")
    feed: dict[str, np.ndarray] = {}
    for name, spec in specs.items():
        source = sources.get(name)
        if source is None and name not in optional:
            raise ValueError(
                f"input {name!r} ({spec.kind}) is missing, and this model was built without "
                f"optional=({name!r},): give it, or build and train with it optional"
            )
        if source is None:
            feed[name] = np.zeros(spec.shape, spec.dtype)
        else:
            feed[name] = _load_named(name, source, spec, tokenizer)
        if name in optional:
            feed[presence_name(name)] = np.array(source is not None, np.float32)
    return feed


def _load_named(name: str, source: Any, spec: InputSpec, tokenizer: Tokenizer | None) -> np.ndarray:
    try:
        return load_input(source, spec, tokenizer)
    except (ValueError, FileNotFoundError) as error:
        if name == spec.kind:  # the message starts with it
            raise
        kind = FileNotFoundError if isinstance(error, FileNotFoundError) else ValueError
        raise kind(f"input {name!r}: {error}") from error


def pick(table: Mapping[str, T], name: str, what: str) -> T:
    """The entry of a table, or a ValueError that lists the names and guesses the one meant."""
    if name in table:
        return table[name]
    close = difflib.get_close_matches(str(name), table, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    raise ValueError(f"unknown {what} {name!r}; {hint}choose from {', '.join(table)}")
