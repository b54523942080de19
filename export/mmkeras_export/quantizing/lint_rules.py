"""The rules of `lint`: what a model and some rows show of it to what int8 would ruin."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import layers as kinds

from mmkeras_export.converting.signature import inputs_of, outputs_of
from mmkeras_export.quantizing.islands import attends, averages_masked
from mmkeras_export.quantizing.number_formats import FORMATS
from mmkeras_export.shrinking.qat_places import PRODUCTS

APART = 100.0  # times between scales that share 256 steps: the smaller one has two or three
LONG = 256  # shares that are all alike are below half a step of 1/256, and round to nothing
NORMALISING = (
    kinds.BatchNormalization,
    kinds.GroupNormalization,
    kinds.LayerNormalization,
    kinds.Normalization,
    kinds.Rescaling,
    kinds.UnitNormalization,
)


class Finding(NamedTuple):
    """What is wrong where, and what helps; `applied` if `quantize` does so by itself."""

    rule: str
    layer: str
    what: str
    cure: str
    applied: bool

    @property
    def layers(self) -> dict[str, str]:
        """The cure as `layers` of `quantize`; empty if the model itself has to change."""
        return {self.layer: self.cure} if self.cure in FORMATS else {}

    def __str__(self) -> str:
        cure = f"layers={self.layers}" if self.layers else self.cure
        return f"{self.layer}: {self.what}; {cure} ({'done' if self.applied else 'to do'})"


class Taken(NamedTuple):
    """What a layer or operation was given, (rows, ...)."""

    shape: tuple[int, ...]
    largest: float  # of its absolute values; NaN unless floating


class Call(NamedTuple):
    """One call of a layer or operation while rows went through the model."""

    operation: Any
    path: tuple[str, ...]  # its name behind those of the models that it is in
    taken: list[Taken]


class Seen(NamedTuple):
    """A model and what it computes for some rows."""

    model: keras.Model
    calls: list[Call]
    feed: Mapping[str, np.ndarray]  # rows by input name
    measured: bool  # the rows are real
    islands: Mapping[str, str]

    def spared(self, path: Sequence[str]) -> bool:
        """Whether `quantize` leaves it wider than int8; what is innermost holds."""
        forms = [self.islands[name] for name in path if name in self.islands]
        return forms[-1:] not in ([], ["int8"])


def _masked_means(seen: Seen) -> Iterator[Finding]:
    """The division by how many are real collapses: agreement 0.34 to 0.45 instead of 0.98."""
    for call in seen.calls:
        divides = _divides_by_count(call)  # which `quantize` never does in int8
        if divides or averages_masked(call.operation):
            yield Finding(
                "masked_mean",
                call.operation.name,
                "a mean over what a mask leaves divides by a count, which int8 rounds away",
                "float16",
                seen.spared(call.path) or divides,
            )


def _divides_by_count(call: Call) -> bool:
    """An operation that divides by an input that is computed: one number a row or few."""
    kind = type(call.operation).__name__
    if kind not in ("Divide", "TrueDivide") or len(call.taken) < 2:
        return False
    above, below = (int(np.prod(taken.shape)) for taken in call.taken[:2])
    return below < above


def _by_design(seen: Seen) -> Iterator[Finding]:
    """Layers that say of themselves what they bear: masked means, log-mel, products of features."""
    for call in seen.calls:
        if getattr(call.operation, "keep_float", False):
            what, cure = "its numbers span more than 256 steps can tell apart", "float16"
        elif getattr(call.operation, "keep_dynamic", False):
            what, cure = "its activations span more than 256 steps can tell apart", "dynamic_int8"
        else:
            continue
        what = f"a {type(call.operation).__name__}: {what}"
        yield Finding("by_design", call.operation.name, what, cure, seen.spared(call.path))


def _raw_inputs(seen: Seen) -> Iterator[Finding]:
    """One scale for all units: raw multi-unit sensors fell to chance, normalised ones did not."""
    if not seen.measured:
        return
    for name, tensor in inputs_of(seen.model).items():
        if tensor.dtype != "float32" or len(tensor.shape) < 2 or _normalised(seen, tensor):
            continue
        values = seen.feed[name].reshape(-1, tensor.shape[-1])
        scales = np.abs(values).max(axis=0)
        if (ratio := _ratio(scales)) > APART:
            yield Finding(
                "raw_input",
                name,
                f"its {len(scales)} channels differ {ratio:,.0f} times in size and share one scale",
                "normalise each in the model, by a layer keras.layers.Normalization adapted to the "
                "training rows",
                False,
            )


def _normalised(seen: Seen, tensor: keras.KerasTensor) -> bool:
    """Whether the first layers that compute with it normalise, or are islands."""
    for operation in _takers(seen.model, tensor):
        moved = type(operation).__name__ in ("Reshape", "Permute", "ExpandDims", "Squeeze")
        if moved and not all(
            _normalised(seen, made) for made in operation._inbound_nodes[0].outputs
        ):
            return False
        if (
            not moved
            and not isinstance(operation, NORMALISING)
            and not seen.spared([operation.name])
        ):
            return False
    return True


def _takers(model: keras.Model, tensor: keras.KerasTensor) -> list[Any]:
    graph = model._functional if isinstance(model, keras.Sequential) else model
    return [
        operation
        for operation in graph.operations
        if any(any(x is tensor for x in node.input_tensors) for node in operation._inbound_nodes)
    ]


def _uneven_branches(seen: Seen) -> Iterator[Finding]:
    """What is joined gets the scale of the largest."""
    if not seen.measured:
        return
    for call in seen.calls:
        if not type(call.operation).__name__.startswith("Concat") or len(call.taken) < 2:
            continue
        ratio = _ratio(np.array([taken.largest for taken in call.taken]))
        if ratio > APART:
            yield Finding(
                "branch_scales",
                call.operation.name,
                f"joins inputs that differ {ratio:,.0f} times in size under one scale",
                "put a keras.layers.LayerNormalization or BatchNormalization behind each branch",
                seen.spared(call.path),
            )


def _ratio(scales: np.ndarray) -> float:
    """Between the largest and the smallest that is not nothing; not a number counts as nothing."""
    scales = scales[scales > 0]
    return float(scales.max() / scales.min()) if len(scales) > 1 else 1.0


def _scalar_heads(seen: Seen) -> Iterator[Finding]:
    """Calibrated by a moving average such an answer collapses."""
    for name, tensor in outputs_of(seen.model).items():
        if all(size == 1 for size in tensor.shape[1:]):
            yield Finding(
                "scalar_head",
                name,
                "one number, of which int8 leaves 256 values",
                "calibrate by its true extremes",
                True,  # `activation_ranges` always does
            )


def _loops(seen: Seen) -> Iterator[Finding]:
    """Ranges within a loop are not seen; rolled out, each step rounds the state again."""
    for call in seen.calls:
        layer = getattr(call.operation, "forward_layer", call.operation)
        if isinstance(layer, kinds.RNN):
            unrolled = bool(getattr(layer, "unroll", False))
            yield Finding(
                "recurrent",
                call.operation.name,
                "rounds its state at every step" if unrolled else "has activations in a loop",
                "dynamic_int8",
                not unrolled or seen.spared(call.path),
            )


def _attention(seen: Seen) -> Iterator[Finding]:
    """MobileBERT falls from F1 88.8 to 2.1 in full int8."""
    for call in seen.calls:
        inner = [each for each in _within(call.operation) if attends(each)]
        if inner and max((len(taken.shape) for taken in call.taken), default=0) >= 3:
            yield Finding(
                "attention",
                call.operation.name,
                "attention over tokens loses most of what it learned with int8 activations",
                "dynamic_int8",
                seen.spared(call.path),
            )


def _long_softmax(seen: Seen) -> Iterator[Finding]:
    """Its int8 answer has steps of 1/256."""
    for call in seen.calls:
        length = _shares(call)
        if length > LONG:
            yield Finding(
                "long_softmax",
                call.operation.name,
                f"a softmax over {length:,} gives shares of which most round to 0",
                "dynamic_int8",
                seen.spared(call.path),
            )


def _shares(call: Call) -> int:
    """Over how many a softmax in it goes; 0 without one."""
    operation = call.operation
    if isinstance(operation, kinds.Softmax) or type(operation).__name__ == "Softmax":
        axis = operation.axis if isinstance(operation.axis, int) else -1
        return int(call.taken[0].shape[axis])
    if isinstance(operation, PRODUCTS) and operation.activation is keras.activations.softmax:
        return int(operation.output.shape[-1])
    if isinstance(operation, kinds.Activation):
        soft = operation.activation is keras.activations.softmax
        return int(call.taken[0].shape[-1]) if soft else 0
    if any(map(attends, _within(operation))) and len(call.taken[0].shape) >= 3:
        return int(call.taken[min(1, len(call.taken) - 1)].shape[1])
    return 0


def _within(operation: Any) -> list[keras.Layer]:
    return operation._flatten_layers() if isinstance(operation, keras.Layer) else []


RULES: dict[str, Callable[[Seen], Iterable[Finding]]] = {
    "by_design": _by_design,
    "masked_mean": _masked_means,
    "raw_input": _raw_inputs,
    "branch_scales": _uneven_branches,
    "scalar_head": _scalar_heads,
    "recurrent": _loops,
    "attention": _attention,
    "long_softmax": _long_softmax,
}
