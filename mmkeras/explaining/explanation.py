"""Why a model answers as it does to one sample: marks, contributions, attention."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmkeras.explaining.attention import Attention
from mmkeras.explaining.contributions import Contributions
from mmkeras.explaining.marks import Mark
from mmkeras.explaining.question import Question
from mmkeras.explaining.sample import Sample
from mmkeras.explaining.sound import write_sounds
from mmkeras.insight.plain import plain
from mmkeras.plain_file import write_json
from mmkeras.targets import labels_in
from mmkeras_edge.outputs import PROBABILITIES
from mmkeras_edge.readings import digits

if TYPE_CHECKING:
    from mmkeras.canvas import Canvas

PICTURE, PLAIN = "explanation.png", "explanation.json"
DPI = 130


@dataclass(frozen=True, eq=False)
class Explanation:
    """`answers` are labels with their probabilities, best first, or a number under ""; `others`
    what the other outputs say. `marks` are of the inputs that are there."""

    question: Question
    sample: Sample
    answers: Mapping[str, float]
    others: Mapping[str, str]
    contributions: Contributions
    marks: tuple[Mark, ...]
    attention: Attention | None
    specs: Mapping[str, Any]  # of the inputs

    @property
    def probable(self) -> bool:
        """Whether it is about a probability, not a number."""
        return self.question.spec.kind in PROBABILITIES

    @property
    def told(self) -> str:
        """The answer that is explained, in words."""
        if not self.probable:
            return self.figure_of(self.contributions.whole)
        return f"{self.question.label}, {self.figure_of(self.contributions.whole)}"

    @property
    def truth(self) -> str | None:
        """What the manifest says, where it does."""
        return self.sample.truth.get(self.question.output)

    @property
    def right(self) -> bool | None:
        """Whether the label is the true one, or among them; None for a number."""
        if self.truth is None or not self.probable:
            return None
        return self.question.label in labels_in(self.truth, self.question.spec.kind)

    def figure_of(self, value: float) -> str:
        """A probability or a number in its unit, for people."""
        if self.probable:
            return f"{value:.0%}"
        return f"{digits(value)} {self.question.unit}".strip()

    def change_of(self, value: float) -> str:
        """What is added to one, with its sign."""
        if self.probable:
            return f"{100 * value:+.0f} points"
        sign = "-" if value < 0 else "+"
        return f"{sign}{digits(abs(value))} {self.question.unit}".strip()

    def sentence(self) -> str:
        """The whole in words, for who cannot see the picture."""
        found = self.contributions
        added = sorted(found.inputs.items(), key=lambda each: -abs(each[1]))
        said = [
            f"{self.question.output}: {self.told} ({self.figure_of(found.nothing)} without any)"
        ]
        said += [", ".join(f"{name} {self.change_of(value)}" for name, value in added)]
        for mark in self.marks:
            best = [f"{name!r}" for name, _ in mark.best[:3]]
            if best:
                said.append(f"in {mark.name} most by {', '.join(best)}")
        return "; ".join(said)

    def figure(self) -> Canvas:
        """The picture, to be looked at or saved."""
        from mmkeras.explaining.picture import draw

        return draw(self)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "output": self.question.output,
            "label": self.question.label,
            "sentence": self.sentence(),
            "sample": self.sample.title,
            "inputs": {name: _source(of) for name, of in self.sample.sources.items()},
            "truth": self.truth,
            "answers": plain(self.answers),
            "others": dict(self.others),
            "contributions": plain(self.contributions),
            "marks": {mark.name: _mark(mark) for mark in self.marks},
            "attention": None if self.attention is None else plain(self.attention),
        }

    def save(self, folder: str | os.PathLike[str]) -> list[Path]:
        """Writes explanation.png, explanation.json and, of each sound, NAME-mattered.wav: what
        speaks for the answer, the rest silent. Each complete or not at all; gives their paths."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.figure().write(folder / PICTURE, DPI)
        write_json(folder / PLAIN, self.to_dict())
        return [folder / PICTURE, folder / PLAIN, *write_sounds(self, folder)]


def _source(source: Any) -> Any:
    """As a manifest has it; what is no path, text or record is told by its type."""
    if source is None or isinstance(source, str):
        return source
    if isinstance(source, tuple):
        return [_source(each) for each in source]
    if isinstance(source, Mapping):
        return {str(name): _source(each) for name, each in source.items()}
    return str(source) if isinstance(source, os.PathLike | int | float) else type(source).__name__


def _mark(mark: Mark) -> dict[str, Any]:
    """Without what the files of the inputs hold."""
    found = {"method": mark.method, "gap": mark.gap, "parts": list(mark.parts)}
    words = [
        {"text": w.text, "start": w.start, "end": w.end, "seen": bool(w.tokens)} for w in mark.words
    ]
    arrays = {"values": mark.values.round(6), "places": mark.places}
    return plain({**found, **({"words": words} if words else {}), **arrays})
