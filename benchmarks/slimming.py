"""What half of the multiply-adds are worth on the device's runtime: a Markdown table.

Whole models with random weights, which cost what trained ones do, before and after `slim`; all
four files of a model take turns, so that a busy machine slows all of them. Ratios are what to
read. Goal: half of the multiply-adds gone makes the float file at least 1.6 times faster.

    python benchmarks/slimming.py
    python benchmarks/slimming.py --only mobilenet_v2 --share 0.5 --ranking global --px 224
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import keras
import numpy as np

from mmkeras.model import assemble
from mmkeras.recipes import PHONE
from mmkeras_edge.graph import Graph
from mmkeras_export import Cut, convert, islands_of, multiply_adds, quantize, slim
from mmkeras_export.comparison import rows_of
from mmkeras_export.converting.signature import inputs_of

ROWS = 8  # for calibration, and to run
ROUNDS = 40
GOAL = 1.6


def application(build: Callable[..., keras.Model]) -> Callable[[int], keras.Model]:
    return lambda px: build(weights=None, input_shape=(px, px, 3))


MODELS: dict[str, Callable[[int], keras.Model]] = {
    "mobilenet_v2": application(keras.applications.MobileNetV2),
    "resnet50": application(keras.applications.ResNet50),
    "phone": lambda px: assemble(PHONE),  # has a size of its own
}


def random_feed(model: keras.Model) -> dict[str, np.ndarray]:
    """Some rows of whatever the model takes."""
    random = np.random.default_rng(0)
    feed = {}
    for name, tensor in inputs_of(model).items():
        shape = (ROWS, *tensor.shape[1:])
        if tensor.dtype.startswith("float"):
            feed[name] = random.uniform(0.0, 1.0, shape).astype(np.float32)
        else:
            feed[name] = random.integers(1, 256, shape).astype(tensor.dtype)
    return feed


def files(model: keras.Model, feed: dict[str, np.ndarray]) -> list[bytes]:
    """Float and full int8."""
    lite = convert(model)
    return [lite, quantize(lite, "int8", rows_of(feed), islands_of(model))]


def medians_ms(lites: list[bytes], feed: dict[str, np.ndarray]) -> list[float]:
    """Of one sample by each file; they take turns."""
    graphs, samples = [Graph(lite) for lite in lites], rows_of(feed)
    times_s = np.zeros((ROUNDS + 3, len(graphs)))
    for turn in range(ROUNDS + 3):  # the first ones fill caches
        for i, graph in enumerate(graphs):
            start = time.perf_counter()
            graph.run(samples[turn % ROWS])
            times_s[turn, i] = time.perf_counter() - start
    return list(1000 * np.median(times_s[3:], axis=0))


def rows(name: str, px: int, share: float, cut: Cut) -> list[str]:
    """Before, after, and one by the other."""
    keras.utils.clear_session()
    keras.utils.set_random_seed(0)
    large = MODELS[name](px)
    small, feed = slim(large, share, cut), random_feed(large)
    lites = [lite for model in (large, small) for lite in files(model, feed)]
    ms = medians_ms(lites, feed)
    figures = [
        [
            model.count_params() / 1e6,
            sum(multiply_adds(model).values()) / 1e6,
            *(len(lite) / 1e3 for lite in lites[2 * i : 2 * i + 2]),
            *ms[2 * i : 2 * i + 2],
        ]
        for i, model in enumerate((large, small))
    ]
    figures.append([before / after for before, after in zip(*figures, strict=True)])
    titles = (name, f"{name}, {share:.0%} off", "before / after")
    return [
        f"| {title} | " + " | ".join(f"{number:,.2f}" for number in of) + " |"
        for title, of in zip(titles, figures, strict=True)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default=",".join(MODELS))
    parser.add_argument("--share", type=float, default=0.5)
    parser.add_argument("--ranking", default="uniform")
    parser.add_argument("--multiple", type=int, default=8)
    parser.add_argument("--px", type=int, default=224)
    options = parser.parse_args()
    cut = Cut(ranking=options.ranking, multiple=options.multiple)
    columns = ("million parameters", "million multiply-adds", "float kB", "int8 kB")
    print(f"| model | {' | '.join(columns)} | float ms | int8 ms |")
    print("|---" * 7 + "|", flush=True)
    for name in options.only.split(","):
        print("\n".join(rows(name, options.px, options.share, cut)), flush=True)
    print(f"\nGoal: {GOAL} in the column of float ms.")


if __name__ == "__main__":
    main()
