"""The exported file: a TFLite model with a zip behind it, complete and checked or not at all."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from mmkeras_edge.branches import open_branches
from mmkeras_edge.card import Card
from mmkeras_edge.file import CARD, GOLDEN, TOKENIZER
from mmkeras_edge.golden import read_golden
from mmkeras_edge.runner import load
from mmkeras_edge.specs import presence_name
from mmkeras_edge.verify import verify
from mmkeras_export.annotating import annotated
from mmkeras_export.gate import GateError
from mmkeras_export.metadata import label_files
from mmkeras_export.second_root import divided

# The same operations on the same numbers; a kernel may still sum in another order where a graph is
# cut in two.
PIECES_TOLERANCE = 1e-4


def pack(
    path: str | os.PathLike[str],
    lite: bytes,
    card: Card,
    tokenizer_json: str | None,
    golden: bytes,
) -> int:
    """Writes the file and returns its size in bytes; the same content gives the same bytes.

    The model gets TFLite's own metadata, the card the hashes. Before the file takes its place, it
    is opened and its golden samples are replayed as a device would, whole and branch by branch. On
    any failure, and on Ctrl-C, what was at `path` stays.
    """
    path = Path(path)
    lite, root = divided(annotated(lite, card), map(presence_name, card.optional))
    entries = {GOLDEN: golden}
    if tokenizer_json is not None:
        entries[TOKENIZER] = tokenizer_json.encode()
    hashed = {"model": lite, **entries}
    card = dataclasses.replace(
        card,
        model_bytes=len(lite),
        branches_root=root,
        sha256={name: hashlib.sha256(content).hexdigest() for name, content in hashed.items()},
    )
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        _write(partial, lite, {CARD: card.to_json().encode(), **entries, **label_files(card)})
        report = verify(partial)
        if not report:
            raise GateError(
                f"nothing was written: the new file fails its own check: {report.verdict}"
            )
        _check_pieces(partial)
        size = partial.stat().st_size
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return size


def _check_pieces(path: Path) -> None:
    """Branch by branch and fused, the file answers as in one go."""
    model = load(path)
    if not model.file.card.branches_root:
        return
    branches = open_branches(model.file)
    for golden in read_golden(model.file):
        feed = model.load_sample(**golden.raw)
        whole, pieces = model.graph.run(feed), branches.run(feed)
        for name, spec in model.file.card.outputs.items():
            off = float(np.abs(pieces[name] - whole[name]).max())
            if not off <= PIECES_TOLERANCE * spec.scale:
                raise GateError(
                    f"nothing was written: {name!r} from the branches one by one is off by "
                    f"{off:.3g} from the whole; report it to mmkeras"
                )


def _write(path: Path, lite: bytes, entries: Mapping[str, bytes]) -> None:
    with open(path, "xb") as file:
        file.write(lite)
        with zipfile.ZipFile(file, "w") as archive:
            for name, content in entries.items():
                entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))  # not the time of writing
                archive.writestr(entry, content)  # MediaPipe reads no file with a compressed one
