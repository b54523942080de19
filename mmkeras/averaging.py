"""The best epochs of a training: kept as it goes, and averaged at its end."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

Weights = list[np.ndarray]  # as `model.get_weights()` gives them


class Soup(NamedTuple):
    """Averaged weights, their score, and the places of those that went into them, 0 the best."""

    weights: Weights
    score: float
    taken: tuple[int, ...]


def greedy_soup(candidates: Iterable[Weights], score: Callable[[Weights], float]) -> Soup:
    """Their mean, each taken if with it the mean scores no lower on the validation rows.

    Recipe 1 of Wortsman et al., "Model soups", ICML 2022, over epochs of one training as over its
    fine-tuned models. `candidates` come best first, so that the soup is never worse than the best
    alone; at most three of them are in memory. Whole numbers (states of random layers, counters)
    have no mean: they stay those of the best. Raises ValueError for no candidates, and for one of
    another shape.
    """
    mean: Weights = []
    best = float("nan")
    taken: list[int] = []
    for place, weights in enumerate(candidates):
        trial = _stirred(mean, weights, len(taken)) if taken else weights
        reached = score(trial)
        if not taken or reached >= best:
            mean, best = trial, reached
            taken.append(place)
    if not taken:
        raise ValueError("a soup wants the weights of at least one epoch. Received: none")
    return Soup(mean, best, tuple(taken))


def _stirred(mean: Weights, weights: Weights, count: int) -> Weights:
    """The mean of `count` weights and one more."""
    shapes = [[array.shape for array in arrays] for arrays in (mean, weights)]
    if shapes[0] != shapes[1]:
        raise ValueError(f"wanted weights of the shapes {shapes[0]}. Received: {shapes[1]}")
    return [
        (old + (new - old) / (count + 1)).astype(old.dtype)
        if np.issubdtype(old.dtype, np.floating)
        else old
        for old, new in zip(mean, weights, strict=True)
    ]


class Kept(NamedTuple):
    """An epoch that is among the best; in memory it has its weights with it."""

    score: float
    epoch: int
    weights: Weights | None


class Best:
    """The `k` best epochs' weights, higher scores first, of two alike the earlier.

    With a `folder` they lie there, one `.npz` an epoch, each complete or not there; a `Best` of
    the same folder goes on with them.
    """

    def __init__(self, k: int, folder: str | os.PathLike[str] | None = None):
        if k < 1:
            raise ValueError(f"how many epochs are kept is 1 or more. Received: {k}")
        self._k = k
        self._folder = None if folder is None else Path(folder)
        self._kept: list[Kept] = []
        if self._folder is not None and self._folder.is_dir():
            for part in self._folder.glob(".*.part"):  # what a crash left half written
                part.unlink()
            self._kept = sorted(map(_entry, self._folder.glob("epoch-*.npz")), key=_order)
            self._cut()

    def offer(self, score: float, epoch: int, weights: Sequence[np.ndarray]) -> bool:
        """Whether the epoch is among the best so far; then it is kept.

        An epoch that was offered before, as after a resume, is replaced. NaN is never kept.
        """
        others = [kept for kept in self._kept if kept.epoch != epoch]
        new = Kept(float(score), epoch, None)
        kept = sorted([*others, new], key=_order)[: self._k]
        if np.isnan(score) or new not in kept:
            if len(others) < len(self._kept) and self._folder is not None:
                self._path(epoch).unlink()
            self._kept = others
            return False
        if self._folder is None:
            new = new._replace(weights=[np.array(array) for array in weights])
        else:
            _write(self._path(epoch), score, weights)
        self._kept = sorted([*others, new], key=_order)
        self._cut()
        return True

    @property
    def epochs(self) -> tuple[int, ...]:
        """Those that are kept, the best first; counted from 0."""
        return tuple(kept.epoch for kept in self._kept)

    @property
    def scores(self) -> tuple[float, ...]:
        """Of `epochs`."""
        return tuple(kept.score for kept in self._kept)

    def weights(self, place: int = 0) -> Weights:
        """Of the best epoch, or of the one at a later place. IndexError where there is none."""
        kept = self._kept[place]
        if kept.weights is not None:
            return [np.array(array) for array in kept.weights]
        with np.load(self._path(kept.epoch), allow_pickle=False) as file:
            return [file[f"{i}"] for i in range(len(file.files) - 1)]

    def __iter__(self) -> Iterator[Weights]:
        """All weights, the best first, read when they are asked for: what `greedy_soup` takes."""
        return (self.weights(place) for place in range(len(self)))

    def __len__(self) -> int:
        return len(self._kept)

    def _cut(self) -> None:
        while len(self._kept) > self._k:
            worst = self._kept.pop()
            if self._folder is not None:
                self._path(worst.epoch).unlink(missing_ok=True)

    def _path(self, epoch: int) -> Path:
        assert self._folder is not None
        return self._folder / f"epoch-{epoch:04d}.npz"


def _order(kept: Kept) -> tuple[float, int]:
    return -kept.score, kept.epoch


def _entry(path: Path) -> Kept:
    with np.load(path, allow_pickle=False) as file:
        score = float(file["score"])
    return Kept(score, int(re.findall(r"\d+", path.stem)[-1]), None)


def _write(path: Path, score: float, weights: Sequence[np.ndarray]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    arrays: dict[str, Any] = {str(i): array for i, array in enumerate(weights)}
    with open(part, "wb") as file:
        np.savez(file, score=np.array(float(score)), **arrays)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)
