"""How a model bears noise, input by input, and what is left when inputs are absent; a file beside
Keras, on the very same disturbed rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.console import RenderableType

from mmkeras.insight.noise import ABSENCE, NOISES, Noise
from mmkeras.insight.plain import figure, grid, plain, titled
from mmkeras.insight.removal import changed, with_column
from mmkeras.insight.subject import Subject
from mmkeras.insight.waiting import waiting
from mmkeras.prepared import ABSENT, Column, Prepared
from mmkeras_edge.inputs import load_input
from mmkeras_edge.text import read_tokenizer


@dataclass(frozen=True)
class Curve:
    """An output's figure under one kind of noise in one input, by level, the mildest first."""

    input: str
    noise: str
    unit: str
    levels: tuple[float, ...]
    figures: tuple[float, ...]
    beside: tuple[float, ...] | None  # of the file


@dataclass(frozen=True)
class Robustness:
    """Curves of an output, beside its figure on undisturbed rows."""

    measure: str
    higher: bool  # is better
    clean: float
    clean_beside: float | None
    rows: int
    curves: tuple[Curve, ...]

    def lost(self, curve: Curve) -> float:
        """By how much the figure is worse than the undisturbed one, in the mean of the levels."""
        sign = 1 if self.higher else -1
        return sign * (self.clean - sum(curve.figures) / len(curve.figures))

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return plain(self)

    def table(self, title: str) -> RenderableType:
        """For a terminal; of two figures the second is the file's."""
        beside = "" if self.clean_beside is None else f", the file {figure(self.clean_beside)}"
        head = f"{title}: {self.measure.replace('_', ' ')} {figure(self.clean)}{beside} undisturbed"
        table = grid("input", "noise", right=[f"level {level}" for level in range(1, 6)])
        for each in self.curves:
            others = each.beside or (None,) * len(each.figures)
            cells = [
                figure(here) + ("" if there is None else f" | {figure(there)}")
                for here, there in zip(each.figures, others, strict=True)
            ]
            table.add_row(each.input, f"{each.noise}, {each.unit}", *cells)
        return titled(f"{head}, {self.rows} rows", table)


def robustness(subject: Subject) -> dict[str, Robustness]:
    """Of each output, over at most `options.rows` rows."""
    subject = subject.fewer
    beside = subject.options.beside
    clean = beside.predict(subject.data) if beside else None
    figures: dict[str, list[Curve]] = {known.name: [] for known in subject.every()}
    cases = list(_cases(subject.data))
    for name, kind, noise in waiting(cases, "noise"):
        seen: dict[str, list[tuple[float, float | None]]] = {output: [] for output in figures}
        for level in noise.levels:
            rows = disturbed(subject.data, name, kind, level, subject.options.seed)
            answers = subject.model.predict(rows)
            others = beside.predict(rows) if beside else None
            for output in figures:
                figure_here = subject.known(output, answers[output]).figure
                figure_there = _of_file(subject, output, others) if others else None
                seen[output].append((figure_here, figure_there))
        for output, pairs in seen.items():
            here = tuple(pair[0] for pair in pairs)
            there = tuple(pair[1] for pair in pairs if pair[1] is not None) or None
            curve = Curve(name, kind, noise.unit, noise.levels, here, there)
            figures[output].append(curve)
    return {
        known.name: Robustness(
            known.measure.name,
            known.measure.higher,
            known.figure,
            _of_file(subject, known.name, clean) if clean else None,
            len(known.rows),
            tuple(figures[known.name]),
        )
        for known in subject.every()
    }


def _of_file(subject: Subject, output: str, answers: Mapping[str, np.ndarray]) -> float:
    """By its own threshold."""
    assert subject.options.beside is not None
    spec = subject.options.beside.specs[output]
    return subject.known(output, answers[output], spec).figure


def _cases(data: Prepared) -> Iterator[tuple[str, str, Noise]]:
    for name, spec in data.recipe.specs.items():
        for kind, noise in NOISES[spec.kind].items():
            yield name, kind, noise
        if name in data.optional:
            yield name, "absent", ABSENCE


def disturbed(data: Prepared, name: str, noise: str, level: float, seed: int = 0) -> Prepared:
    """The same rows with noise in one input, or with it absent in some; the same each time."""
    column, spec = data.inputs[name], data.recipe.specs[name]
    random = np.random.default_rng([seed, *noise.encode()])
    if noise == "absent":
        there = random.random(len(data)) >= level / 100
        return with_column(data, name, Column(column.values, np.where(there, column.index, ABSENT)))
    kind = NOISES[spec.kind][noise]
    if spec.kind != "text":
        values = kind.of(column.take(np.arange(len(data))), level, random, spec)
        return with_column(data, name, changed(column, values))
    assert data.tokenizer_json is not None  # the texts have become tokens by one
    tokenizer = read_tokenizer(data.tokenizer_json)
    texts = [text or "" for text in data.manifest.column(name)]
    ids = [load_input(text, spec, tokenizer) for text in kind.of(texts, level, random, spec)]
    return with_column(data, name, changed(column, np.stack(ids)))
