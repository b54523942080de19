"""Mixed precision: a model computes in 16 bits where that is safe, and keeps weights of 32."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import keras

from mmkeras_edge.inputs import pick

PRECISIONS = ("float32", "mixed_float16", "mixed_bfloat16")


@contextmanager
def computing_in(model: keras.Model, precision: str) -> Iterator[None]:
    """Within, the model computes in this precision; then in the one it had before.

    Its weights are the same variables throughout, float32: nothing is copied, and a file of the
    model is the same before and after. A layer with `keep_float = True` and all that is in it stays
    float32, so that what is exported in float was trained in float. What is not float32 before, as
    a layer with a policy of its own, is left alone. Micikevicius et al., "Mixed precision
    training", ICLR 2018, section 3.1.

    Compile within: for "mixed_float16" Keras then scales the loss, so that small gradients do not
    become 0 (section 3.2); bfloat16 has the range of float32 and needs no scale. Raises ValueError
    for a precision that there is not.
    """
    pick(dict.fromkeys(PRECISIONS), precision, "precision")
    changed = [] if precision == "float32" else list(_lowered(model))
    before = [layer.dtype_policy for layer in changed]
    try:
        _set(model, changed, [keras.DTypePolicy(precision)] * len(changed))
        yield
    finally:
        _set(model, changed, before)


def _lowered(layer: keras.Layer) -> Iterator[keras.Layer]:
    """A layer and those within, parents first, but for what stays float32."""
    if getattr(layer, "keep_float", False):
        return
    if layer.dtype_policy.name == "float32":
        yield layer
    for part in layer._layers:
        yield from _lowered(part)


def _set(model: keras.Model, layers: list[keras.Layer], policies: list[keras.DTypePolicy]) -> None:
    for layer, policy in zip(layers, policies, strict=True):
        layer.dtype_policy = policy
    if layers:  # what was traced computes as it was traced
        model.train_function = model.test_function = model.predict_function = None
