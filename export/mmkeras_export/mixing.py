"""Which part of a model gets which number format: the cheapest mix that the gate lets pass.

One at a time: how far a file's answers move when only one part of it is small tells which part to
make exact first (Dong et al., "HAWQ", ICCV 2019, order layers by what they do to the loss alike).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

import numpy as np

from mmkeras_export.comparison import run_lite
from mmkeras_export.variants import FLOAT, Made, Workbench

# From small and fast to exact. Not among them: int4, which answers differently enough to be asked
# for by name, and int16 activations, whose kernels are slower than floating ones.
LADDER = ("int8", "dynamic_int8", "weights_int8", "float16", "float32")


def mixes(bench: Workbench, say: Callable[[str], None]) -> list[Made]:
    """What was tried, the last one that passed being the cheapest; all parts small at first.

    While the gate refuses, the part that moves the answers most goes one rung up the ladder. Once
    it passes, every part that went up tries to come down again.
    """
    ladder = [each for each in LADDER if each in bench.target.formats]
    rungs = dict.fromkeys(bench.parts, 0)
    harm = _harm_of(bench)
    tried: dict[str, Made] = {}

    def passes(wanted: dict[str, int]) -> bool:
        formats = {part: ladder[rung] for part, rung in wanted.items()}
        name = bench.name(formats)
        if name not in tried:
            say(name)
            tried[name] = bench.made(formats)
        return not tried[name].variant.wrong

    while not passes(rungs):
        open_ = [part for part, rung in rungs.items() if rung + 1 < len(ladder)]
        if not open_:
            return [*tried.values()]
        worst = max(open_, key=lambda part: harm(part, ladder[rungs[part]]))
        rungs = {**rungs, worst: rungs[worst] + 1}
    for part in sorted(bench.parts, key=lambda part: -bench.parts[part].macs):
        while rungs[part] and passes(lower := {**rungs, part: rungs[part] - 1}):
            rungs = lower
    return [*tried.values()]


def cheapest(bench: Workbench, tried: list[Made]) -> Made | None:
    """Of those that pass, and that the target takes, the least work there, then the fewest bytes;
    None if there is none."""
    allowed = {*bench.target.formats}
    passing = [
        made
        for made in tried
        if not made.variant.wrong and allowed.issuperset(made.variant.formats.values())
    ]
    return min(
        passing,
        key=lambda made: (bench.cost(made.variant.formats), made.variant.compressed_bytes),
        default=None,
    )


def _harm_of(bench: Workbench) -> Callable[[str, str], float]:
    """How far the answers to the calibration samples move with one part in a format, all others
    exact: the mean over outputs, in probabilities or deviations of the labels."""
    feed = {name: np.stack([s[name] for s in bench.samples]) for name in bench.samples[0]}

    @cache
    def exact() -> Mapping[str, np.ndarray]:
        return run_lite(bench.lite, feed)

    @cache
    def harm(part: str, precision: str) -> float:
        found = run_lite(bench.stored({**bench.uniform(FLOAT), part: precision}).lite, feed)
        return float(
            np.mean(
                [np.abs(found[n] - exact()[n]).mean() / s.scale for n, s in bench.specs.items()]
            )
        )

    return harm
