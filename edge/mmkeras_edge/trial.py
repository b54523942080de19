"""A file from a stranger, run once where a crash hurts nobody: in a process of its own.

The hash in a stranger's card is a stranger's as well, and what the runtime does with a model that
is wrong inside is the runtime's: it checks the flatbuffer, and may still crash, or want all memory.
"""

from __future__ import annotations

import os
import subprocess
import sys

MEMORY_MB = 1_000
TIMEOUT_S = 60.0
PACKAGES = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def trial(
    path: str | os.PathLike[str], memory_mb: int = MEMORY_MB, timeout_s: float = TIMEOUT_S
) -> None:
    """Loads the model and runs it on zeros, with one thread, and then its pieces, where it has any;
    ValueError if it does not survive.

    The limit of memory is the system's, of Linux; elsewhere there is none.
    """
    path = os.fspath(path)
    command = [sys.executable, "-W", "ignore", "-m", "mmkeras_edge.trial"]
    command += [os.path.abspath(path), str(memory_mb)]
    known = map(os.path.abspath, filter(None, sys.path))
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(known)}
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            env=env,
            timeout=timeout_s,
            cwd=PACKAGES,  # `-m` imports from where it starts: not from among a stranger's files
        )
    except subprocess.TimeoutExpired as error:
        raise ValueError(f"{path!r} was tried and did not answer in {timeout_s:g} s") from error
    if done.returncode < 0:
        raise ValueError(
            f"{path!r} was tried and ended the runtime (signal {-done.returncode}): it is damaged, "
            f"or wants more than {memory_mb:,} MB"
        )
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["no reason"]
        raise ValueError(f"{path!r} was tried and failed: {last[0].partition(': ')[2] or last[0]}")


def limit_memory(more_mb: int) -> None:
    """From now on, this process gets so much more address space and then MemoryError; on Linux."""
    if sys.platform != "linux":
        return
    import resource

    with open("/proc/self/statm") as file:
        pages = int(file.read().split()[0])
    limit = pages * resource.getpagesize() + more_mb * 1_000_000
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _run(path: str, memory_mb: int) -> None:
    import numpy as np

    from mmkeras_edge.branches import open_branches
    from mmkeras_edge.file import open_file
    from mmkeras_edge.graph import Graph
    from mmkeras_edge.runtimes import find_runtime

    find_runtime()  # is imported before memory is short
    limit_memory(memory_mb)
    graph = Graph(path, threads=1)
    feed = {n: np.zeros(t["shape"][1:], t["dtype"]) for n, t in graph.inputs.items()}
    graph.run(feed)
    file = open_file(path)
    if file.card.branches_root:
        del graph  # one copy of the weights at a time, as of who opens either
        open_branches(file, threads=1).run(feed)


if __name__ == "__main__":
    _run(sys.argv[1], int(sys.argv[2]))
