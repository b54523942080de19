"""What each input brings: alone, left out, dealt anew, row by row, and for which price."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.console import RenderableType

from mmkeras.insight.coalitions import Answers, answers_of
from mmkeras.insight.intervals import LEVEL, Draws, Span
from mmkeras.insight.merit import merits
from mmkeras.insight.plain import figure, grid, plain, titled
from mmkeras.insight.removal import shuffled
from mmkeras.insight.shapley import MOST, interactions, shapley
from mmkeras.insight.subject import Known, Saved, Subject
from mmkeras.insight.weighted import weighted

SHUFFLES = 3  # a permutation's figure is the mean of so many


@dataclass(frozen=True)
class Modality:
    """Figures of one input: with nothing else, with all else, with all but dealt anew; `adds` is
    what all inputs have over all but this one, better is above 0, with its interval.

    `contribution` is its share of what all inputs bring, by Shapley; `trained_alone` and
    `trained_without` are of models that were trained so.
    """

    name: str
    alone: float
    left_out: float
    permuted: float
    adds: float
    interval: Span
    contribution: float | None
    trained_alone: float | None = None
    trained_without: float | None = None
    saves: Saved | None = None


@dataclass(frozen=True)
class Contribution:
    """A row of the manifest: how good its answer is with all inputs, with none, and what each
    added: see `mmkeras.insight.merit`."""

    line: int
    whole: float
    nothing: float
    inputs: dict[str, float]


@dataclass(frozen=True)
class Modalities:
    """An output's figure with all inputs, with the mean answer for each row, and what each brings.

    `synergy` is by pair of inputs what they are worth together beyond what both bring apart.
    """

    measure: str
    higher: bool  # is better
    unit: str
    whole: float
    nothing: float
    inputs: tuple[Modality, ...]
    synergy: dict[str, float]
    rows: tuple[Contribution, ...]

    @property
    def beyond_best(self) -> float:
        """What all inputs have over the best one alone, better is above 0."""
        sign = 1 if self.higher else -1
        return min(sign * (self.whole - each.alone) for each in self.inputs)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        sentences = [self.sentence(each.name) for each in self.inputs]
        return {**plain(self), "beyond_best": plain(self.beyond_best), "sentences": sentences}

    def sentence(self, name: str) -> str:
        """What an input brings and costs, in words."""
        one = next(each for each in self.inputs if each.name == name)
        change, trained = one.adds, one.trained_without
        if trained is not None:
            change = (self.whole - trained) * (1 if self.higher else -1)
        said = f"{name} {self._change(change)} {self.measure.replace('_', ' ')}"
        if trained is not None:
            said += " over a model trained without it"
        elif one.interval.low <= 0 <= one.interval.high:
            said += f" ({self._span(one.interval)}: perhaps nothing)"
        else:
            said += f" ({self._span(one.interval)})"
        if one.saves is None:
            return said
        return f"{said}; without it you save {one.saves.ms:.2f} ms and {one.saves.kb:,.0f} kB"

    def _change(self, change: float) -> str:
        if self.higher:
            word = "adds" if change >= 0 else "takes"
            return f"{word} {abs(100 * change):.1f} points of"
        word = "takes" if change >= 0 else "adds"
        return f"{word} {abs(change):.3g}{f' {self.unit}' if self.unit else ''} of"

    def _span(self, span: Span) -> str:
        scale = 100 if self.higher else 1
        return f"{scale * span.low:+.3g} to {scale * span.high:+.3g}"

    def table(self, title: str) -> RenderableType:
        """For a terminal."""
        name = self.measure.replace("_", " ")
        head = f"{title}: {name} {figure(self.whole)} with all inputs, {figure(self.nothing)} blind"
        heads = ["alone", "left out", "dealt anew", "Shapley", "trained alone", "trained without"]
        lines = [[m.alone, m.left_out, m.permuted, m.contribution] for m in self.inputs]
        asked = any(m.trained_alone is not None for m in self.inputs)
        for line, each in zip(lines, self.inputs, strict=True):
            line += [each.trained_alone, each.trained_without] if asked else []
        table = grid("input", right=heads[: 6 if asked else 4])
        for line, each in zip(lines, self.inputs, strict=True):
            table.add_row(each.name, *map(figure, line))
        pairs = ", ".join(f"{pair} {value:+.3f}" for pair, value in self.synergy.items())
        said = [self.sentence(each.name) for each in self.inputs]
        said += [f"together beyond apart: {pairs}"] if pairs else []
        return titled(head, table, *said)


def modalities(subject: Subject) -> dict[str, Modalities]:
    """Of each output, over at most `options.rows` rows; nothing for a single input."""
    subject = subject.fewer
    if len(subject.data.inputs) < 2:
        return {}
    answers = answers_of(subject)
    dealt = {name: _dealt(subject, name) for name in subject.data.inputs}
    prices = subject.options.prices
    saved = prices(subject.model) if prices is not None else {}
    found = {}
    for name in (known.name for known in subject.every()):
        by_choice = {these: subject.known(name, of[name]) for these, of in answers.items()}
        permuted = {
            source: float(np.mean([subject.known(name, of[name]).figure for of in each]))
            for source, each in dealt.items()
        }
        found[name] = _modalities(subject, by_choice, permuted, saved)
    return found


def _dealt(subject: Subject, name: str) -> list[Answers]:
    random = np.random.default_rng(subject.options.seed)
    return [subject.model.predict(shuffled(subject.data, name, random)) for _ in range(SHUFFLES)]


def _modalities(
    subject: Subject,
    answers: Mapping[frozenset[str], Known],
    permuted: Mapping[str, float],
    saved: Mapping[str, Saved],
) -> Modalities:
    names, every = list(subject.data.inputs), frozenset(subject.data.inputs)
    whole = answers[every]
    figures = {these: known.figure for these, known in answers.items()}
    sign = 1 if whole.measure.higher else -1
    few, trained = len(names) <= MOST, subject.options.trained
    shares = shapley(figures, names) if few else {}
    pairs = interactions(figures, names) if few else {}
    inputs = tuple(
        Modality(
            name,
            alone=figures[frozenset({name})],
            left_out=figures[every - {name}],
            permuted=permuted[name],
            adds=sign * (figures[every] - figures[every - {name}]),
            interval=_paired(subject, whole, answers[every - {name}]),
            contribution=sign * float(shares[name]) if few else None,
            trained_alone=trained.get(f"only {name}", {}).get(whole.name),
            trained_without=trained.get(f"without {name}", {}).get(whole.name),
            saves=saved.get(name),
        )
        for name in names
    )
    return Modalities(
        whole.measure.name,
        whole.measure.higher,
        getattr(whole.spec, "unit", ""),
        figures[every],
        figures[frozenset()],
        inputs,
        {" + ".join(pair): sign * float(value) for pair, value in pairs.items()},
        _by_row(subject, answers, names) if few else (),
    )


def _paired(subject: Subject, whole: Known, less: Known) -> Span:
    """The interval of what is lost, the same rows drawn for both."""
    options = subject.options
    draws = Draws(len(whole.rows), whole.groups, options.rounds, options.seed)
    sign, lost = (1 if whole.measure.higher else -1), []
    for weights in draws.batches():
        both = [weighted(k.measure, k.spec, k.truth, k.outputs, weights) for k in (whole, less)]
        lost.append(sign * (both[0] - both[1]))
    ends = np.nanquantile(np.concatenate(lost), ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    return Span(*map(float, ends))


def _by_row(
    subject: Subject, answers: Mapping[frozenset[str], Known], names: Sequence[str]
) -> tuple[Contribution, ...]:
    worth = {these: merits(k.spec, k.truth, k.outputs) for these, k in answers.items()}
    shares = shapley(worth, names)
    whole, nothing = worth[frozenset(names)], worth[frozenset()]
    lines = subject.data.manifest.lines
    rows = answers[frozenset(names)].rows
    return tuple(
        Contribution(
            lines[row],
            float(whole[i]),
            float(nothing[i]),
            {name: float(of[i]) for name, of in shares.items()},
        )
        for i, row in enumerate(rows)
    )
