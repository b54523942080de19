"""`mmkeras-edge watch`: live answers in the terminal."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections import deque
from typing import TYPE_CHECKING

from mmkeras_edge.chatter import quiet
from mmkeras_edge.cli.printing import safe
from mmkeras_edge.cli.sources import add_stream_options, parsed, said, sources_of
from mmkeras_edge.cli.verbs import OK, Verb

if TYPE_CHECKING:
    from mmkeras_edge.streaming.moment import Moment

DRAW_S = 0.1  # between two drawings: more only flickers
TICK_S = 0.25  # in which the clock goes on though nothing changes
MESSAGES = 4  # of the log, under the answers
RATE_S = 3.0  # over which looks a second are counted


def watch(options: argparse.Namespace) -> int:
    from mmkeras_edge.file import open_file
    from mmkeras_edge.streaming.smoothing import parsed as parsed_alarm
    from mmkeras_edge.streaming.stream import stream

    card = open_file(options.file).card
    given = parsed(card, "watch", options, _add_more)
    drawn = sys.stdout.isatty() and not given.json
    messages: list[str] | None = [] if drawn else None
    with said(messages):
        sources = sources_of(card, given)
        with quiet():
            live = stream(
                options.file,
                sources,
                smooth_s=given.smooth,
                margin=given.margin,
                every_s=given.every,
                tick_s=TICK_S if drawn else float("inf"),
                for_s=given.seconds,
                alarms=[parsed_alarm(text) for text in given.alarm],
                threads=given.threads,
            )
        about = {
            name: safe(sources[name].about if name in sources else "no source")
            for name in card.inputs
        }
        screen = _Screen(about, messages if messages is not None else [])
        for moment in live:
            if given.json:
                print(json.dumps(moment.to_dict(), ensure_ascii=False), flush=True)
            elif drawn:
                screen.draw(moment)
            else:
                _say(moment)
    return OK


def _say(moment: Moment) -> None:
    """A line a moment, for a pipe or a file."""
    answers = "  ".join(f"{name}: {reading!r}" for name, reading in moment.answers.items())
    absent = ", ".join(f"{name} absent" for name in moment.absent)
    on = " ".join(name for name, is_on in moment.alarms.items() if is_on)
    cells = [f"{moment.time_s:.2f} s", answers or "no answer", absent, on]
    print(safe("  ".join(cell for cell in cells if cell)), flush=True)


class _Screen:
    """Draws in place, no more often than eyes follow."""

    def __init__(self, about: dict[str, str], messages: list[str]):
        self._about, self._messages = about, messages
        self._looks: dict[str, deque[float]] = {name: deque() for name in about}
        self._lines, self._drawn_s = 0, -DRAW_S

    def draw(self, moment: Moment) -> None:
        from mmkeras_edge.streaming.screen import DIM, PLAIN, picture_of, redrawn

        for name, times_s in self._looks.items():
            if name in moment.ran_ms:
                times_s.append(moment.time_s)
            while times_s and moment.time_s - times_s[0] > RATE_S:
                times_s.popleft()
        if moment.time_s - self._drawn_s < DRAW_S:
            return
        self._drawn_s = moment.time_s
        over_s = min(RATE_S, max(moment.time_s, DRAW_S))
        rates = {name: len(times_s) / over_s for name, times_s in self._looks.items()}
        lines = picture_of(moment, self._about, rates)
        if self._messages:
            lines += ["", *(f"{DIM}{line}{PLAIN}" for line in self._messages[-MESSAGES:])]
        columns = shutil.get_terminal_size().columns
        sys.stdout.write(redrawn(lines, self._lines, columns))
        sys.stdout.flush()
        self._lines = max(len(lines), self._lines)


def _add_more(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--smooth",
        type=float,
        default=0.5,
        metavar="S",
        help="seconds that answers are averaged over (default: 0.5)",
    )
    parser.add_argument(
        "--margin",
        type=float,
        default=0.05,
        metavar="P",
        help="by how much another label must lead before it is said (default: 0.05)",
    )
    parser.add_argument(
        "--every",
        type=float,
        default=0.0,
        metavar="S",
        help="least seconds between two answers (default: 0)",
    )
    parser.add_argument(
        "--alarm",
        action="append",
        default=[],
        metavar="OUTPUT=LABEL:ON:OFF",
        help="on from one probability, off below another; may be given again",
    )


VERB = Verb(
    "live answers: watch FILE --image camera --audio mic --text 'text:a cat'",
    add_stream_options,
    watch,
)
