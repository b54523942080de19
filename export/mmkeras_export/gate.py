"""What a file must prove on the device's runtime before it is written."""

from __future__ import annotations

from collections.abc import Mapping

from mmkeras_export.comparison import Comparison, Seen

# Of a probability, or of the standard deviation of a number's labels, where nothing was quantised.
PARITY = 1e-4
ALL = "all inputs"
TINY = 1e-12  # an error that is nothing


class GateError(ValueError):
    """The exported model is not as good as the one that was evaluated; nothing was written."""

    exit_code = 1  # of a command: a check failed


def failures(comparisons: Mapping[str, Comparison], exact: bool, budget: float) -> list[str]:
    """What is wrong, one sentence each; `comparisons` are by what was left out.

    `exact` asks for Keras' own answers. Otherwise no accuracy may drop by more than `budget`, and
    no error of a number may grow by more than that share of it. Where Keras itself only guesses, as
    a language without its sound, there is nothing to lose.
    """
    found = []
    for condition, comparison in comparisons.items():
        for output, seen in comparison.outputs.items():
            difference = seen.max_difference
            if not difference < float("inf"):
                wrong = "answers that are no numbers"
            elif exact and difference > PARITY:
                wrong = f"differs from Keras by {difference:.2g}, allowed {PARITY:g}"
            elif exact:
                continue
            elif not seen.rows:
                wrong = "no validation row has its label; give rows that have"
            else:
                wrong = "" if _guesses(seen) else _loss(seen, budget)
            if wrong:
                found.append(f"{output}, {condition}: {wrong}")
    return found


def _loss(seen: Seen, budget: float) -> str:
    """What the file lost above the budget; empty if it did not."""
    drop = seen.keras - seen.file if seen.higher else seen.file / max(seen.keras, TINY) - 1
    if drop <= budget:
        return ""
    if seen.higher:
        rows = f" ({round(drop * seen.rows)} of {seen.rows} rows)"
        shown = rows if seen.measure == "accuracy" else ""
        return f"{seen.measure} drops by {drop:.3f}{shown}, allowed {budget:g}"
    figures = f"from {seen.keras:.4g} to {seen.file:.4g}"
    return f"{seen.measure} grows by {drop:.1%}, {figures}, allowed {budget:.1%}"


def _guesses(seen: Seen) -> bool:
    """Whether Keras is within two standard errors of the best answer that never looks.

    For an error, whose spread from row to row is taken to be as large as itself, that is the share
    2 / √rows of it.
    """
    if not seen.higher:
        return seen.keras >= seen.constant * (1 - 2 / seen.rows**0.5)
    share = seen.constant
    return seen.keras <= share + 2 * (share * (1 - share) / seen.rows) ** 0.5
