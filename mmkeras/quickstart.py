"""The tour: from real pictures, captions and voices to predictions on the device's runtime."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras
from rich.console import Console
from rich.table import Table

from mmkeras.adapting import specs_of
from mmkeras.datasets import DATASETS, stamps
from mmkeras.evaluation import evaluate, predict
from mmkeras.manifest import Manifest, load_manifest
from mmkeras.model import assemble
from mmkeras.plain_file import write_json
from mmkeras.prepare import prepare
from mmkeras.prepared import Prepared
from mmkeras.recipe import Recipe
from mmkeras.recipes import STAMPS, STAMPS_PRETRAINED
from mmkeras.run import Run
from mmkeras.sheet import draw_sheet
from mmkeras.splits import SPLITS
from mmkeras.tasks import Classify
from mmkeras.tokenizer import tokenizer_for
from mmkeras.train import fit
from mmkeras.training import Training
from mmkeras_edge.inputs import pick
from mmkeras_export import compare, export_all, prune, run_lite

TARGETS = {"category": "classify", "language": "classify"}
EPOCHS = {  # by sample set, for about 30,000 rows seen
    "stamps": 10,  # a row is a stamp in one language: an epoch shows each stamp six times
    "synthetic": 40,
}
TUNING_EPOCHS = 3  # after pruning
SPARSITY = 0.5
SYNTHETIC_ROWS = 1_200
WIDTH = 100  # of what is printed where there is no terminal to ask

# Where Keras and TensorFlow cannot be imported: what the device is.
ON_THE_DEVICE = (
    "import sys; sys.modules.update(keras=None, tensorflow=None); "
    "from mmkeras_edge.cli import main; sys.exit(main())"
)


@dataclass(frozen=True)
class Tour:
    """What to do: `data` is "stamps", "synthetic" or None for stamps if they are there."""

    out: Path
    data: str | None = None
    pretrained: bool = False
    epochs: int | None = None
    seed: int = 0
    budget: float = 0.02  # accuracy that a smaller file may lose


def tour(plan: Tour, quiet: bool = False) -> dict[str, Any]:
    """Does everything, prints as it goes, and returns the figures as plain data."""
    say = Console(quiet=quiet, soft_wrap=True, width=None if sys.stdout.isatty() else WIDTH)
    begun = time.perf_counter()
    plan.out.mkdir(parents=True, exist_ok=True)

    say.rule("1  manifest")
    manifest = write_manifest(plan, say)
    parts = manifest.split(plan.seed)
    say.print(f"{manifest.path}: {len(manifest)} rows, split by group (column split):")
    say.print(", ".join(f"{n} {len(part)}" for n, part in zip(SPLITS, parts, strict=True)))

    recipe = recipe_for(manifest, plan.pretrained)
    tokenizer_json = tokenizer_for(recipe, parts[0])
    with say.status("decoding"):
        train, valid, test = (prepare(part, recipe, tokenizer_json) for part in parts)
    say.print(f"decoded by the device's own loaders, {time.perf_counter() - begun:.0f} s")

    say.rule("2  training: image + text + audio, and each alone")
    run, alone = train_all(plan, recipe, train, valid, test, say)

    say.rule("3  export: shrunk, and checked on the device's runtime")
    say.print(f"pruning {SPARSITY:.0%} of the weights")
    pruned = prune(run, train, valid, SPARSITY, TUNING_EPOCHS)
    with say.status("converting, quantizing, checking"):
        files = export_variants(plan, run, pruned, train, valid)
        rows = measure(files, run, test)
    say.print(_table(rows, f"{len(test)} test rows"))

    say.rule("4  prediction, in a process that cannot import Keras")
    shipped = files["int8"].path
    sources = test.manifest.sources(len(test) // 2)
    for chosen in (sources, {**sources, "audio": None}):
        say.print(predict_on_device(shipped, chosen), highlight=False, markup=False)

    picture = plan.out / "quickstart.png"
    draw_sheet(picture, run.recipe, test, predict(run, test), rows, alone)
    summary = {
        "rows": {"train": len(train), "valid": len(valid), "test": len(test)},
        "alone": alone,
        "variants": rows,
        "seconds": round(time.perf_counter() - begun),
    }
    write_json(plan.out / "quickstart.json", summary)
    say.rule(f"5  done in {summary['seconds']} s")
    say.print(_next_steps(plan.out, run, shipped, picture, sources), highlight=False, markup=False)
    return summary


def write_manifest(plan: Tour, say: Console) -> Manifest:
    """Builds the sample set and stores it with its split."""
    name = sample_set(plan)
    if name != (plan.data or "stamps"):
        say.print("the Tux Paint stamps are not installed: taking the built-in synthetic set")
    options = {"rows": SYNTHETIC_ROWS} if name == "synthetic" else {}
    pick(EPOCHS, name, "sample set of the tour")  # others have other columns
    source = DATASETS[name](plan.out / "data", **options)
    whole = load_manifest(source, "image", "caption", "speech", TARGETS, "group")
    stored = whole.with_split(plan.seed).save(source)
    return load_manifest(stored, "image", "caption", "speech", TARGETS, "group")


def sample_set(plan: Tour) -> str:
    """The name of the set that is asked for; by default the stamps, if they are installed."""
    return plan.data or ("stamps" if stamps.find_stamps() else "synthetic")


def recipe_for(manifest: Manifest, pretrained: bool) -> Recipe:
    """The named recipe with the labels of the data."""
    outputs = {name: Classify(manifest.classes(name)) for name in TARGETS}
    return replace(STAMPS_PRETRAINED if pretrained else STAMPS, outputs=outputs)


def train_all(
    plan: Tour, recipe: Recipe, train: Prepared, valid: Prepared, test: Prepared, say: Console
) -> tuple[Run, dict[str, dict[str, float]]]:
    """The fused run, stored, and the test accuracies of it and of each modality alone."""
    recipes = {" + ".join(recipe.inputs): recipe} | {n: recipe.only(n) for n in recipe.inputs}
    runs: list[Run] = []
    found: dict[str, dict[str, float]] = {}
    table = Table("input", *recipe.outputs, "seconds", title=f"accuracy on {len(test)} test rows")
    for name, chosen in recipes.items():
        say.print(f"training {name}")
        keras.utils.set_random_seed(plan.seed)
        out = None if runs else plan.out / "run"
        training = Training(seed=plan.seed)
        run = fit(
            assemble(chosen), train, valid, plan.epochs or EPOCHS[sample_set(plan)], out, training
        )
        figures = evaluate(run, test)
        found[name] = dict(figures.accuracy)
        table.add_row(name, *_shares(figures.accuracy), f"{run.about['seconds']:.0f}")
        runs.append(run)
    found["most frequent class"] = dict(figures.majority)
    table.add_row("most frequent class", *_shares(figures.majority), "")
    say.print(table)
    return runs[0], found


def _shares(figures: Mapping[str, float]) -> list[str]:
    return [f"{value:.3f}" for value in figures.values()]


def export_variants(
    plan: Tour, run: Run, pruned: Run, train: Prepared, valid: Prepared
) -> dict[str, Any]:
    """The files by variant: three precisions of the run, and int8 of the pruned one."""
    paths = {
        "float32": plan.out / "stamps-float32.tflite",
        "dynamic_int8": plan.out / "stamps-dynamic_int8.tflite",
        "int8": plan.out / "stamps.tflite",
    }
    files: dict[str, Any] = dict(export_all(run, paths, train, valid, plan.budget))
    small = {"int8": plan.out / "stamps-pruned-int8.tflite"}
    return files | {"pruned int8": export_all(pruned, small, train, valid, plan.budget)["int8"]}


def measure(files: Mapping[str, Any], run: Run, test: Prepared) -> list[dict[str, Any]]:
    """Each very file over the test rows, beside the Keras model of the run."""
    expected, feed, answers = predict(run, test), test.feed(), test.answers()
    rows = []
    for name, report in files.items():
        outputs = run_lite(Path(report.path).read_bytes(), feed)
        seen = compare(expected, outputs, answers, specs_of(run.model, run.recipe))
        rows.append(
            {
                "variant": name,
                "file_kb": report.file_bytes / 1e3,
                "model_kb": report.chosen.model_bytes / 1e3,
                "compressed_kb": report.chosen.compressed_bytes / 1e3,
                "accuracy": dict(seen.accuracy),
                "keras_accuracy": dict(seen.keras_accuracy),
                "agreement": dict(seen.agreement),
                "ms": report.chosen.ms,
            }
        )
    return rows


def predict_on_device(file: str, sources: Mapping[str, str | None]) -> str:
    """The command and what it printed, in a fresh process where Keras cannot be imported."""
    given = [part for n, value in sources.items() if value for part in (f"--{n}", value)]
    command = ["mmkeras-edge", "run", file, *given]
    done = subprocess.run(
        [sys.executable, "-c", ON_THE_DEVICE, *command[1:]],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed: {done.stderr}")
    return f"$ {_shell(command)}\n{done.stdout}"


def _table(rows: Sequence[Mapping[str, Any]], title: str) -> Table:
    outputs = list(rows[0]["accuracy"])
    table = Table(
        "variant", "file kB", "model kB", "compressed kB", *outputs, "agreement", "ms",
        title=title,
    )  # fmt: skip
    keras_row = rows[0]["keras_accuracy"]
    table.add_row("Keras", "", "", "", *(f"{keras_row[n]:.3f}" for n in outputs), "", "")
    for row in rows:
        table.add_row(
            row["variant"],
            *(f"{row[size]:,.0f}" for size in ("file_kb", "model_kb", "compressed_kb")),
            *(f"{row['accuracy'][n]:.3f}" for n in outputs),
            " ".join(f"{row['agreement'][n]:.3f}" for n in outputs),
            f"{row['ms']:.2f}",
        )
    return table


def _next_steps(
    out: Path, run: Run, file: str, picture: Path, sources: Mapping[str, str | None]
) -> str:
    image = sources["image"] or "picture.png"
    mixed = "--precision", "auto", "--target", "raspberry-pi-4"
    commands = [
        ["mmkeras-edge", "verify", file],
        ["mmkeras-edge", "bench", file],
        ["mmkeras-edge", "run", file, "--image", image, "--text", "A small cat.", "--json"],
        ["mmkeras-edge", "serve", file],
        ["mmkeras", "evaluate", str(run.path), "--modalities"],
        ["mmkeras", "export", str(run.path), *mixed, "-o", "again.tflite"],
        ["mmkeras", "info", file],
    ]
    return "\n".join(
        [
            f"look at    {picture}",
            f"run        {run.path}",
            f"files      {out}/stamps*.tflite",
            f"figures    {out}/quickstart.json",
            "try next (after: . .venv/bin/activate)",
            *(f"  {_shell(command)}" for command in commands),
        ]
    )


def _shell(command: Sequence[str]) -> str:
    return shlex.join(_shorter(part) for part in command)


def _shorter(part: str) -> str:
    return min(part, os.path.relpath(part), key=len) if os.path.isabs(part) else part
