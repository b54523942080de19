"""Scores and their gradients, compiled, on TensorFlow and on JAX; Keras has no gradients itself."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import keras

from mmkeras_edge.inputs import pick

# (points by name, whatever else) -> (B,), all tensors.
Score = Callable[..., Any]


def compiled(score: Score) -> Score:
    """The same, traced once for each shape of its arguments; on other backends as it is."""
    backend = keras.backend.backend()
    return COMPILERS[backend](score) if backend in COMPILERS else score


def with_gradients(score: Score) -> Callable[..., tuple[Any, dict[str, Any]]]:
    """Scores, (B,), and how their sum changes with each number of the first argument, by name.

    Raises ValueError on another backend.
    """
    backend = keras.backend.backend()
    return compiled(pick(ENGINES, backend, "backend for gradients:")(score))


def _tensorflow(score: Score) -> Callable[..., Any]:
    import tensorflow as tf

    def both(points: dict[str, Any], *others: Any) -> Any:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            for tensor in points.values():
                tape.watch(tensor)
            scores = score(points, *others)
        zero = tf.UnconnectedGradients.ZERO
        found = tape.gradient(scores, points, unconnected_gradients=zero)
        return scores, {name: tf.convert_to_tensor(of) for name, of in found.items()}

    return both


def _jax(score: Score) -> Callable[..., Any]:
    jax = _its("jax")

    def both(points: dict[str, Any], *others: Any) -> Any:
        def summed(points: dict[str, Any]) -> tuple[Any, Any]:
            scores = score(points, *others)
            return scores.sum(), scores

        (_, scores), found = jax.value_and_grad(summed, has_aux=True)(points)
        return scores, found

    return both


def _tensorflow_function(function: Callable[..., Any]) -> Callable[..., Any]:
    import tensorflow as tf

    return tf.function(function, autograph=False)


def _jax_function(function: Callable[..., Any]) -> Callable[..., Any]:
    return _its("jax").jit(function)


def _its(package: str) -> Any:
    """A backend's package that is no requirement: whoever runs Keras on it has it."""
    return importlib.import_module(package)


ENGINES = {"tensorflow": _tensorflow, "jax": _jax}
COMPILERS = {"tensorflow": _tensorflow_function, "jax": _jax_function}
