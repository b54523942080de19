"""What serving costs over `predict` called in the same place, under many clients at once.

    python benchmarks/serve.py FILE

Goal, on 2 cores with 16 clients and 10,000 requests: no error but 429, memory flat. The server is a
process of its own, as on a device; its clients share the machine with it, so that the rate is that
of both. The bare rate is `predict` on the same inputs in as many threads with a model each, before
and after. Memory is the server's resident set: the median of the last fifth of the run over that of
the second fifth, for in the first it grows to its working size.
"""

from __future__ import annotations

import argparse
import http.client
import json
import statistics
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from mmkeras_edge import load
from mmkeras_edge.golden import read_golden

TINY = Path(__file__).parent.parent / "tests" / "edge" / "tiny.tflite"
BOUNDARY = "mmkeras"
BARE = 2_000  # predictions of each measurement of the bare rate, at most


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", nargs="?", default=TINY)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    model = load(options.file, threads=1)
    raw = read_golden(model.file)[0].raw
    runs = min(options.requests, BARE)
    before = bare_rate(options.file, raw, options.workers, runs)
    command = [
        "-m",
        "mmkeras_edge.cli",
        "serve",
        str(options.file),
        "--port",
        "0",
        "--threads",
        "1",
    ]
    command += ["--workers", str(options.workers)]
    with subprocess.Popen([sys.executable, *command], stderr=subprocess.PIPE, text=True) as server:
        try:
            load_ = Load(port_of(server), multipart(raw), options.requests)
            threading.Thread(target=server.stderr.read, daemon=True).start()  # its log, unread
            took_s = in_threads(options.clients, lambda: load_.ask(server.pid))
        finally:
            server.terminate()
    after = bare_rate(options.file, raw, options.workers, runs)
    report(load_, took_s, options, statistics.mean((before, after)))


@dataclass
class Load:
    """Requests that clients share; what came of them."""

    port: int
    body: bytes
    left: int
    times_ms: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    memory_mb: list[float] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def ask(self, pid: int) -> None:
        """One client: a connection that is kept, until no request is left."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        while self._take(pid):
            start = perf_counter()
            try:
                connection.request("POST", "/v1/predict", self.body, headers)
                response = connection.getresponse()
                response.read()
                status = str(response.status)
            except (OSError, http.client.HTTPException) as error:
                status = type(error).__name__
                connection.close()
            with self.lock:
                self.times_ms.append(1e3 * (perf_counter() - start))
                self.statuses[status] += 1
        connection.close()

    def _take(self, pid: int) -> bool:
        with self.lock:
            self.left -= 1
            if self.left % 50 == 0:
                self.memory_mb.append(resident_mb(pid))
            return self.left >= 0


def in_threads(count: int, call: Callable[[], Any]) -> float:
    """Seconds until all of them have returned."""
    threads = [threading.Thread(target=call) for _ in range(count)]
    start = perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return perf_counter() - start


def bare_rate(path: Any, raw: Any, workers: int, runs: int) -> float:
    """Predictions a second of as many models in threads, without a server."""
    models = [load(path, threads=1) for _ in range(workers)]
    for model in models:
        model.predict(**raw)

    def predict() -> None:
        model = models.pop()
        for _ in range(runs // workers):
            model.predict(**raw)

    return runs // workers * workers / in_threads(workers, predict)


def multipart(raw: Any) -> bytes:
    body = b""
    for name, value in raw.items():
        for content in value if isinstance(value, tuple) else [value]:
            file = "" if isinstance(content, str) else f'; filename="{name}"'
            body += f"--{BOUNDARY}\r\nContent-Disposition: form-data; ".encode()
            body += f'name="{name}"{file}\r\n\r\n'.encode()
            body += (content.encode() if isinstance(content, str) else content) + b"\r\n"
    return body + f"--{BOUNDARY}--\r\n".encode()


def port_of(server: subprocess.Popen[str]) -> int:
    assert server.stderr is not None
    for line in server.stderr:
        said = json.loads(line) if line.startswith("{") else {}
        if said.get("event") == "listening":
            return int(said["url"].rstrip("/").rpartition(":")[2])
    raise SystemExit("the server did not start")


def resident_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1_000
    raise SystemExit("the server is gone")


def report(load_: Load, took_s: float, options: argparse.Namespace, bare: float) -> None:
    rate = len(load_.times_ms) / took_s
    p50, p99 = np.percentile(load_.times_ms, [50, 99])
    fifth = max(len(load_.memory_mb) // 5, 1)
    early, late = load_.memory_mb[fifth : 2 * fifth] or load_.memory_mb, load_.memory_mb[-fifth:]
    growth = statistics.median(late) / statistics.median(early) - 1
    statuses = ", ".join(f"{status}: {count:,}" for status, count in load_.statuses.most_common())
    errors = sum(n for status, n in load_.statuses.items() if status not in ("200", "429"))
    print(f"{options.file}, {options.workers} workers, {options.clients} clients")
    print(f"{len(load_.times_ms):,} requests in {took_s:.1f} s; {statuses}; errors: {errors}")
    print(f"p50 {p50:.1f} ms, p99 {p99:.1f} ms, {rate:,.0f} a second")
    print(f"bare predict {bare:,.0f} a second; served over bare {rate / bare:.3f}")
    print(f"memory {late[-1]:.1f} MB, {growth:+.1%} over the run")


if __name__ == "__main__":
    main()
