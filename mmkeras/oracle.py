"""Who proposes what to try next: the oracles of KerasTuner, asked and told, without its tuners."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from mmkeras.space import Range, Space

if TYPE_CHECKING:
    import keras_tuner

ORACLES = {  # name -> class in keras_tuner.oracles
    "random": "RandomSearchOracle",
    "bayesian": "BayesianOptimizationOracle",
    "hyperband": "HyperbandOracle",
}
SCORE, OWN = "score", "tuner/"  # what trials are judged by; the prefix of Hyperband's own values
MOST = 1_000_000  # trials: the caller says when to end


class Proposal(NamedTuple):
    """Values by field, and for how many epochs to train them."""

    values: dict[str, Any]
    epochs: int


class Told(Protocol):
    """What is known of a trial."""

    @property
    def score(self) -> float | None: ...
    @property
    def error(self) -> str: ...


class Oracle:
    """Asked for a proposal, told what came of it, in turns.

    It is not a `keras_tuner.Tuner`, which takes any exception for a failed trial, and whose state
    on disk lacks the random state of the Bayesian oracle: here one that is told the same trials
    again says the same, and nothing of it needs to be stored. `folder` is where it keeps its
    files while it is asked.
    """

    def __init__(self, name: str, space: Space, epochs: int, seed: int, folder: Path):
        try:
            import keras_tuner
        except ImportError as error:
            cure = "pip install 'mmkeras[search]'"
            raise ImportError(f"a search wants KerasTuner: {cure}") from error
        self._space, self._epochs = space, epochs
        cls = getattr(keras_tuner.oracles, ORACLES[name])
        limits = {"max_epochs": epochs} if name == "hyperband" else {"max_trials": MOST}
        self._oracle = cls(
            objective=keras_tuner.Objective(SCORE, "max"),
            hyperparameters=_hyperparameters(keras_tuner, space),
            seed=seed + 1,  # it takes 0 for none
            **limits,
        )
        self._oracle._set_project_dir(str(folder), "oracle")  # as its tuners do
        self._oracle.verbose = 0
        self._trial: Any = None

    def ask(self) -> Proposal | None:
        """What to try next; None when there is nothing more."""
        assert self._trial is None  # it was told of the one before
        with warnings.catch_warnings():
            # A Gaussian process on few scores ends at the bounds of its kernel, and says so.
            warnings.filterwarnings("ignore", module="sklearn")
            trial = self._oracle.create_trial("mmkeras")
        if trial.status != "RUNNING":
            return None
        self._trial = trial
        proposed = trial.hyperparameters.values
        values = {
            field: _value(self._space[field], proposed[field])
            for field in self._space  # in the order of the user
        }
        return Proposal(values, proposed.get(f"{OWN}epochs", self._epochs))

    def tell(self, trial: Told) -> None:
        """What came of the last proposal. Raises ValueError for the third failure in a row."""
        asked, self._trial = self._trial, None
        if trial.score is None:
            asked.status, asked.message = "INVALID", trial.error
        else:
            self._oracle.update_trial(asked.trial_id, {SCORE: trial.score})
            asked.status = "COMPLETED"
        try:
            self._oracle.end_trial(asked)
        except RuntimeError as error:
            raise ValueError(f"the search has ended: {error}") from None


def _hyperparameters(tuner: Any, space: Space) -> keras_tuner.HyperParameters:
    found = tuner.HyperParameters()
    for field, of in space.items():
        if isinstance(of, Range):
            number = found.Int if of.whole else found.Float
            number(field, of.low, of.high, sampling="log" if of.log else "linear")
        elif _ordered(of):
            found.Choice(field, list(of), ordered=True)
        else:
            found.Choice(field, [str(position) for position in range(len(of))])
    return found


def _ordered(choices: Any) -> bool:
    """Whether they are numbers of one type, which KerasTuner takes as they are."""
    return {type(choice) for choice in choices} in ({int}, {float})


def _value(of: Any, proposed: Any) -> Any:
    if isinstance(of, Range):
        return int(proposed) if of.whole else float(proposed)  # of NumPy's types
    if _ordered(of):
        return proposed
    return of[int(proposed)]
