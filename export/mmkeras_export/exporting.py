"""A run to files for the device: converted, shrunk, measured there, and only then written."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

from rich.console import Console

from mmkeras.adapting import specs_of
from mmkeras.evaluation import predict
from mmkeras.manifest import Manifest
from mmkeras.prepare import Prepared
from mmkeras.run import Run, load
from mmkeras_edge.card import Card
from mmkeras_edge.golden import write_golden
from mmkeras_edge.inputs import pick
from mmkeras_export.converting.conversion import TIMEOUT_S, converted
from mmkeras_export.gate import ALL, GateError
from mmkeras_export.goldens import golden_samples
from mmkeras_export.mixing import LADDER, cheapest, mixes
from mmkeras_export.packing import pack
from mmkeras_export.parts import parts_of
from mmkeras_export.quantizing.calibration import calibration_samples
from mmkeras_export.quantizing.lint_rules import Finding
from mmkeras_export.quantizing.linting import lint
from mmkeras_export.quantizing.number_formats import FORMATS
from mmkeras_export.report import Report, table
from mmkeras_export.shrinking.qat_ranges import learned_ranges
from mmkeras_export.targets import Target, target_of
from mmkeras_export.variants import FLOAT, Made, Workbench

AUTO = "auto"  # of a precision: the cheapest mix that passes
BUDGET = 0.02
PACKAGES = ("tensorflow", "litert-quantizer", "ai-edge-litert")  # that made the file


def export(
    run: Run | str | os.PathLike[str],
    path: str | os.PathLike[str],
    precision: str = "int8",
    calibration: Manifest | Prepared | None = None,
    validation: Manifest | Prepared | None = None,
    budget: float = BUDGET,
    target: str = "any",
    force: bool = False,
    timeout_s: float = TIMEOUT_S,
    memory_gb: float | None = None,
) -> Report:
    """Writes one checked file for the device, with its report as JSON and as a picture beside it;
    `run` is a run or its folder.

    `precision` is a number format, or "auto" for the cheapest mix of formats by part that passes;
    `target` is a board or system of `TARGETS`, which may allow less. Files run over the validation
    rows on the device's runtime, and again without each optional input. Float must give Keras' own
    answers; else no accuracy may drop by more than `budget`, and no error of a number grow by more
    than that share of it. Raises GateError with the figures, ConversionError, or ValueError for
    what is missing; then nothing is written. `force` writes what the gate refuses too, and its card
    says so. `timeout_s` and `memory_gb` limit the conversion, as `convert` has them.
    """
    board = target_of(target)
    _check(precision, target, board)
    _check_folders([path])
    limits = {"timeout_s": timeout_s, "memory_gb": memory_gb}
    job = _job(run, calibration, validation, board, budget, precision, **limits)
    with _progress() as say:
        tried = job.bench.timed(_tried(job.bench, precision, say))
        best = cheapest(job.bench, tried if precision == AUTO else tried[-1:])
        if best is None and not force:
            raise _refused(tried)
        best = best or tried[-1]
        say("writing")
        report = _written(job, os.fspath(path), best, tried, target)
    report.save()
    return report


def export_all(
    run: Run | str | os.PathLike[str],
    paths: Mapping[str, str | os.PathLike[str]],
    calibration: Manifest | Prepared | None = None,
    validation: Manifest | Prepared | None = None,
    budget: float = BUDGET,
) -> dict[str, Report]:
    """`export` to several number formats at once, name to path: converted only once, and without
    the reports beside the files.

    Nothing is written unless all of them pass.
    """
    for precision in paths:
        pick(FORMATS, precision, "precision")
    _check_folders(paths.values())
    board = target_of("any")
    job = _job(run, calibration, validation, board, budget, *paths)
    with _progress() as say:
        tried = []
        for precision in paths:
            say(precision)
            tried.append(job.bench.made(job.bench.uniform(precision)))
        tried = job.bench.timed(tried)
        if any(made.variant.wrong for made in tried):
            raise _refused(tried)
        say("writing")
        made = zip(paths, tried, strict=True)
        return {name: _written(job, os.fspath(paths[name]), of, tried, "any") for name, of in made}


@dataclasses.dataclass(frozen=True)
class _Job:
    """A run, the rows that its files are checked on, and the bench that they are made on."""

    run: Run
    valid: Prepared
    bench: Workbench
    notes: tuple[str, ...]  # what was done to the model for its conversion
    findings: tuple[str, ...]  # what int8 would ruin, and what is done about it


def _check(precision: str, target: str, board: Target) -> None:
    if precision == AUTO:
        return
    pick({**FORMATS, AUTO: None}, precision, "precision")
    if precision not in board.formats:
        raise ValueError(
            f"{target} ({board.runtime}) runs {', '.join(board.formats)}. Received: {precision!r}"
        )


def _check_folders(paths: Iterable[str | os.PathLike[str]]) -> None:
    for path in paths:
        if not Path(path).absolute().parent.is_dir():
            raise FileNotFoundError(f"no folder for {os.fspath(path)!r}")


def _job(
    run: Run | str | os.PathLike[str],
    calibration: Manifest | Prepared | None,
    validation: Manifest | Prepared | None,
    board: Target,
    budget: float,
    *precisions: str,
    **limits: Any,
) -> _Job:
    """What is asked for, opened, converted within `limits` and answered by Keras."""
    if validation is None:
        raise ValueError("give validation=, the rows that the file is checked on")
    run = run if isinstance(run, Run) else load(run)
    wanted = [p for p in precisions if p == AUTO or FORMATS[p].calibrated]
    if wanted and calibration is None:
        raise ValueError(f"{wanted[0]} wants calibration=, such as the training rows")
    samples = calibration_samples(run, calibration) if wanted and calibration is not None else []
    findings = _told(lint(run.model, samples)) if samples else ()
    valid = run.prepare(validation)
    conditions = {ALL: valid} | {f"without {n}": valid.without(n) for n in run.recipe.optional}
    lite, notes = converted(run.model, **limits)
    bench = Workbench(
        model=run.model,
        lite=lite,
        parts=parts_of(run.model),
        samples=samples,
        learned=learned_ranges(run, lite, samples) if samples else {},
        conditions=conditions,
        expected={condition: predict(run, rows) for condition, rows in conditions.items()},
        specs=specs_of(run.model, run.recipe),
        target=board,
        budget=budget,
    )
    return _Job(run, valid, bench, notes, findings)


def _told(findings: list[Finding]) -> tuple[str, ...]:
    """A line each; layers that are known not to bear int8, and are cured, share one."""
    known = [found for found in findings if found.rule == "by_design" and found.applied]
    names = ", ".join(found.layer for found in known)
    lines = [str(found) for found in findings if found not in known]
    return (*lines, f"not in int8, by design: {names}") if known else tuple(lines)


def _tried(bench: Workbench, precision: str, say: Callable[[str], None]) -> list[Made]:
    """Float first, to compare with; what is asked for last."""
    whole = [FLOAT]
    if precision == AUTO:
        whole += [p for p in LADDER[::-1] if p in bench.target.formats and p not in (FLOAT, "int8")]
    found = []
    for each in whole:
        if each != precision:
            say(each)
            found.append(bench.made(bench.uniform(each)))
    if precision == AUTO:
        return [*found, *mixes(bench, say)]
    say(precision)
    return [*found, bench.made(bench.uniform(precision))]


def _refused(tried: list[Made]) -> GateError:
    last = tried[-1].variant
    wrong = last.wrong or next(made.variant.wrong for made in tried if made.variant.wrong)
    variants = [made.variant for made in tried]
    return GateError(f"nothing was written: {'; '.join(wrong)}\n{table(variants)}")


def _written(job: _Job, path: str, best: Made, tried: list[Made], target: str) -> Report:
    notes = job.notes + best.variant.notes
    notes += tuple(f"written in spite of: {wrong}" for wrong in best.variant.wrong)
    variants = tuple(made.variant for made in tried)
    report = Report(path, len(job.valid), variants, best.variant, target, job.findings, notes)
    golden = write_golden(golden_samples(job.run, job.valid, best.lite))
    size = pack(path, best.lite, _card(job.run, report), job.run.tokenizer_json, golden)
    return dataclasses.replace(report, file_bytes=size)


def _card(run: Run, report: Report) -> Card:
    """Counts of rows only, no times and no differences: two exports write the same card."""
    figures: dict[str, dict[str, dict[str, float]]] = {}
    for condition, seen in report.chosen.comparisons.items():
        of = figures[condition] = {}
        for name, output in seen.outputs.items():
            of.setdefault(f"keras_{output.measure}", {})[name] = output.keras
            of.setdefault(output.measure, {})[name] = output.file
        of["agreement"] = dict(seen.agreement)
    recipe = run.recipe
    return Card(
        inputs=recipe.specs,
        outputs=specs_of(run.model, recipe),
        optional=recipe.optional,
        precision=report.precision,
        formats=report.chosen.formats,
        metrics={"rows": report.rows, **figures},
        versions={**run.about["versions"], **{name: metadata.version(name) for name in PACKAGES}},
        recipe=recipe.to_dict(),
        notes=report.notes,
    )


@contextmanager
def _progress():
    """Says on a terminal what is being made and measured."""
    console = Console(stderr=True, force_jupyter=False)  # there it asks for ipywidgets
    with console.status("") as status:
        yield lambda what: status.update(f"making and measuring {what}")
