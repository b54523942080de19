"""The optimizer: AdamW with warm-up and cosine, rates by variable, and averaged weights."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import keras
from keras import ops

from mmkeras_edge.inputs import pick

if TYPE_CHECKING:
    from mmkeras.training import Training

UNDECAYED = ("bias", "missing", "gap")  # last words of paths; Keras' attention has biases of rank 2


def schedule(training: Training, steps: int) -> keras.optimizers.schedules.CosineDecay:
    """The rate of each of so many steps: up to `learning_rate` along a line, to 0 along a cosine.

    The line begins where a step moves something: at `learning_rate` / steps of the warm-up.

    Goyal et al., "Accurate, large minibatch SGD", 2017, section 2.2; Loshchilov and Hutter,
    "SGDR", ICLR 2017, eq. 5.
    """
    warm_up = int(training.warm_up * steps)
    return keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=training.learning_rate / max(warm_up, 1),
        decay_steps=max(steps - warm_up, 1),
        warmup_target=training.learning_rate if warm_up else None,
        warmup_steps=warm_up,
    )


def adamw(training: Training, steps: int, rates: Mapping[str, float] | None = None) -> RatedAdamW:
    """The optimizer of a training of so many steps; `rates` as `rates_by_depth` gives them."""
    return RatedAdamW(
        schedule(training, steps),
        weight_decay=training.weight_decay,
        # Of all gradients together, so that their direction stays (Pascanu et al., ICML 2013). A
        # norm a variable would turn it, and would hardly be felt: Adam divides by it anyway.
        global_clipnorm=training.clip_norm or None,
        rates=rates,
        ema=getattr(training, "ema", 0.0),
    )


@keras.saving.register_keras_serializable("mmkeras")
class RatedAdamW(keras.optimizers.AdamW):
    """AdamW whose step of a variable is f · lr · (Adam(g) + weight_decay · w).

    `rates` are the factors f by the `names_of` the variables; those not named have 1. Decay spares
    biases, scales of norms and learned vectors, which are all that has fewer than two axes, and
    what is called as in UNDECAYED.

    `ema` above 0 keeps a moving average a of the weights w, beside them, after each step t from 0:

        a ← m a + (1 - m) w,  m = min(ema, (1 + t) / (10 + t)),

    with its first values those of the weights when training begins; m as in TensorFlow's
    ExponentialMovingAverage, so that a short training has one worth using. See `mmkeras.ema`.
    Everything that changes is in `variables`. Raises ValueError at `build` for an unknown name.
    """

    def __init__(self, *args: Any, rates: Mapping[str, float] | None = None, ema=0.0, **kwargs):
        if not 0 <= ema < 1:
            raise ValueError(f"ema is 0, for none, or below 1, as 0.999. Received: {ema}")
        super().__init__(*args, **kwargs)
        self.rates = dict(rates or {})
        self.ema = ema

    def build(self, variables):
        if self.built:
            return
        super().build(variables)
        names = names_of(variables)
        known = dict.fromkeys(names)
        for name in self.rates:
            pick(known, name, "variable of `rates`:")
        # By place: within a replica, TensorFlow's own variables come, which have no path.
        self._factors = tuple(float(self.rates.get(name, 1.0)) for name in names)
        self._decays = tuple(
            len(variable.shape) > 1 and variable.path.split("/")[-1] not in UNDECAYED
            for variable in variables
        )
        self._averages = tuple(self._copy(v) for v in variables) if self.ema else ()

    def _copy(self, variable):
        """By an initializer: an assignment would be traced into the step of a plain `fit`."""
        return self.add_variable_from_reference(
            variable, "average", initializer=lambda shape, dtype: ops.copy(variable)
        )

    @property
    def averages(self) -> tuple[tuple[keras.Variable, keras.Variable], ...]:
        """Each variable that trains, and its average; none without `ema`."""
        return tuple(zip(self._trainable_variables, self._averages, strict=False))

    def update_step(self, gradient, variable, learning_rate):
        place = self._get_variable_index(variable)
        rate = ops.cast(learning_rate, variable.dtype) * self._factors[place]
        if self.weight_decay and self._decays[place] and self._use_weight_decay(variable):
            self.assign_sub(variable, variable * (rate * self.weight_decay))
        super().update_step(gradient, variable, rate)
        if self.ema:
            average = self._averages[place]
            step = ops.cast(self._iterations, average.dtype)
            kept = ops.minimum(self.ema, (1.0 + step) / (10.0 + step))
            self.assign_add(average, (1.0 - kept) * (variable - average))

    def _apply_weight_decay(self, variables):
        """In `update_step`: it falls with the rate of its variable."""

    def _clip_gradients(self, grads):
        """By the norm of what all replicas together found: as one with all of their rows would.

        A word that comes twice in a batch has two gradients of the same row; they are added first.
        """
        grads = [ops.convert_to_tensor(gradient) for gradient in grads]
        if keras.backend.backend() == "tensorflow":
            pairs = super()._all_reduce_sum_gradients([(gradient, None) for gradient in grads])
            grads = [gradient for gradient, _ in pairs]
        return super()._clip_gradients(grads)

    def _all_reduce_sum_gradients(self, grads_and_vars):
        """Done before they were clipped."""
        return grads_and_vars

    def get_config(self):
        return {**super().get_config(), "rates": dict(self.rates), "ema": self.ema}


def names_of(variables: Iterable[keras.Variable]) -> list[str]:
    """Their paths, the second of the same path with "#2" behind it, and so on.

    Two towers of one family have layers of the same names within. The order of a model's trainable
    variables is the same after saving and loading, and so are these names.
    """
    seen: dict[str, int] = {}
    names = []
    for variable in variables:
        count = seen[variable.path] = seen.get(variable.path, 0) + 1
        names.append(variable.path if count == 1 else f"{variable.path}#{count}")
    return names
