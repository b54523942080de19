"""Live streams: what an unchanged picture saves, and whether hours of dying sources do harm.

    python benchmarks/streaming.py saved FILE [--steps 400]
    python benchmarks/streaming.py soak FILE [--minutes 60]

Goals: an unchanged picture saves at least 80 percent of its branch's time; after an hour of sources
that die in every way and come back, the memory is within 2 percent of that after 5 minutes, and no
recovery was missed. FILE has an image branch and, for the soak, at least one input more.
"""

from __future__ import annotations

import argparse
import itertools
import logging
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from mmkeras_edge import stream
from mmkeras_edge.card import Card
from mmkeras_edge.file import open_file
from mmkeras_edge.streaming import Limits, Source

WELL_S, ILL_S = 4.0, 3.0  # a source is well and ill in turn, each by up to half as much longer
LIMITS = Limits(stall_s=1.0, same_s=1.0, blank_s=1.0)
BACK_S = 15.0  # within which a source must be back: its last wait between two tries, and some more
SETTLED_S = 300.0  # until then buffers grow to what they need
HANGS_S = 12.0  # longer than the stream waits before it opens a source anew
RATE_HZ = {"image": 10.0, "audio": 10.0, "sensor": 10.0, "text": 0.5, "table": 0.5}  # of values


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("saved", "soak"))
    parser.add_argument("file")
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--threads", type=int)
    options = parser.parse_args()
    well = saved(options) if options.what == "saved" else soak(options)
    sys.exit(0 if well else 1)


