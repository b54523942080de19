"""Rules that weights obey after every step of any optimizer, inside the compiled step.

A rule is what Keras calls a constraint: the optimizer applies it right after its own step, so that
neither momentum nor weight decay nor averaging undoes it, no batch waits for Python, and the layers
stay what they are: there is nothing to strip. What a rule remembers are variables of the optimizer:
they go through JAX's stateless step and into whatever stores the optimizer's state.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import keras
import numpy as np
from keras import ops

Rule = Callable[[Any], Any]  # the values after a step to those that stand, same shape


class Hold:
    """The rules of one model in training; `release` leaves both as if they had never been."""

    def __init__(self, model: keras.Model):
        if not getattr(model, "compiled", False) or model.optimizer is None:
            raise ValueError(
                f"the model {model.name!r} has no optimizer yet: compile it before it trains"
            )
        self.model = model
        # A loss scale hands its optimizer the gradients; the step, and the rules, are there.
        self.optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)
        if not model.optimizer.built:
            model.optimizer.build(model.trainable_variables)
        self._variables: list[keras.Variable] = []
        self._rules: list[tuple[keras.Variable, Rule]] = []
        self._theirs: list[Any] = []
        self._holds = False

    def like(self, variable: keras.Variable, name: str, values: Any) -> keras.Variable:
        """A new variable of the optimizer, shaped as a weight, with first values."""
        with self._scope():
            made = self.optimizer.add_variable_from_reference(
                variable, name, initializer=lambda shape, dtype: _tensor(values, dtype)
            )
        self._variables.append(made)
        return made

    def small(self, name: str, values: np.ndarray) -> keras.Variable:
        """A new variable of the optimizer of any shape and type, with first values."""
        with self._scope():
            made = self.optimizer.add_variable(
                values.shape,
                initializer=lambda shape, dtype: _tensor(values, dtype),
                dtype=keras.backend.standardize_dtype(values.dtype),
                name=name,
            )
        self._variables.append(made)
        return made

    def rule(self, variable: keras.Variable, rule: Rule) -> None:
        """Has a weight obey a rule, after one that it may already have."""
        self._rules.append((variable, rule))

    def begin(self) -> None:
        """From the next step on the rules hold; what is in place already stays."""
        if self._holds:
            return
        known = {id(variable) for variable in self.optimizer.variables}
        for variable in self._variables:
            if id(variable) not in known:
                self.optimizer._track_variable(variable)
        self._theirs = [variable.constraint for variable, _ in self._rules]
        for (variable, rule), before in zip(self._rules, self._theirs, strict=True):
            variable.constraint = rule if before is None else _both(before, rule)
        self.model.train_function = None  # it may have been traced without
        self._holds = True

    def release(self) -> None:
        """Gives the weights their own constraints back, and the optimizer its own variables."""
        if not self._holds:
            return
        for (variable, _), before in zip(self._rules, self._theirs, strict=True):
            variable.constraint = before
        for variable in self._variables:
            self.optimizer._untrack_variable(variable)
        self.model.train_function = None
        self._holds = False

    def belongs_to(self, model: keras.Model) -> bool:
        """Whether it is of this model as it is compiled now."""
        optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)
        return self.model is model and self.optimizer is optimizer

    def averages(self, variable: keras.Variable) -> Sequence[keras.Variable]:
        """Those that the optimizer keeps of a weight: of ours, and of Keras' `use_ema`."""
        place = self.optimizer._get_variable_index(variable)
        pairs = getattr(self.optimizer, "averages", ())
        ours = [average for of, average in pairs if of is variable]
        theirs = getattr(self.optimizer, "_model_variables_moving_average", None)
        return [*ours, *([theirs[place]] if theirs else [])]

    def _scope(self) -> AbstractContextManager[Any]:
        """Where TensorFlow makes a copy on each device."""
        strategy = getattr(self.model, "distribute_strategy", None)
        return strategy.scope() if strategy is not None else nullcontext()


class Holding(keras.callbacks.Callback):
    """Has weights obey rules in any `fit`; which ones, `lay_down` says."""

    _hold: Hold | None = None

    def lay_down(self, hold: Hold, model: keras.Model) -> None:
        """Gives the rules of a compiled model, and what they remember, to `hold`."""
        raise NotImplementedError

    def attach(self, model: keras.Model) -> None:
        """Begins to hold a compiled model; what `fit` does by itself.

        By then its optimizer has all its variables, and takes a state that was stored.
        """
        if self._hold is None or not self._hold.belongs_to(model):
            self._hold = Hold(model)
            self.lay_down(self._hold, model)
        self._hold.begin()

    def set_model(self, model):
        super().set_model(model)
        self.attach(model)

    def on_train_end(self, logs=None):
        synced(self.model)
        self._hold.release()


def synced(model: keras.Model) -> None:
    """Gives the variables their values, which JAX's trainer holds apart within an epoch."""
    if hasattr(model, "jax_state_sync"):
        model.jax_state_sync()


def _tensor(values: Any, dtype: str | None) -> Any:
    return ops.copy(ops.cast(ops.convert_to_tensor(values), dtype))


def _both(first: Rule, second: Rule) -> Rule:
    return lambda values: second(first(values))
