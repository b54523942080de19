"""What the model is, and how its training went."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mmkeras.pages.document import e
from mmkeras.pages.plot import Axis, Line, plot
from mmkeras.progress import in_words
from mmkeras.training import Training

if TYPE_CHECKING:
    from mmkeras.reporting.result import Report

HARDER = (
    "Training figures are of varied samples, under dropout and with inputs taken away; those of "
    "the validation rows are not, and may well be better."
)

ALWAYS = ("batch_size", "learning_rate", "weight_decay", "augment", "seed")  # levers


def about_training(report: Report) -> str:
    """The levers that were moved, and the figures epoch by epoch."""
    facts = "".join(f"<dt>{e(name)}</dt><dd>{e(of)}</dd>" for name, of in told(report).items())
    plots = "".join(_plots(report.run.history))
    note = f"<p class='quiet'>{HARDER}</p>" if plots else ""
    return f'<dl>{facts}</dl><div class="plots">{plots}</div>{note}'


def told(report: Report) -> dict[str, str]:
    """What the run knows of its making."""
    about = report.run.about
    training, host, packages = (about.get(n, {}) for n in ("training", "host", "versions"))
    devices = host.get("devices") or [
        f"{host.get('machine', 'CPU')}, {host.get('cores', '?')} cores"
    ]
    made = [
        f"{name} {packages[name]}"
        for name in ("mmkeras", "keras", "tensorflow")
        if name in packages
    ]
    facts = {
        "epochs": str(about.get("epochs", len(next(iter(report.run.history.values()), ())))),
        "levers": _levers(training),
        "sampled": "; ".join(_sampled(about.get("sampled", {}))),
        "time": in_words(about["seconds"]) if "seconds" in about else "",
        "on": ", ".join(map(str, devices)),
        "made with": ", ".join(made),
        "revision": str(about.get("git") or ""),
    }
    return {name: value for name, value in facts.items() if value}


def _levers(training: Mapping[str, Any]) -> str:
    """Those that everybody asks for, and each other one that was moved."""
    usual = dataclasses.asdict(Training())
    moved = [n for n, of in training.items() if n in usual and _word(of) != _word(usual[n])]
    shown = [name for name in dict.fromkeys((*ALWAYS, *moved)) if name in training]
    return ", ".join(f"{name.replace('_', ' ')} {_word(training[name])}" for name in shown)


def _sampled(sampled: Mapping[str, Mapping[str, Sequence[float]]]) -> Iterator[str]:
    """What balanced sampling makes of the rarest label of each output."""
    for output, shares in sampled.items():
        label = min(shares, key=lambda each: shares[each][0])
        rows, epoch = shares[label]
        yield f"{output} {label}, the rarest: {rows:.1%} of the rows, {epoch:.1%} of an epoch"


def _word(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _plots(history: Mapping[str, Any]) -> list[str]:
    """A figure for the loss, and one for each output's that was also measured on other rows."""
    shown = [name for name in history if f"val_{name}" in history]
    # With several outputs, the loss of each is part of the whole one.
    shown = [name for name in shown if name == "loss" or not name.endswith("_loss")]
    plots = []
    for name in sorted(shown, key=lambda of: of != "loss"):
        both = {"training": history[name], "validation": history[f"val_{name}"]}
        lines = [
            Line(what, list(enumerate(map(float, of), 1)), place, dots=len(of) < 30)
            for place, (what, of) in enumerate(both.items())
        ]
        plots.append(plot(name.replace("_", " "), lines, Axis("epoch", whole=True), Axis("")))
    return plots
