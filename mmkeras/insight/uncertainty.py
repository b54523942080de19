"""Whether a model knows when it does not know: a limit under which it had better not answer, and
rows that are like none it has seen.

What is kept is, by what share is kept, the figure over the most certain rows; a limit that is
stored in a file makes its readings `sure` or not. Of strangers, AUROC is how often a row of the
data is more certain than a stranger. Of a run whose outputs have logits, their energy is one more
score. El-Yaniv and Wiener, JMLR 2010; Hendrycks and Gimpel, ICLR 2017; Liu et al., NeurIPS 2020.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.console import RenderableType

from mmkeras.heads import measures
from mmkeras.insight.energy import likenesses
from mmkeras.insight.merit import assurances, right
from mmkeras.insight.noise import NOISES
from mmkeras.insight.plain import figure, grid, plain, titled
from mmkeras.insight.robustness import disturbed
from mmkeras.insight.subject import Known, Subject
from mmkeras.prepare import Prepared

SHARES = (1.0, 0.95, 0.9, 0.8, 0.7, 0.5)  # of the rows that are kept
KEPT = 0.95  # of the data's own rows, where strangers are turned away
POINTS = 100


@dataclass(frozen=True)
class Kept:
    """The most certain rows: how many, from which assurance on, and the figure over them."""

    share: float
    limit: float  # a probability, or how wide an interval may be
    figure: float


@dataclass(frozen=True)
class Score:
    """One way to tell certain answers: how often it ranks a right one above a wrong one, and a row
    of the data above a stranger; `passing` is the share of strangers that pass a limit which 95
    percent of the data pass, and that limit. None where there are none."""

    name: str
    tells_wrong: float | None
    tells_strangers: float | None = None
    passing: float | None = None
    limit: float | None = None


@dataclass(frozen=True)
class Uncertainty:
    """An output's assurance; `kept` are some points of the curve by the first score."""

    measure: str
    scores: tuple[Score, ...]
    kept: tuple[Kept, ...]
    curve: tuple[tuple[float, float], ...]  # share kept, figure
    strangers: str  # what they are

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return plain(self)

    def limit(self, share: float) -> float:
        """The assurance that so many rows have: for `unsure_below` or `unsure_above`."""
        return min(self.kept, key=lambda each: abs(each.share - share)).limit

    def table(self, title: str) -> RenderableType:
        """For a terminal."""
        head = f"{title}: {self.measure.replace('_', ' ')} of what is kept"
        table = grid(right=("kept", "from", ""))
        for each in self.kept:
            table.add_row(f"{each.share:.0%}", figure(each.limit), figure(each.figure))
        said = [
            f"{score.name}: right above wrong {figure(score.tells_wrong)}, rows above strangers "
            f"{figure(score.tells_strangers)}"
            + (f", {score.passing:.0%} of them pass" if score.passing is not None else "")
            for score in self.scores
        ]
        return titled(head, table, *said, f"strangers are {self.strangers}")


def uncertainty(subject: Subject) -> dict[str, Uncertainty]:
    """Of each output that tells how certain it is; strangers are the rows `outside`, or the rows
    themselves under the strongest noise in every input."""
    outside = subject.options.outside
    what = "the rows outside" if outside is not None else "the same rows, all inputs under noise"
    strange = outside if outside is not None else drowned(subject)
    answers = subject.model.predict(strange)
    alike, strangely = (likenesses(subject.model, rows) for rows in (subject.data, strange))
    found = {}
    for known in subject.every():
        scores = assurances(known.spec, known.outputs)
        others = assurances(known.spec, answers[known.name])
        if known.name in alike:
            scores["energy"] = alike[known.name][known.rows]
            others["energy"] = strangely[known.name]
        if scores:
            told = tuple(_score(known, name, of, others[name]) for name, of in scores.items())
            kept, curve = _kept(known, next(iter(scores.values())))
            found[known.name] = Uncertainty(known.measure.name, told, kept, curve, what)
    return found


def drowned(subject: Subject) -> Prepared:
    """The rows under the first noise of each kind, at its strongest, in every input."""
    data = subject.fewer.data
    for name, spec in data.recipe.specs.items():
        noise, kind = next((n, k) for n, k in NOISES[spec.kind].items() if n != "blur")
        data = disturbed(data, name, noise, kind.levels[-1], subject.options.seed)
    return data


def _score(known: Known, name: str, here: np.ndarray, there: np.ndarray) -> Score:
    good = right(known.spec, known.truth, known.outputs)
    wrong = None if good is None else _auroc(here[good], here[~good])
    limit = float(np.quantile(here, 1 - KEPT))
    passing = float((there >= limit).mean()) if len(there) else None
    return Score(name, wrong, _auroc(here, there), passing, limit)


def _auroc(above: np.ndarray, below: np.ndarray) -> float | None:
    if not len(above) or not len(below):
        return None
    truth = np.concatenate([np.ones(len(above)), np.zeros(len(below))])[:, None]
    return measures.auc(None, truth, np.concatenate([above, below])[:, None])


def _kept(
    known: Known, score: np.ndarray
) -> tuple[tuple[Kept, ...], tuple[tuple[float, float], ...]]:
    order = np.argsort(-score, kind="stable")

    def over(count: int) -> float:
        rows = order[:count]
        return known.measure.of(known.spec, known.truth[rows], known.outputs[rows])

    count = len(order)
    kept = []
    for share in SHARES:
        here = max(round(share * count), 1)
        limit = abs(float(score[order[here - 1]])) if share < 1 else 0.0
        kept.append(Kept(share, limit, over(here)))
    counts = np.unique(np.linspace(max(count / POINTS, 1), count, POINTS).round().astype(int))
    return tuple(kept), tuple((int(here) / count, over(int(here))) for here in counts)
