"""Gradients of a number a row, on TensorFlow and on JAX; Keras itself has no such thing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np

from mmkeras_edge.inputs import pick

Points = Mapping[str, np.ndarray]
Score = Callable[[Mapping[str, Any]], Any]  # tensors by name -> (B,)


def score_and_gradients(score: Score, points: Points) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The scores at float arrays by name, (B,), and how their sum changes with each number there.

    Raises ValueError on another backend.
    """
    backend = keras.backend.backend()
    return pick(ENGINES, backend, "gradients: backend")(score, points)


def _tensorflow(score: Score, points: Points) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    import tensorflow as tf

    tensors = {name: tf.constant(value) for name, value in points.items()}
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        for tensor in tensors.values():
            tape.watch(tensor)
        scores = score(tensors)
    found = tape.gradient(scores, tensors, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    return scores.numpy(), {name: tf.convert_to_tensor(of).numpy() for name, of in found.items()}


def _jax(score: Score, points: Points) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    import jax

    def summed(tensors: Mapping[str, Any]) -> tuple[Any, Any]:
        scores = score(tensors)
        return scores.sum(), scores

    (_, scores), found = jax.value_and_grad(summed, has_aux=True)(dict(points))
    return np.asarray(scores), {name: np.asarray(of) for name, of in found.items()}


ENGINES = {"tensorflow": _tensorflow, "jax": _jax}
