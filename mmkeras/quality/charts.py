"""How many rows, or files, have what: bars with words beneath, as plain data."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from mmkeras.manifest import Manifest
from mmkeras.quality.columns import FileColumn
from mmkeras.targets import LABELS, labels_in

BARS = 12
FEW = 8  # different values that get a bar each
WIDE = 50  # times, from which on ranges grow by a factor, not by a step
SHOWN = 20  # classes of a chart; the others are one bar
CHARTS = {  # kind -> measure and what it is called
    "image": {"width_px": "width, px", "height_px": "height, px", "kB": "file size, kB"},
    "audio": {"rate_hz": "sample rate, Hz", "seconds": "length, s", "kB": "file size, kB"},
    "video": {"kB": "file size, kB"},
    "sensor": {"rate_hz": "rate, Hz", "readings": "readings", "kB": "file size, kB"},
}


@dataclass(frozen=True)
class Chart:
    """Bars: what each is, and how many."""

    title: str
    labels: tuple[str, ...]
    counts: tuple[int, ...]


def charts(manifest: Manifest, columns: list[FileColumn]) -> Iterator[Chart]:
    """Labels, then lengths, sizes and rates, input by input."""
    for target in manifest.targets:
        cells, kind = manifest.cells(target), manifest.kind_of(target)
        if kind in LABELS:
            yield _classes(target, Counter(o for cell in cells for o in labels_in(cell, kind)))
        else:
            yield histogram(target, np.array([float(cell) for cell in cells if cell]))
    for of in columns:
        for measure, title in CHARTS[of.kind].items():
            values = of.measure(measure)
            if not np.isnan(values).all():
                yield histogram(f"{of.column}: {title}", values)
    for name, kind in manifest.kinds.items():
        for column in manifest.columns(name) if kind == "text" else ():
            words = np.array([len(cell.split()) for cell in manifest.of_column(column) if cell])
            yield histogram(f"{column}: words", words)


def _classes(title: str, counts: Counter) -> Chart:
    often = counts.most_common(SHOWN)
    rest = sum(counts.values()) - sum(count for _, count in often)
    bars = [*often, *([(f"{len(counts) - len(often)} others", rest)] if rest else [])]
    return Chart(title, tuple(label for label, _ in bars), tuple(count for _, count in bars))


def histogram(title: str, values: np.ndarray) -> Chart:
    """Of numbers, NaN left out: a bar for each of a few values, else for ranges.

    >>> histogram("px", np.array([64, 64, 32]))
    Chart(title='px', labels=('32', '64'), counts=(1, 2))
    """
    values = values[~np.isnan(values)].astype(float)
    different, counts = np.unique(values, return_counts=True)
    if len(different) <= FEW:
        return Chart(title, tuple(f"{v:,.6g}" for v in different), tuple(map(int, counts)))
    low, high = different[0], different[-1]
    grows = low > 0 and high / low > WIDE
    edges = np.geomspace(low, high, BARS + 1) if grows else np.linspace(low, high, BARS + 1)
    counts, edges = np.histogram(values, edges)
    labels = (f"{a:,.3g} to {b:,.3g}" for a, b in itertools.pairwise(edges))
    return Chart(title, tuple(labels), tuple(map(int, counts)))


def absent_by_class(manifest: Manifest) -> Mapping[str, Mapping[str, tuple[int, int]]]:
    """For each label of the first target that has such, "" for none: by input how many rows lack
    it, of how many."""
    absent = {
        name: (manifest.table[list(manifest.columns(name))] == "").all(axis=1).to_numpy()
        for name in manifest.inputs
    }
    named = [target for target in manifest.targets if manifest.kind_of(target) in LABELS]
    labels = np.array(manifest.cells(named[0]) if named else ["all"] * len(manifest), object)
    order = [label for label, _ in Counter(labels).most_common()]
    return {
        label: {
            name: (int(of[labels == label].sum()), int((labels == label).sum()))
            for name, of in absent.items()
        }
        for label in order[:SHOWN]
    }
