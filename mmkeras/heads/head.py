"""What every head is."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

import keras
import numpy as np
from keras import layers

from mmkeras.heads.measures import Measure


class Read(Protocol):
    """(task, layer's name, output's name if it is another) to the layer that reads the numbers."""

    def __call__(self, task: Any, name: str, output: str | None = None) -> layers.Layer: ...


class Head(NamedTuple):
    """From fused features to an answer: `units` numbers of a Dense, which a layer then reads.

    `read` gives that layer, (..., units) -> (..., values), float32. `loss(task, scale)` and
    `metrics(task)`, for training, take what it gives; `scale` is the standard deviation of the
    training labels, which makes losses of different units alike. `shapes` are what the loss
    takes in a third argument, a `Shape`: of "label_smoothing", "focal" and "class_weights" those
    that it knows. `measures` are for a report, the first is the one that decides; `said(spec,
    outputs)` is what an answer comes to, None for a number; `constant(spec, truth)` the best answer
    that never looks. `logits` is whether the numbers of several experts may be added before they
    are read.
    """

    units: Callable[[Any], int]
    read: Read
    loss: Callable[..., keras.losses.Loss]
    metrics: Callable[[Any], Sequence[keras.metrics.Metric]]
    measures: tuple[Measure, ...]
    constant: Callable[[Any, np.ndarray], np.ndarray]
    said: Callable[[Any, np.ndarray], np.ndarray] | None = None
    logits: bool = False
    shapes: tuple[str, ...] = ()
