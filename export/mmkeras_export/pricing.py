"""What a model costs on the device: bytes of its float32 file, milliseconds, memory."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

import numpy as np

from mmkeras.prepared import Prepared
from mmkeras.run import Run
from mmkeras_export.comparison import median_ms
from mmkeras_export.converting.conversion import convert

# In a process of its own, whose peak is the model's: before it, the runtime alone.
# (Not getrusage on Linux: there a child is told the peak of the parent that it was forked from.)
MEASURED = """
import os, re, resource, sys
import numpy as np
from mmkeras_edge.chatter import quiet
from mmkeras_edge.graph import Graph
from mmkeras_edge.runtimes import find_runtime
def peak():
    if os.path.exists("/proc/self/status"):
        return 1e-3 * int(re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read())[1])
    return 1e-6 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
find_runtime()
before = peak()
with quiet():
    graph = Graph(sys.argv[1])
for _ in range(2):
    graph.run({n: np.zeros(t["shape"][1:], t["dtype"]) for n, t in graph.inputs.items()})
print(peak() - before)
"""


def device_figures(run: Run, data: Prepared) -> dict[str, float]:
    """The "file_kb" of the graph as float32, and "ms" of its first row on this machine, the median.

    For `mmkeras.compare`. Raises ConversionError for what the device cannot run.
    """
    lite = convert(run.model)
    return {"file_kb": len(lite) / 1e3, "ms": median_ms(lite, data.feed(np.arange(1)))}


def compressed_bytes(lite: bytes) -> int:
    """What a download or an application's package takes: by deflate, in the better of two ways.

    Looking for repeated strings, the usual one, hides from the Huffman code of pruned weights how
    frequent zero is; runs of one value alone do not.
    """
    sizes = []
    for strategy in (zlib.Z_DEFAULT_STRATEGY, zlib.Z_RLE):
        packer = zlib.compressobj(9, strategy=strategy)
        sizes.append(len(packer.compress(lite)) + len(packer.flush()))
    return min(sizes)


def ram_mb(lite: bytes) -> float:
    """Megabytes that loading and running a file adds to a process that has the runtime already:
    its weights, packed as the kernels want them, and its arrays."""
    with tempfile.TemporaryDirectory(prefix="mmkeras-") as folder:
        path = Path(folder, "model.tflite")
        path.write_bytes(lite)
        done = subprocess.run(
            [sys.executable, "-c", MEASURED, str(path)], capture_output=True, text=True, check=True
        )
    return float(done.stdout.split()[-1])
