"""What a file must prove on the device's runtime before it is written."""

from __future__ import annotations

from collections.abc import Mapping

from mmkeras_export.comparison import Comparison

PARITY = 1e-4  # of a probability, where nothing was quantised
ALL = "all inputs"


class GateError(ValueError):
    """The exported model is not as good as the one that was evaluated; nothing was written."""

    exit_code = 1  # of a command: a check failed


def failures(comparisons: Mapping[str, Comparison], exact: bool, budget: float) -> list[str]:
    """What is wrong, one sentence each; `comparisons` are by what was left out.

    `exact` asks for Keras' own probabilities. Otherwise no accuracy may drop by more than `budget`;
    where Keras itself only guesses, as a language without its sound, there is nothing to lose.
    """
    found = []
    for condition, seen in comparisons.items():
        for output, difference in seen.max_difference.items():
            drop = seen.keras_accuracy[output] - seen.accuracy[output]
            if not difference < float("inf"):
                wrong = "answers that are no numbers"
            elif exact and difference > PARITY:
                wrong = f"differs from Keras by {difference:.2g}, allowed {PARITY:g}"
            elif not exact and drop > budget and not _guesses(seen, output):
                rows = f"{round(drop * seen.rows)} of {seen.rows} rows"
                wrong = f"accuracy drops by {drop:.3f} ({rows}), allowed {budget:g}"
            else:
                continue
            found.append(f"{output}, {condition}: {wrong}")
    return found


def _guesses(seen: Comparison, output: str) -> bool:
    """Whether Keras is within two standard errors of always saying the most frequent class."""
    share = seen.majority[output]
    error = (share * (1 - share) / seen.rows) ** 0.5
    return seen.keras_accuracy[output] <= share + 2 * error
