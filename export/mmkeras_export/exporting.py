"""A run to files for the device: converted, shrunk, measured there, and only then written."""

from __future__ import annotations

import dataclasses
import os
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from mmkeras.adapting import specs_of
from mmkeras.evaluation import predict
from mmkeras.manifest import Manifest
from mmkeras.prepare import Prepared
from mmkeras.run import Run, load
from mmkeras_edge.card import Card
from mmkeras_edge.golden import write_golden
from mmkeras_edge.inputs import pick
from mmkeras_edge.outputs import OutputSpec
from mmkeras_export.calibration import calibration_samples
from mmkeras_export.comparison import Arrays, Comparison, compare, median_ms, run_lite
from mmkeras_export.conversion import convert
from mmkeras_export.gate import ALL, GateError, failures
from mmkeras_export.goldens import golden_samples
from mmkeras_export.islands import islands_of
from mmkeras_export.number_formats import FORMATS
from mmkeras_export.packing import pack
from mmkeras_export.quantization import quantize

PACKAGES = ("tensorflow", "litert-quantizer", "ai-edge-litert")  # that made the file


PRECISIONS = FORMATS  # of a whole file, but for its islands


@dataclass(frozen=True)
class Report:
    """A file and its proof: `comparisons` by what was left out, over `rows` validation rows."""

    path: str
    precision: str
    rows: int
    comparisons: Mapping[str, Comparison]
    model_bytes: int
    compressed_bytes: int  # of the model, by zlib: what a download or a package takes
    ms: float  # of one sample on this machine
    file_bytes: int = 0  # with card, tokenizer and golden samples, once written

    def __str__(self) -> str:
        lines = [
            f"{self.path}: {self.precision}, {self.file_bytes / 1e3:,.0f} kB (model "
            f"{self.model_bytes / 1e3:,.0f}, compressed {self.compressed_bytes / 1e3:,.0f}), "
            f"{self.ms:.2f} ms a sample, {self.rows} rows",
            f"{'output':<16}{'inputs':<18}{'Keras':>7}{'file':>7}{'agree':>7}{'differs':>9}",
        ]
        for condition, seen in self.comparisons.items():
            for name, of in seen.outputs.items():
                digits = ".3f" if of.higher else ".4g"
                measure = "" if of.measure == "accuracy" else f"  {of.measure}"
                lines.append(
                    f"{name:<16}{condition:<18}{of.keras:>7{digits}}{of.file:>7{digits}}"
                    f"{of.agreement:>7.3f}{of.max_difference:>9.1e}{measure}"
                )
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        seen = {condition: c.to_dict() for condition, c in self.comparisons.items()}
        return {**vars(self), "comparisons": seen}


def export(
    run: Run | str | os.PathLike[str],
    path: str | os.PathLike[str],
    precision: str = "int8",
    calibration: Manifest | Prepared | None = None,
    validation: Manifest | Prepared | None = None,
    budget: float = 0.02,
) -> Report:
    """Writes one checked file for the device; `run` is a run or its folder.

    The file runs over the validation rows, and again without each optional input. Float must give
    Keras' own answers; else no accuracy may drop by more than `budget`, and no error of a number
    grow by more than that share of it. Raises GateError with the figures, ConversionError, or
    ValueError for what is missing; then nothing is written.
    """
    return export_all(run, {precision: path}, calibration, validation, budget)[precision]


def export_all(
    run: Run | str | os.PathLike[str],
    paths: Mapping[str, str | os.PathLike[str]],
    calibration: Manifest | Prepared | None = None,
    validation: Manifest | Prepared | None = None,
    budget: float = 0.02,
) -> dict[str, Report]:
    """`export` to several precisions at once, name to path: converted only once.

    Nothing is written unless all of them pass.
    """
    steps = {name: pick(PRECISIONS, name, "precision") for name in paths}
    for path in paths.values():
        if not Path(path).absolute().parent.is_dir():
            raise FileNotFoundError(f"no folder for {os.fspath(path)!r}")
    if validation is None:
        raise ValueError("give validation=, the rows that the file is checked on")
    run = run if isinstance(run, Run) else load(run)
    calibrated = any(step.calibrated for step in steps.values())
    samples = _samples(run, calibration) if calibrated else []
    valid = run.prepare(validation)
    whole = convert(run.model)
    lites = {n: quantize(whole, n, samples, islands_of(run.model, n)) for n in steps}
    conditions = {ALL: valid} | {f"without {n}": valid.without(n) for n in run.recipe.optional}
    specs = specs_of(run.model, run.recipe)
    expected = {condition: predict(run, data) for condition, data in conditions.items()}
    reports = {
        name: _measured(name, os.fspath(paths[name]), lite, conditions, expected, specs)
        for name, lite in lites.items()
    }
    for name, report in reports.items():
        wrong = failures(report.comparisons, steps[name].exact, budget)
        if wrong:
            raise GateError(f"nothing was written: {'; '.join(wrong)}\n{report}")
    for name, report in reports.items():
        golden = write_golden(golden_samples(run, valid, lites[name]))
        size = pack(report.path, lites[name], _card(run, report), run.tokenizer_json, golden)
        reports[name] = dataclasses.replace(report, file_bytes=size)
    return reports


def _samples(run: Run, calibration: Manifest | Prepared | None) -> list[dict[str, np.ndarray]]:
    if calibration is None:
        raise ValueError("full int8 wants calibration=, such as the training rows")
    return calibration_samples(run, calibration)


def _measured(
    precision: str,
    path: str,
    lite: bytes,
    conditions: Mapping[str, Prepared],
    expected: Mapping[str, Arrays],
    specs: Mapping[str, OutputSpec],
) -> Report:
    comparisons = {
        condition: compare(expected[condition], run_lite(lite, data.feed()), data.answers(), specs)
        for condition, data in conditions.items()
    }
    return Report(
        path,
        precision,
        len(conditions[ALL]),
        comparisons,
        model_bytes=len(lite),
        compressed_bytes=len(zlib.compress(lite, 9)),
        ms=median_ms(lite, conditions[ALL].feed(np.arange(1))),
    )


def _card(run: Run, report: Report) -> Card:
    """Counts of rows only, no times and no differences: two exports write the same card."""
    figures: dict[str, dict[str, dict[str, float]]] = {}
    for condition, seen in report.comparisons.items():
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
        metrics={"rows": report.rows, **figures},
        versions={**run.about["versions"], **{name: metadata.version(name) for name in PACKAGES}},
        recipe=recipe.to_dict(),
    )
