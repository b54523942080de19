"""What is to be explained: why an output says a label, or a number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops

from mmkeras.heads import HEADS
from mmkeras.heads.measures import number, reached
from mmkeras_edge.inputs import pick
from mmkeras_edge.outputs import PROBABILITIES, OutputSpec
from mmkeras_edge.readings import central

FAR = 1e4  # of a logit: its share of a softmax is then 0
LEAST = 1e-7  # a probability that is still told from 0, and from 1


@dataclass(frozen=True)
class Question:
    """An output of so many `values`, and one of its labels; a number has none."""

    output: str
    spec: OutputSpec
    label: str | None
    values: int

    @property
    def labels(self) -> tuple[str, ...]:
        return getattr(self.spec, "labels", ())

    @property
    def unit(self) -> str:
        """Of a number."""
        return getattr(self.spec, "unit", "")

    @property
    def place(self) -> int:
        """Of the label among the output's values; a number's own."""
        if self.label is None:
            levels = getattr(self.spec, "levels", None)
            return central(levels) if levels else 0
        return 0 if self.spec.kind == "binary" else self.labels.index(self.label)

    @property
    def no(self) -> bool:
        """Whether it is a binary output's no, whose probability is that of yes away from 1."""
        return self.spec.kind == "binary" and self.label == self.labels[0]

    def worth(self, outputs: np.ndarray) -> np.ndarray:
        """The label's probability, or the number in its unit: (N, values) -> (N,)."""
        values = outputs[:, self.place].astype(np.float64)
        return 1 - values if self.no else values

    @property
    def chosen(self) -> np.ndarray:
        """1 at the value that is asked about, else 0: float32 (values,)."""
        return np.eye(self.values, dtype=np.float32)[self.place]

    def score(self, outputs: Any, logits: Any, chosen: Any) -> Any:
        """Tensors (B, values) -> (B,): a number as it is, a label by its log-odds.

        Those do not flatten where the model is sure, and say what speaks for the label against the
        others. `logits` is what the output's layer reads; where that is no logit, as behind a late
        fusion, the odds are of the probabilities. `chosen` is as above, so that what is compiled
        for one label serves for all.
        """
        values = ops.sum(outputs * chosen, axis=1)
        if self.spec.kind not in PROBABILITIES:
            return values
        known = HEADS[self.spec.kind].logits and logits.shape == outputs.shape
        if known and self.spec.kind == "classify":
            others = ops.logsumexp(logits - FAR * chosen, axis=1)
            return ops.sum(logits * chosen, axis=1) - others
        odds = ops.sum(logits * chosen, axis=1) if known else _log_odds(values)
        return -odds if self.no else odds


def _log_odds(probability: Any) -> Any:
    p = ops.clip(probability, LEAST, 1 - LEAST)
    return ops.log(p) - ops.log(1 - p)


def ask(
    specs: Mapping[str, OutputSpec],
    answers: Mapping[str, np.ndarray],
    output: str | None = None,
    label: str | None = None,
) -> Question:
    """Why this label: by default what is said, of several labels the most probable, of the first
    output. `answers` are those to one sample, (1, values).

    Raises ValueError for an output or a label that there is not, and a label of a number.
    """
    output = next(iter(specs)) if output is None else output
    spec = pick(specs, output, "output")
    labels, values = getattr(spec, "labels", ()), answers[output]
    count = values.shape[1]
    if not labels:
        if label is not None:
            raise ValueError(f"the output {output!r} is a number and has no label {label!r}")
        return Question(output, spec, None, count)
    if label is None:
        binary = spec.kind == "binary"
        label = labels[int(reached(spec, values)[0, 0] if binary else values[0].argmax())]
    pick(dict.fromkeys(labels), label, f"label of {output!r}:")
    return Question(output, spec, label, count)


def said(spec: OutputSpec, values: np.ndarray) -> dict[str, float]:
    """Every label with its probability, best first, or the number under "": of (values,)."""
    labels = getattr(spec, "labels", ())
    if not labels:
        return {"": float(number(spec, values[None])[0])}
    each = values.astype(np.float64)
    if spec.kind == "binary":
        each = np.array([1 - each[0], each[0]])
    order = np.argsort(-each, kind="stable")
    return {labels[i]: float(each[i]) for i in order}
