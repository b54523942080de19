"""Whether explanations of a run hold: the deletion test over some dozens of samples."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mmkeras.explaining.deletion import POINTS, RANDOM_ORDER, Curves, deletion
from mmkeras.explaining.marks import mark
from mmkeras.explaining.question import ask
from mmkeras.explaining.sample import Usual, answer, of_line, usual_of
from mmkeras.explaining.scene import scene_of
from mmkeras.insight.intervals import Draws, Span, span_of
from mmkeras.insight.plain import figure, grid, plain
from mmkeras.insight.waiting import waiting
from mmkeras.plain_file import write_json
from mmkeras.run import Run
from mmkeras.run import load as load_run
from mmkeras_edge.outputs import PROBABILITIES

if TYPE_CHECKING:
    from rich.table import Table

    from mmkeras.canvas import Canvas
    from mmkeras.manifest import Manifest

SAMPLES = 48
PICTURE, PLAIN = "check.png", "check.json"
DPI = 120


@dataclass(frozen=True)
class Held:
    """One input and one method, the mean over so many samples: the answer's probability, or its
    number, over the share that was taken away, where it was marked and at random. `area` is between
    the two curves, above 0 where the marks are better, with its interval of 95 percent; `better` is
    the share of samples in which they are."""

    input: str
    method: str
    samples: int
    marked: tuple[float, ...]
    random: tuple[float, ...]
    area: float
    interval: Span
    better: float

    @property
    def holds(self) -> bool:
        """Whether the marks are better than chance, as far as these samples can tell."""
        return self.interval.low > 0


@dataclass(frozen=True)
class Check:
    """The deletion test of one output, by input and method. `unit` is a number's, "" where it has
    none; None where the answer is a probability."""

    output: str
    each: tuple[Held, ...]
    unit: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        each = [{**plain(held), "holds": held.holds} for held in self.each]
        shares = [float(share) for share in np.linspace(0, 1, POINTS)]
        return {"output": self.output, "unit": self.unit, "shares": shares, "each": each}

    def table(self) -> Table:
        """For a terminal."""
        table = grid("input", "method", right=("samples", "area", "95%", "better in"))
        for held in self.each:
            span = f"{held.interval.low:.3f} to {held.interval.high:.3f}"
            row = str(held.samples), figure(held.area), span, f"{held.better:.0%}"
            table.add_row(held.input, held.method, *row)
        return table

    def figure(self) -> Canvas:
        """The curves, a panel an input."""
        from mmkeras.explaining.check_picture import draw_check

        return draw_check(self)

    def save(self, folder: str | os.PathLike[str]) -> list[Path]:
        """Writes check.png and check.json, each complete or not at all; gives their paths."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.figure().write(folder / PICTURE, DPI)
        write_json(folder / PLAIN, self.to_dict())
        return [folder / PICTURE, folder / PLAIN]


def check(
    run: Run | str | os.PathLike[str],
    rows: Manifest | str | os.PathLike[str] | None = None,
    samples: int = SAMPLES,
    output: str | None = None,
    seed: int = 0,
    usual: Usual | None = None,
) -> Check:
    """The deletion test over some rows, drawn at random, of the run's test rows or of `rows`.

    Each is asked about the label that the run says. Intervals are drawn by the manifest's group.
    """
    run = run if isinstance(run, Run) else load_run(run)
    usual = usual_of(run, rows) if usual is None else usual
    manifest = _test_rows(run) if rows is None else _given(run, rows)
    random = np.random.default_rng(seed)
    chosen = np.sort(random.choice(len(manifest), min(samples, len(manifest)), replace=False))
    found: dict[tuple[str, str], list[Curves]] = {}
    groups: dict[tuple[str, str], list[str]] = {}
    for row in waiting([int(place) for place in chosen], "samples"):
        group = manifest.groups[row]
        for name, curves in _of_sample(usual, manifest, manifest.lines[row], output).items():
            for method in curves:
                if method != RANDOM_ORDER:
                    found.setdefault((name, method), []).append(curves)
                    groups.setdefault((name, method), []).append(group)
    output = next(iter(run.specs)) if output is None else output
    each = [_held(*key, curves, groups[key], seed) for key, curves in found.items()]
    order = list(run.recipe.inputs)
    each.sort(key=lambda held: order.index(held.input))
    spec = run.specs[output]
    unit = None if spec.kind in PROBABILITIES else getattr(spec, "unit", "")
    return Check(output, tuple(each), unit)


def _test_rows(run: Run) -> Manifest:
    try:
        return run.rows("test")
    except ValueError as error:
        raise ValueError(f"{error}; name rows: --data, rows=") from error


def _given(run: Run, rows: Manifest | str | os.PathLike[str]) -> Manifest:
    from mmkeras.manifest import Manifest

    return rows if isinstance(rows, Manifest) else run.manifest(rows)


def _of_sample(
    usual: Usual, manifest: Manifest, line: int, output: str | None
) -> Mapping[str, Curves]:
    """By input that the row has."""
    sample = of_line(usual.run, manifest, line)
    question = ask(usual.run.specs, answer(usual.run, sample.feed), output)
    scenes = {name: scene_of(usual, sample, question, name) for name in sample.present}
    return {name: deletion(scene, mark(scene), line) for name, scene in scenes.items()}


def _held(
    name: str, method: str, curves: Sequence[Curves], groups: Sequence[str], seed: int
) -> Held:
    marked = np.array([of[method] for of in curves])
    random = np.array([of[RANDOM_ORDER] for of in curves])
    areas = np.trapezoid(random - marked, dx=1 / (POINTS - 1), axis=1)
    draws = Draws(len(areas), groups, seed=seed)
    means = [weights @ areas / weights.sum(axis=1) for weights in draws.batches()]
    return Held(
        name,
        method,
        len(areas),
        tuple(map(float, marked.mean(axis=0))),
        tuple(map(float, random.mean(axis=0))),
        float(areas.mean()),
        span_of(np.concatenate(means), draws.units()),
        float((areas > 0).mean()),
    )
