"""What the evaluation of an exported file costs over the bare runtime, in one run on one file.

    python benchmarks/insight.py FILE [--rows 500]

Goal: rows a second at 0.9 of the bare interpreter's or better, from prepared rows to figures. Bare
is `set_tensor`, `invoke` and `get_tensor` in a loop over arrays that lie there; ours is
`Shipped.predict` with figures, and then with intervals as well. All take turns, so that a busy
machine slows all alike. The rows are noise: what the labels are does not change the time.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd

from mmkeras.quiet import import_keras

import_keras()

import mmkeras  # noqa: E402
from mmkeras.evaluation import score  # noqa: E402
from mmkeras.manifest import Manifest  # noqa: E402
from mmkeras.prepared import Column, Prepared  # noqa: E402
from mmkeras.shipped import Shipped  # noqa: E402

TURNS = 9
GOAL = 0.9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--rows", type=int, default=500)
    options = parser.parse_args()
    file = mmkeras.load(options.file)
    data = noise_rows(file, options.rows)
    sides: dict[str, Callable[[], object]] = {
        "bare interpreter": lambda: bare(file, data),
        "predict and figures": lambda: score(file.predict(data), data, file.specs),
        "evaluate, intervals too": lambda: mmkeras.evaluate(file, data),
    }
    times_s = np.zeros((TURNS + 1, len(sides)))
    for turn in times_s:
        for i, side in enumerate(sides.values()):
            begun = perf_counter()
            side()
            turn[i] = perf_counter() - begun
    times_s = times_s[1:]  # the first turn warms up
    rates = options.rows / np.median(times_s, axis=0)
    shares = np.median(times_s[:, :1] / times_s, axis=0)  # turn by turn: loads come and go
    print(f"{options.file}, {file.model.graph.threads} threads, {options.rows} rows")
    for name, rate, share in zip(sides, rates, shares, strict=True):
        reached = "" if name.startswith("bare") else f"   goal {GOAL}: {bool(share >= GOAL)}"
        print(f"{name:26}{rate:10,.0f} rows/s{share:8.3f}{reached}")


def bare(file: Shipped, data: Prepared) -> dict[str, np.ndarray]:
    """The least that answers all rows."""
    graph, feed = file.model.graph, data.feed()
    runner = graph.interpreter
    given = {tensor["index"]: feed[name] for name, tensor in graph.inputs.items()}
    taken = {name: tensor["index"] for name, tensor in graph.outputs.items()}
    answers: dict[str, list[np.ndarray]] = {name: [] for name in taken}
    for row in range(len(data)):
        for index, array in given.items():
            runner.set_tensor(index, array[row : row + 1])
        runner.invoke()
        for name, index in taken.items():
            answers[name].append(runner.get_tensor(index)[0])
    return {name: np.stack(rows) for name, rows in answers.items()}


def noise_rows(file: Shipped, count: int, seed: int = 0) -> Prepared:
    """Rows of noise with labels at random, as if they had been prepared."""
    random = np.random.default_rng(seed)
    inputs, every = {}, np.arange(count)
    for name, spec in file.recipe.specs.items():
        shape = (count, *spec.shape)
        if spec.dtype == "uint8":
            values = random.integers(0, 256, shape, np.uint8)
        elif spec.dtype == "int32":
            values = np.ones(shape, np.int32)
        else:
            values = random.uniform(-1, 1, shape).astype(np.float32)
        inputs[name] = Column(values, every)
    targets = {}
    for name, spec in file.specs.items():
        if spec.kind in ("classify", "ordinal"):
            targets[name] = random.integers(0, len(spec.labels), count, np.int32)
        elif spec.kind in ("binary", "multilabel"):
            targets[name] = random.integers(0, 2, (count, *spec.shape)).astype(np.float32)
        else:
            targets[name] = random.random((count, 1), np.float32)
    names = {name: name for name in targets}
    kinds = {name: spec.kind for name, spec in file.recipe.specs.items()}
    table = pd.DataFrame(index=every)
    manifest = Manifest(Path("noise.csv"), table, {n: n for n in inputs}, kinds, names)
    return Prepared(manifest, inputs, targets, file.recipe, file.tokenizer_json)


if __name__ == "__main__":
    main()
