"""What a file must prove on the device's runtime before it is written."""

from __future__ import annotations

from collections.abc import Mapping

from mmkeras_export.comparison import Comparison

PARITY = 1e-4  # of a probability, where nothing was quantised
ALL = "all inputs"


class GateError(ValueError):
    """The exported model is not as good as the one that was evaluated; nothing was written."""


def failures(comparisons: Mapping[str, Comparison], exact: bool, budget: float) -> list[str]:
    """What is wrong, one sentence each; `comparisons` are by what was left out.

    `exact` asks for Keras' own probabilities. Otherwise no accuracy may drop by more than `budget`;
    where Keras itself does little better than guess, as a language without its sound, there is
    nothing to lose.
    """
    found = []
    for condition, seen in comparisons.items():
        for output, difference in seen.max_difference.items():
            drop = seen.keras_accuracy[output] - seen.accuracy[output]
            guessed = seen.keras_accuracy[output] <= seen.majority[output] + budget
            if not difference < float("inf"):
                found.append(f"{output}, {condition}: answers that are no numbers")
            elif exact and difference > PARITY:
                found.append(
                    f"{output}, {condition}: differs from Keras by {difference:.2g}, "
                    f"allowed {PARITY:g}"
                )
            elif not exact and drop > budget and not guessed:
                found.append(
                    f"{output}, {condition}: accuracy drops by {drop:.3f}, allowed {budget:g}"
                )
    return found
