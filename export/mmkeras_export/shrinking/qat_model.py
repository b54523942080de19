"""A functional model that computes as its full int8 file will, and trains like any other."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import activations, ops

from mmkeras_export.converting.signature import call_by_name
from mmkeras_export.quantizing.islands import float_islands, islands_of
from mmkeras_export.quantizing.ranges import Sample
from mmkeras_export.shrinking.fake_quantization import (
    FakeQuantize,
    rounded,
    rounded_table,
    rounded_weight,
    tied,
    zeros_kept,
)
from mmkeras_export.shrinking.qat_places import Key, is_nothing, leaves_of, places_of, run_graph
from mmkeras_export.shrinking.qat_weights import Axes, call_with, scaled_weights

Observer = Callable[[int, Any], None]

ROWS = 32  # of one batch of samples
MOST_GROUPS, LEAST_MEMBERS = 256, 4  # on the average, of weights that were clustered


class Scaled(NamedTuple):
    """A weight that becomes int8, and the axes that share a scale."""

    name: str
    weight: keras.Variable
    axes: Axes


@keras.saving.register_keras_serializable("mmkeras")
class QuantizationAware(keras.Model):
    """The graph of another model, on its layers and variables, rounded at `places_of` it and with
    its `scaled_weights` rounded.

    Its own are the ranges, and the groups of equal weights, see `remember`: `grouped` says of which
    weights, and how many. Once it is `settled`, ranges stay as they are, and batch normalisation
    takes the statistics that it has, as the file will.
    """

    def __init__(self, inputs, outputs, name=None, **kwargs):
        grouped = kwargs.pop("grouped", {})
        super().__init__(inputs, outputs, name=name, **kwargs)
        self.settled = False
        self._observer: Observer | None = None
        islands = islands_of(self)
        places = places_of(self, islands)
        self.places = tuple(places.values())
        self.ranges = [
            FakeQuantize(place.span, name=place.name.replace("/", "-")) for place in self.places
        ]
        spared = float_islands(islands)
        scaled = {
            id(layer): tuple(
                Scaled(f"{'/'.join(path)}/{number}", weight, axes)
                for number, (weight, axes) in enumerate(scaled_weights(layer, spared))
            )
            for layer, path in leaves_of(self)
            if spared.isdisjoint(path)
        }
        # Proxies, for Keras would take what is in a dict for the model's own.
        self._numbers = MappingProxyType({key: number for number, key in enumerate(places)})
        self._scaled = MappingProxyType({layer: of for layer, of in scaled.items() if of})
        weights = self.scaled_weights
        known = {name: n for name, n in grouped.items() if name in weights}  # a part has fewer
        self.grouped = MappingProxyType(known)
        self.groups = [self._no_groups(weights[name]) for name in known]

    def _no_groups(self, weight):
        none = keras.initializers.Constant(-1)
        return self.add_weight(weight.shape, none, "int32", trainable=False, name="groups")

    @property
    def scaled_weights(self) -> dict[str, keras.Variable]:
        """Those that become int8, by the paths of their layers and their numbers there."""
        return {of.name: of.weight for weights in self._scaled.values() for of in weights}

    def remember(self) -> None:
        """Takes weights that are equal now for those that are to stay equal, once."""
        weights = self.scaled_weights
        for name, groups in zip(self.grouped, self.groups, strict=True):
            if ops.convert_to_numpy(groups).min() >= 0:
                continue  # two values may have met since: they are two all the same
            _, places = np.unique(ops.convert_to_numpy(weights[name]), return_inverse=True)
            groups.assign(places.reshape(groups.shape))

    def call(self, inputs, training=None, mask=None):
        inputs = self._standardize_inputs(inputs)
        inputs = [self._seen(("input", place), x, training) for place, x in enumerate(inputs)]
        steps = itertools.count()

        def visit(operation, path, *args, **kwargs):
            # As Keras does: what the whole model is told counts for every layer.
            if training is not None and "training" in getattr(operation, "_call_context_args", ()):
                kwargs["training"] = training
            if is_nothing(operation):
                return operation(*args, **kwargs)
            return self._step(next(steps), operation, args, kwargs, training)

        outputs = run_graph(self, inputs, visit)
        return outputs[0] if isinstance(outputs, list | tuple) and len(outputs) == 1 else outputs

    def _step(self, number, operation, args, kwargs, training):
        """One layer or operation as the file computes it."""
        if self.settled and isinstance(operation, keras.layers.BatchNormalization):
            kwargs["training"] = False
        key = ("inside", number)
        with self._inside(number, operation, training):
            if self._observer or id(operation) not in self._scaled:
                answer = operation(*args, **kwargs)
            else:
                within = self.ranges[self._numbers[key]].variables if key in self._numbers else ()
                answer = call_with(operation, self._int8(operation), within, args, kwargs)
        outputs = [
            self._seen(("behind", number, place), x, training)
            for place, x in enumerate(keras.tree.flatten(answer))
        ]
        return keras.tree.pack_sequence_as(answer, outputs)

    def _seen(self, key: Key, x, training):
        """Rounded, if anything is rounded there."""
        if key not in self._numbers:
            return x
        number = self._numbers[key]
        if self._observer is not None:
            self._observer(number, x)
            return x
        near = self.ranges[number](x, training=bool(training) and not self.settled)
        # A probability that is rounded to 0 has no gradient of its logarithm any more.
        return x if training and self.places[number].last else near

    @contextmanager
    def _inside(self, number, operation, training) -> Iterator[None]:
        """Within, the layer's activation is computed as the file does, of what is rounded."""
        usual = getattr(operation, "activation", None)
        key, in_two = ("inside", number), usual is activations.silu
        if key not in self._numbers and not (in_two and ("behind", number, 0) in self._numbers):
            yield  # nothing is rounded there, or the layer is float
            return
        parts: Any = _silu if in_two and not self._observer else usual
        operation.activation = lambda x: parts(self._seen(key, x, training))
        try:
            yield
        finally:
            operation.activation = usual

    def _int8(self, layer: keras.Layer) -> dict[int, Any]:
        """Its rounded weights by the ids of their variables."""
        groups = dict(zip(self.grouped, self.groups, strict=True))
        found = {}
        for name, weight, axes in self._scaled[id(layer)]:
            value = ops.convert_to_tensor(weight)
            if name in groups:
                value = tied(value, ops.convert_to_tensor(groups[name]), self.grouped[name])
            value, is_table = zeros_kept(value), len(axes) == len(weight.shape)
            found[id(weight)] = rounded_table(value) if is_table else rounded_weight(value, axes)
        return found

    def calibrate(self, samples: Iterable[Sample]) -> None:
        """Widens the ranges to what float activations reach over the samples, as the exporter does.

        `samples` are arrays by input name, without batch axis.
        """
        samples = iter(samples)
        with self._observed_by(lambda number, x: self.ranges[number].widen(x)):
            while batch := list(itertools.islice(samples, ROWS)):
                feed = {name: np.stack([sample[name] for sample in batch]) for name in batch[0]}
                call_by_name(self, feed)

    def take_ranges(self, part: QuantizationAware) -> None:
        """Takes over the ranges of a part of it that trained by itself, by their places."""
        found: dict[str, list[FakeQuantize]] = {}
        places = {number: key for key, number in part._numbers.items()}
        for number, (place, where) in enumerate(zip(part.places, part.ranges, strict=True)):
            if places[number][0] != "input":  # its inputs are not those of the whole
                found.setdefault(place.name, []).append(where)
        for place, where in zip(self.places, self.ranges, strict=True):
            if found.get(place.name):
                where.set_weights(found[place.name].pop(0).get_weights())

    def float_values(self, sample: Sample) -> dict[int, np.ndarray]:
        """What the float model has at each place, by the number of its range, for one sample."""
        found: dict[int, np.ndarray] = {}
        feed = {name: np.asarray(value)[np.newaxis] for name, value in sample.items()}
        with self._observed_by(lambda number, x: found.update({number: ops.convert_to_numpy(x)})):
            call_by_name(self, feed)
        return found

    @contextmanager
    def _observed_by(self, observer: Observer) -> Iterator[None]:
        """Within, everything is float, and `observer(number, x)` sees what would be rounded."""
        self._observer = observer
        try:
            yield
        finally:
            self._observer = None

    def get_config(self):
        grouped = {"grouped": dict(self.grouped)} if self.grouped else {}
        return {**super().get_config(), **grouped}


def equal_weights(weight: keras.Variable) -> int:
    """Into how many groups of equal weights it falls, 0 if hardly any two are equal."""
    values = ops.convert_to_numpy(weight)
    count = np.unique(values).size
    return count if count <= min(MOST_GROUPS, values.size // LEAST_MEMBERS) else 0


def _silu(x):
    """x σ(x) in two operations, the first of which has its own levels."""
    return x * rounded(ops.sigmoid(x), 0.0, 255 / 256)
