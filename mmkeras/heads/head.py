"""What every head is."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import keras
from keras import layers


class Head(NamedTuple):
    """From fused features to an answer: `units` numbers of a Dense, which a layer then reads.

    `read(task, name)` gives the layer, (..., units) -> (..., values), float32. The loss and the
    metrics take what `read` gives. `values` is how many that are, `logits` whether the numbers of
    several experts may be added before they are read.
    """

    units: Callable[[Any], int]
    read: Callable[[Any, str], layers.Layer]
    loss: Callable[[Any], keras.losses.Loss]
    metrics: Callable[[Any], Sequence[keras.metrics.Metric]]
    logits: bool = True
