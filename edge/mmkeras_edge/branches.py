"""A file in pieces: each branch by itself, and the fusion over what the branches said.

An exported file has a second root, at `branches_root` of its card, under which each piece is a
signature on the same weights; `mmkeras_export.second_root` writes it.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np

from mmkeras_edge.file import ModelFile
from mmkeras_edge.graph import Port, dequantised, fitted, open_interpreter, port_of, threads_of
from mmkeras_edge.inputs import pick
from mmkeras_edge.runtimes import find_runtime

FUSION = "fusion"  # the signature that joins the branches
FUSED = "(fused)"  # its output that all answers are read from; no answer can be called so
LOG_MEL = "log_mel"  # what the front of a sound gives: its spectrogram

# What a branch says: tensors as they stand in the graph, in its own number formats.
Features = dict[str, np.ndarray]


def branch_key(name: str) -> str:
    """The signature of an input's branch."""
    return f"branch/{name}"


def front_key(name: str) -> str:
    """The signature of what makes a spectrogram of an input."""
    return f"front/{name}"


def feature_name(name: str, number: int) -> str:
    """What a tensor is called that a branch gives and the fusion takes."""
    return f"{name}/{number}"


class Branches:
    """The pieces of a model; the same arithmetic as the whole, in parts.

    `content` is the model `at_root`; `open_branches` takes an opened file. It packs the weights for
    itself, as `Graph` does: whoever has both has them twice. One thread at a time. Raises
    ValueError for content that the runtime refuses or that has no fusion.
    """

    def __init__(self, content: bytes, threads: int | None = None):
        runtime = find_runtime()
        self.threads = threads_of(threads)
        try:
            self._interpreter = open_interpreter(runtime, content, self.threads, None)
            self._interpreter.allocate_tensors()  # hands every piece to XNNPACK
            keys = self._interpreter.get_signature_list()
            self._runners = {key: self._interpreter.get_signature_runner(key) for key in keys}
        except (ValueError, RuntimeError) as error:
            raise ValueError(f"{runtime.name} refuses the pieces of the model: {error}") from error
        if FUSION not in self._runners:
            raise ValueError(f"the pieces of the model are {sorted(keys)}, without {FUSION!r}")
        self._into = {key: _ports(of.get_input_details()) for key, of in self._runners.items()}
        self._out = {key: _ports(of.get_output_details()) for key, of in self._runners.items()}

    @property
    def names(self) -> tuple[str, ...]:
        """The inputs that have a branch; others go into the fusion as they are."""
        return self._named(branch_key(""))

    @property
    def fronts(self) -> tuple[str, ...]:
        """The inputs of which the graph makes a spectrogram."""
        return self._named(front_key(""))

    def _named(self, begin: str) -> tuple[str, ...]:
        return tuple(key.removeprefix(begin) for key in self._runners if key.startswith(begin))

    @property
    def fuses(self) -> bool:
        """Whether there is a vector that all answers are read from; late fusions have none."""
        return FUSED in self._out[FUSION]

    def features(self, name: str, array: np.ndarray) -> Features:
        """What one input of the whole graph brings to the fusion: features of its branch, or where
        it has none, such as what says that another one is present, itself."""
        found: Features = {}
        key, into = branch_key(name), self._into[FUSION]
        if key in self._runners:
            found = self._runners[key](**{name: fitted(array, self._into[key][name], name)})
        if name in into:
            found[name] = fitted(array, into[name], name)
        return found

    def spectrogram(self, name: str, array: np.ndarray) -> np.ndarray:
        """What the graph makes of one of `fronts` first: float32 (frames, mels, 1)."""
        key = front_key(name)
        fed = fitted(array, self._into[key][name], name)
        return self._runners[key](**{name: fed})[LOG_MEL][0]

    def fuse(self, features: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The answers from the features of every input, float32; among them the fused vector as
        `FUSED`, where `fuses`."""
        ports = self._out[FUSION]
        feed = {name: pick(features, name, "feature") for name in self._into[FUSION]}
        return {
            name: dequantised(value[0], ports[name]) if ports[name].scale else value[0]
            for name, value in self._runners[FUSION](**feed).items()
        }

    def run(self, feed: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """`Graph.run` in pieces, each of them once."""
        features: Features = {}
        for name, array in feed.items():
            features |= self.features(name, array)
        return self.fuse(features)


def open_branches(file: ModelFile, threads: int | None = None) -> Branches:
    """The pieces of an opened file. Raises ValueError for one that has none."""
    if not file.card.branches_root:
        raise ValueError(
            f"{file.path!r} runs as a whole alone: it has one input, or was written without its "
            "pieces; export it again with: mmkeras export RUN -o FILE"
        )
    root, size = file.card.branches_root, file.card.model_bytes
    try:
        head = _head(root, size)
        # Mapped, so that of a large model there is one copy in memory, not two for a moment.
        with (
            open(file.path, "rb") as content,
            mmap.mmap(content.fileno(), size, access=mmap.ACCESS_COPY) as model,
        ):
            model[: len(head)] = head
            copy = model[:]
        return Branches(copy, threads)
    except ValueError as error:
        raise ValueError(f"{file.path!r}: {error}") from error


def at_root(model: bytes, root: int) -> bytes:
    """The model as it opens at another root: what lies in front of all else says which.

    Written to a file of its own, it is a TFLite model with a signature a piece.
    """
    head = _head(root, len(model))
    return head + model[len(head) :]


def _head(root: int, size: int) -> bytes:
    if not 8 <= root < size - 4:
        raise ValueError(f"the card says a root at {root}, outside of the model")
    return struct.pack("<I", root)


def _ports(details: Mapping[str, Mapping[str, Any]]) -> dict[str, Port]:
    return {name: port_of(tensor) for name, tensor in details.items()}
