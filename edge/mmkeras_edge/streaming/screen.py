"""A stream on a terminal: what each source does, and what the model says, in place."""

from __future__ import annotations

import re
from collections.abc import Mapping

from mmkeras_edge.readings import Scores, Tags
from mmkeras_edge.streaming.moment import Moment

TOP = 5  # labels of an output
BAR = 24  # characters of probability 1
CLEAR, UP = "\x1b[K", "\x1b[{}A"
BOLD, DIM, RED, GREEN, PLAIN = "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[32m", "\x1b[0m"
EIGHTHS = " ▏▎▍▌▋▊▉"


def picture_of(moment: Moment, about: Mapping[str, str], rates: Mapping[str, float]) -> list[str]:
    """Lines for a terminal: each input with its source, looks a second and time, then each output.

    `about` is input to what its source is, `rates` input to looks a second.
    """
    width = max(map(len, [*about, *moment.answers, "fusion"]))
    shown = [f"{BOLD}{moment.time_s:8.1f} s{PLAIN}", ""]
    for name, source in about.items():
        reason = moment.absent.get(name)
        seen = f"{rates[name]:5.1f}/s" if rates[name] else "  there"
        state = f"{RED}absent: {reason}{PLAIN}" if reason else f"{GREEN}{seen}{PLAIN}"
        ran = moment.ran_ms.get(name)
        took = "" if reason else "unchanged" if ran is None else f"{ran:.1f} ms"
        shown.append(f"{name:{width}}  {state}  {took:>9}  {DIM}{source}{PLAIN}")
    if not moment.answers:
        return [*shown, "", "no answer: an input that this model needs is absent"]
    for name, reading in moment.answers.items():
        said = moment.said.get(name)
        doubt = "" if getattr(reading, "sure", True) else f"  {DIM}unsure{PLAIN}"
        shown += ["", f"{BOLD}{name:{width}}{PLAIN}  {BOLD}{said or reading!s}{PLAIN}{doubt}"]
        if isinstance(reading, Scores | Tags):
            shown += [_bar(label, share, label == said) for label, share in reading.top(TOP)]
    if moment.alarms:
        on = [f"{RED}{n} ON{PLAIN}" if is_on else f"{n} off" for n, is_on in moment.alarms.items()]
        shown += ["", "  ".join(on)]
    return shown


def redrawn(lines: list[str], before: int, columns: int = 80) -> str:
    """What puts lines in the place of as many as `before` there were, none of them wrapped: the
    way up is counted in lines."""
    up = UP.format(before) if before else ""
    rest = max(0, before - len(lines))
    return up + "".join(f"{_cut(line, columns)}{CLEAR}\n" for line in [*lines, *[""] * rest])


def _cut(line: str, columns: int) -> str:
    """The first so many characters; colours take none."""
    shown, room = "", columns - 1
    for part in re.split("(\x1b\\[\\d+m)", line):
        if part.startswith("\x1b"):
            shown += part
        else:
            shown += part[:room]
            room -= min(room, len(part))
    return shown


def _bar(label: str, share: float, said: bool) -> str:
    eighths = round(8 * BAR * min(max(share, 0.0), 1.0))
    bar = "█" * (eighths // 8) + EIGHTHS[eighths % 8].strip()
    colour = GREEN if said else DIM
    return f"  {label[:20]:20}  {share:5.1%}  {colour}{bar}{PLAIN}"
