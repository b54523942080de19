"""Sample sets for the quickstart and the tests: each writes a manifest and returns its path."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from mmkeras.datasets import digits, gated_digits, motions, stamps, synthetic

DATASETS: dict[str, Callable[..., Path]] = {  # name on the command line -> build(folder, ...)
    "stamps": stamps.build,
    "synthetic": synthetic.build,
    "digits": digits.build,
    "gated_digits": gated_digits.build,
    "motions": motions.build,
}
