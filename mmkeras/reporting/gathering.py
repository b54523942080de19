"""A report is gathered once: rows, figures, files, explanations. What fails is said, not hidden."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rich.console import Console

from mmkeras.evaluation import Evaluation, evaluate
from mmkeras.insight.subject import Options
from mmkeras.manifest import Manifest
from mmkeras.opening import load
from mmkeras.prepare import Prepared
from mmkeras.progress import in_words
from mmkeras.reporting.files import File, open_file
from mmkeras.reporting.result import WORDS, Explained, Report
from mmkeras.reporting.samples import explained
from mmkeras.run import Run
from mmkeras.splits import SPLITS
from mmkeras_edge.inputs import pick

QUICK = ("classes", "calibration", "residuals", "modalities", "gallery")
FULL = (*QUICK, "curves", "thresholds", "decisions", "slices", "robustness", "uncertainty")
QUICK_ROWS = 200  # that answer again and again where it is to be quick


@dataclass(frozen=True)
class _Found:
    """What is found on the way."""

    gaps: dict[str, str] = field(default_factory=dict)
    begun_s: float = field(default_factory=time.monotonic)
    console: Console = field(default_factory=lambda: Console(stderr=True))

    def says(self, what: str) -> None:
        """A line on a terminal, when a long step begins."""
        if self.console.is_terminal:
            since = in_words(time.monotonic() - self.begun_s)
            self.console.print(f"{since:>9}  {what}", markup=False, highlight=False)


def report(
    run: Run | str | os.PathLike[str],
    data: Manifest | None = None,
    files: Sequence[str | os.PathLike[str]] = (),
    full: bool = False,
    options: Options | None = None,
    words: Mapping[str, str] | None = None,
) -> Report:
    """Gathers all that a report of a run tells; `Report.save` writes it.

    Figures are of `data`, else of the run's test rows; `files` are exports of it. `full` adds what
    takes minutes: noise, slices, curves, thresholds, uncertainty. `options` are those of
    `mmkeras.evaluate`, `words` what a person says, by `mmkeras.reporting.WORDS`. Raises ValueError
    for unknown words, and for a file that has other inputs or outputs than the run.
    """
    for name in words or {}:
        pick(WORDS, name, "word of a model card")
    loaded = run if isinstance(run, Run) else load(run)
    if not isinstance(loaded, Run):
        raise ValueError(f"a report is of a run's folder; name a file by `files`. Received: {run}")
    opened = [_checked(loaded, open_file(path)) for path in files]
    found = _Found()
    splits = _splits(loaded, found)
    judged, rows = _judged(splits, data)
    group = None if rows is None else rows.group
    blank = Report(loaded, splits, judged, group, gaps=found.gaps, words=dict(words or {}))
    if rows is None:
        found.gaps.setdefault("answers", "there are no rows to judge it by")
        return dataclasses.replace(blank, files=tuple(opened))
    found.says(f"reading {len(rows):,} rows")
    prepared = loaded.prepare(rows)
    settings = options or Options(rows=Options.rows if full else QUICK_ROWS)
    if opened and settings.beside is None:
        settings = dataclasses.replace(settings, beside=opened[0].shipped)
    found.says("asking the model, with all inputs and without each")
    evaluation = evaluate(loaded, prepared, FULL if full else QUICK, settings)
    found.says("asking the files")
    measured = tuple(_measured(each, prepared) for each in opened)
    found.says("explaining some answers")
    pictures = _explained(loaded, evaluation, prepared, found)
    return dataclasses.replace(blank, evaluation=evaluation, files=measured, explained=pictures)


def _checked(run: Run, file: File) -> File:
    """It is to be an export of this model, not of another."""
    for what in ("inputs", "outputs"):
        here, there = set(getattr(run.recipe, what)), set(getattr(file.shipped.recipe, what))
        if here != there:
            raise ValueError(
                f"{file.path} has the {what} {', '.join(sorted(there))}, the run "
                f"{', '.join(sorted(here))}: it was exported from another one"
            )
    return file


def _splits(run: Run, found: _Found) -> dict[str, Manifest]:
    """Those that can be read still."""
    splits = {}
    for name in SPLITS:
        try:
            splits[name] = run.rows(name)
        except (ValueError, OSError) as error:
            if name != "test" or not splits:  # a run may well have no test rows
                found.gaps.setdefault("data", str(error))
    return splits


def _judged(splits: Mapping[str, Manifest], data: Manifest | None) -> tuple[str, Manifest | None]:
    """What the rows are called, and they."""
    if data is not None:
        return f"rows of {data.path.name}", data
    name = next((name for name in ("test", "valid") if name in splits), None)
    return ("no rows", None) if name is None else (f"{name} rows", splits[name])


def _measured(file: File, rows: Prepared) -> File:
    """With its own figures, as it answers on the device's runtime."""
    return dataclasses.replace(file, evaluation=evaluate(file.shipped, rows))


def _explained(
    run: Run, evaluation: Evaluation, rows: Prepared, found: _Found
) -> tuple[Explained, ...]:
    """The pictures, or why there are none."""
    try:
        return explained(run, evaluation, rows.manifest)
    except (ValueError, OSError) as error:
        found.gaps["explanations"] = str(error)
        return ()
