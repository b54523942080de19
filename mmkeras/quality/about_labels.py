"""Findings of labels: typos, classes that are too rare, classes that outweigh the others."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from mmkeras.manifest import Manifest
from mmkeras.quality.finding import Finding, finding
from mmkeras.quality.groups import normalised
from mmkeras.targets import LABELS, SEPARATOR, labels_in

TIMES = 20  # as many rows as a typo has the label that was meant, at least
ALIKE = 0.65  # of difflib: "cta" and "cat" are 0.67 alike
FEW = 10  # rows of a class
UNEVEN = 10  # times as many rows as the rarest class
LOOKED_AT = 1_000  # labels, the rarest and the most frequent


def about_labels(manifest: Manifest, target: str) -> Iterator[Finding]:
    """All that is known of a target's labels on their own."""
    kind = manifest.kind_of(target)
    if kind not in LABELS:
        return
    column = manifest.targets[target]
    cells = [labels_in(cell, kind) for cell in manifest.cells(target)]
    counts = Counter(label for labels in cells for label in labels)
    lines = np.array(manifest.lines)
    meant = typos(counts)
    for rare, frequent in meant.items():
        rows = [row for row, labels in enumerate(cells) if rare in labels]
        mended = {
            int(lines[row]): SEPARATOR.join(meant.get(label, label) for label in cells[row])
            for row in rows
        }
        more = f"{rare!r} ({counts[rare]}) next to {frequent!r} ({counts[frequent]})"
        yield finding("label_typo", column, lines[rows], more, cells=mended)
    for rare, frequent in meant.items():
        counts[frequent] += counts.pop(rare)
    yield from _shares(column, counts, cells, lines)


def _shares(
    column: str, counts: Counter, cells: list[list[str]], lines: np.ndarray
) -> Iterator[Finding]:
    few = {label: count for label, count in counts.items() if count < FEW}
    if few and len(counts) > 1:
        rows = [row for row, labels in enumerate(cells) if any(label in few for label in labels)]
        shown = ", ".join(f"{label} {count}" for label, count in sorted(few.items())[:9])
        yield finding("rare_class", column, lines[rows], shown)
    often = counts.most_common()
    if len(often) > 1 and often[0][1] >= UNEVEN * often[-1][1]:
        (most, count), (least, fewest) = often[0], often[-1]
        rows = [row for row, labels in enumerate(cells) if most in labels]
        yield finding("imbalance", column, lines[rows], f"{most} {count}, and {least} {fewest}")


def typos(counts: Mapping[str, int]) -> dict[str, str]:
    """Labels that are spelled almost like another that many more rows have, and that other.

    >>> typos({"cat": 812, "cta": 1, "Cat ": 40, "cow": 2, "dog": 700})
    {'Cat ': 'cat', 'cta': 'cat'}
    >>> typos({"class 1": 900, "class 2": 3})
    {}

    Those that differ in case or spaces alone whatever their number, others where the frequent one
    has `TIMES` as many rows and they differ in more than digits.
    """
    often = sorted(counts, key=lambda label: -counts[label])
    first: dict[str, str] = {}
    found = {}
    for label in often:
        key = normalised(label)
        if key and key in first:
            found[label] = first[key]
        first.setdefault(key, label)
    frequent = [label for label in often[:LOOKED_AT] if label not in found]
    for rare in often[::-1][:LOOKED_AT]:
        if rare in found or len(rare) < 3:
            continue
        meant = {normalised(o): o for o in frequent if counts[o] >= TIMES * counts[rare]}
        right = _meant(normalised(rare), meant)
        if right is not None:
            found[rare] = meant[right]
    return found


def _meant(rare: str, frequent: Iterable[str]) -> str | None:
    """The one of the frequent labels that this is a slip of; None where several may be meant.

    Names with a number or a letter of their own, as "tone a" and "tone b", are meant to be alike.
    """
    close = difflib.get_close_matches(rare, frequent, n=3, cutoff=ALIKE)
    close = [label for label in close if _letters(label) != _letters(rare)]
    swapped = [label for label in close if sorted(label) == sorted(rare)]
    if len(swapped or close) != 1:
        return None
    (label,) = swapped or close
    return label


def _letters(label: str) -> list[str]:
    """What is left of a label without digits and without words of a letter."""
    words = "".join(c for c in label if not c.isdigit()).split()
    return [word for word in words if len(word) > 1]
