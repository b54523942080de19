"""Seconds and peak memory until a file is ready, each in fresh processes, against bare LiteRT.

    python benchmarks/edge_import.py FILE

Goal: import and load of a phone-size file in under 0.35 s and 90 MB.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
from pathlib import Path

TINY = Path(__file__).parent.parent / "tests" / "edge" / "tiny.tflite"
STEPS = {
    "import ai_edge_litert.interpreter": "import ai_edge_litert.interpreter",
    "... and allocate the file": (
        "from ai_edge_litert.interpreter import Interpreter\n"
        "interpreter = Interpreter(path)\n"
        "interpreter.allocate_tensors()"
    ),
    "import mmkeras_edge": "import mmkeras_edge",
    "... and load the file": "import mmkeras_edge\nmmkeras_edge.load(path)",
    "... and predict once": (
        "import mmkeras_edge\n"
        "from mmkeras_edge.golden import read_golden\n"
        "model = mmkeras_edge.load(path)\n"
        "model.predict(**read_golden(model.file)[0].raw)"
    ),
}
FRAME = """
import resource, sys, time
path = sys.argv[1]
start = time.perf_counter()
{step}
seconds = time.perf_counter() - start
print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", nargs="?", default=TINY)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    print(f"{options.file}, medians of {options.runs} processes")
    print(f"{'':36}{'s':>8}{'ratio':>8}{'MB':>8}{'ratio':>8}")
    first: tuple[float, float] | None = None
    for name, step in STEPS.items():
        seconds, mb = measure(step, str(options.file), options.runs)
        first = first or (seconds, mb)
        print(f"{name:36}{seconds:8.3f}{seconds / first[0]:8.2f}{mb:8.1f}{mb / first[1]:8.2f}")


def measure(step: str, path: str, runs: int) -> tuple[float, float]:
    """Median seconds and median peak in MB of a step in a process of its own."""
    command = [sys.executable, "-c", FRAME.format(step=step), path]
    results = []
    for _ in range(runs + 1):  # the first reads the disk
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        results.append([float(word) for word in done.stdout.split()])
    seconds, mb = zip(*results[1:], strict=True)
    return statistics.median(seconds), statistics.median(mb)


if __name__ == "__main__":
    main()