def saved(options: argparse.Namespace) -> bool:
    """Every other step the picture stays; the texts, or else the readings, are always new.

    Both kinds of steps load the picture and compare it with the one before: that is in both.
    """
    card = open_file(options.file).card
    sources: dict[str, Any] = {}
    for name, spec in card.inputs.items():
        values = list(itertools.islice(healthy(spec), options.steps))
        if spec.kind == "image":
            values = [values[step // 2] for step in range(options.steps)]
        if spec.kind != "audio":  # one that is always new would be most of the time
            sources[name] = values
    image = next(name for name, spec in card.inputs.items() if spec.kind == "image")
    moved: list[float] = []
    stayed: list[float] = []
    branch: list[float] = []
    for moment in stream(options.file, sources, threads=options.threads):
        if image in moment.ran_ms:
            branch.append(moment.ran_ms[image])
        if moment.answers:
            (moved if image in moment.ran_ms else stayed).append(moment.took_ms)
    # Of steps that nothing else disturbed: the two kinds take turns, and a slow one tells nothing.
    undisturbed = (float(np.percentile(ms[5:], 10)) for ms in (moved, stayed, branch))
    moved_ms, stayed_ms, branch_ms = undisturbed
    share = (moved_ms - stayed_ms) / branch_ms
    print(f"{options.file}: {len(moved)} steps with a new picture, {len(stayed)} with the same")
    print(
        f"new picture {moved_ms:.3f} ms, same picture {stayed_ms:.3f} ms, branch {branch_ms:.3f} ms"
    )
    print(f"an unchanged picture saves {share:.0%} of its branch's time (goal: 80%)")
    return share >= 0.8


def healthy(spec: Any) -> Iterator[Any]:
    """Values that differ, as a working source of that kind gives them."""
    random = np.random.default_rng(0)
    for number in itertools.count():
        if spec.kind == "image":
            yield random.integers(0, 256, (120, 160, 3)).astype(np.uint8)
        elif spec.kind == "audio":
            yield random.normal(0, 0.1, spec.rate_hz // 10).astype(np.float32)
        elif spec.kind == "sensor":
            yield random.normal(size=(max(1, int(spec.rate_hz // 10)), spec.channels))
        elif spec.kind == "text":
            yield f"line {number} of a text"
        elif spec.kind == "table":
            yield {name: float(number) for name in spec.numbers}
        else:
            raise SystemExit(f"this benchmark makes no {spec.kind}")


class Patient:
    """A source that falls ill in every way, in turn; it knows when, and what was seen of it."""

    def __init__(self, name: str, spec: Any, seed: int):
        self.name, self.spec = name, spec
        self.ill: str | None = None
        self.since_s = time.monotonic()
        self.seen_absent = self.seen_back = False
        self.count = 0
        self.missed: list[str] = []
        self._random = np.random.default_rng(seed)
        self._ways = itertools.cycle(self.ways())
        self._next_s = self.since_s + self._span(WELL_S)
        self._lock = threading.Lock()

    def ways(self) -> list[str]:
        plain = ["raises", "ends", "stalls", "hangs"]
        return plain + {"image": ["black", "frozen"], "audio": ["silent"], "sensor": ["stuck"]}.get(
            self.spec.kind, []
        )

    def source(self) -> Source:
        rate_hz = {"audio": getattr(self.spec, "rate_hz", None)}.get(self.spec.kind)
        return Source(self.values, self.name, live=True, rate_hz=rate_hz, limits=LIMITS)

    def values(self) -> Iterator[Any]:
        period_s = 1 / 10
        values = healthy(self.spec)
        last = next(values)
        while True:
            time.sleep(period_s)
            ill = self.ill
            if ill == "raises":
                raise OSError("the cable is out")
            if ill == "ends":
                return
            while self.ill in ("stalls", "hangs"):
                time.sleep(period_s)
            if ill in ("black", "silent"):
                yield np.zeros_like(last)
            elif ill in ("frozen", "stuck"):
                yield last
            else:
                last = next(values)
                yield last

    def live(self, now_s: float, absent: bool) -> None:
        """Notes what the stream says of it, and falls ill or recovers when it is time."""
        if self.ill:
            self.seen_absent |= absent
        else:
            self.seen_back |= not absent
        late = not self.ill and not self.seen_back and now_s - self.since_s > BACK_S
        if late:
            self.missed.append(f"not back {BACK_S:g} s after it was well")
            self.seen_back = True
        if now_s < self._next_s or (not self.ill and not self.seen_back):
            return
        if self.ill:
            if not self.seen_absent:
                self.missed.append(f"{self.ill!r} was not seen")
            self.ill, self.seen_back = None, False
            self._next_s = now_s + self._span(WELL_S)
        else:
            self.ill, self.seen_absent = next(self._ways), False
            self.count += 1
            self._next_s = now_s + (HANGS_S if self.ill == "hangs" else self._span(ILL_S))
        self.since_s = now_s

    def _span(self, least_s: float) -> float:
        return least_s * (1 + self._random.random() / 2)


def soak(options: argparse.Namespace) -> bool:
    card: Card = open_file(options.file).card
    logging.getLogger("mmkeras_edge.stream").setLevel(logging.CRITICAL)
    patients = {n: Patient(n, spec, i) for i, (n, spec) in enumerate(card.inputs.items())}
    sources = {name: patient.source() for name, patient in patients.items()}
    begin_s = said_s = time.monotonic()
    memory: list[tuple[float, float]] = []
    answered = 0
    with stream(options.file, sources, tick_s=0.1, threads=options.threads) as live:
        for moment in live:
            now_s = time.monotonic()
            answered += bool(moment.answers)
            for name, patient in patients.items():
                patient.live(now_s, name in moment.absent)
            if now_s - said_s >= 5.0:
                said_s = now_s
                memory.append((now_s - begin_s, rss_mb()))
                say(memory, patients, answered)
            if now_s - begin_s > 60 * options.minutes:
                break
    print(file=sys.stderr)
    return verdict(memory, patients, answered)


def say(memory: list[tuple[float, float]], patients: dict[str, Patient], answered: int) -> None:
    ills = ", ".join(f"{n} {p.ill or 'well'} ({p.count})" for n, p in patients.items())
    threads = threading.active_count()
    at_s, mb = memory[-1]
    line = f"{at_s:6.0f} s  {mb:.1f} MB  {threads} threads  {answered:,} answers  {ills}"
    print(
        f"\r{line}\x1b[K" if sys.stderr.isatty() else line,
        end="" if sys.stderr.isatty() else "\n",
        file=sys.stderr,
        flush=True,
    )


def verdict(memory: list[tuple[float, float]], patients: dict[str, Patient], answered: int) -> bool:
    """From minute 5 on, or from the middle of a shorter soak."""
    settled_s = min(SETTLED_S, memory[-1][0] / 2)
    later = [mb for at_s, mb in memory if at_s >= settled_s]
    grown = max(later) / later[0] - 1
    print(f"{memory[-1][0] / 60:.1f} minutes, {answered:,} answers")
    for name, patient in patients.items():
        missed = "; ".join(patient.missed) or "none missed"
        print(f"{name}: fell ill {patient.count} times, {missed}")
    print(
        f"memory {later[0]:.1f} MB after {settled_s:.0f} s, at most {max(later):.1f} MB later: "
        f"{grown:+.1%} (goal: 2%); {threading.active_count()} threads"
    )
    return grown <= 0.02 and not any(patient.missed for patient in patients.values())


def rss_mb() -> float:
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024


if __name__ == "__main__":
    main()
