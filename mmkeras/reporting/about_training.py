"""What the model is, and how its training went."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mmkeras.pages.document import e
from mmkeras.pages.plot import Axis, Line, plot
from mmkeras.progress import in_words

if TYPE_CHECKING:
    from mmkeras.reporting.result import Report

HARDER = (
    "Training figures are of varied samples, under dropout and with inputs taken away; those of "
    "the validation rows are not, and may well be better."
)


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
    shown = ("batch_size", "learning_rate", "weight_decay", "augment", "seed")
    levers = [
        f"{name.replace('_', ' ')} {_word(training[name])}" for name in shown if name in training
    ]
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
        "levers": ", ".join(levers),
        "time": in_words(about["seconds"]) if "seconds" in about else "",
        "on": ", ".join(map(str, devices)),
        "made with": ", ".join(made),
        "revision": str(about.get("git") or ""),
    }
    return {name: value for name, value in facts.items() if value}


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
