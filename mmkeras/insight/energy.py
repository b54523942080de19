"""How much a row is like those that were learned: log sum exp of the logits, minus the energy.

Liu et al., "Energy-based out-of-distribution detection", NeurIPS 2020, eq. 4 with T = 1. A softmax
forgets it: it answers alike to logits that are all large and all small. So it is of Keras alone,
before the softmax; a file answers probabilities.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from mmkeras.prepare import Prepared
    from mmkeras.run import Run
    from mmkeras.shipped import Shipped


def likenesses(model: Run | Shipped, data: Prepared) -> dict[str, np.ndarray]:
    """Of each output of classes whose logits there are, (rows,), more is more like the data; none
    of a file, and none where probabilities themselves were joined, as by a vote."""
    from mmkeras.shipped import Shipped

    if isinstance(model, Shipped):
        return {}
    import keras

    from mmkeras.dataset import Batches
    from mmkeras.heads.classify import Probabilities

    layers = {name: model.model.get_layer(name) for name in model.specs}
    before = {n: of.input for n, of in layers.items() if isinstance(of, Probabilities)}
    if not before:
        return {}
    logits = keras.Model(model.model.input, before).predict(Batches(data, 256), verbose=0)
    return {name: log_sum_exp(of) for name, of in logits.items()}


def log_sum_exp(logits: np.ndarray) -> np.ndarray:
    """Over the last axis.

    >>> log_sum_exp(np.zeros((1, 4))) / np.log(4)
    array([1.])
    """
    wide = logits.astype(np.float64)
    most = wide.max(axis=-1, keepdims=True)
    return (most + np.log(np.exp(wide - most).sum(axis=-1, keepdims=True)))[..., 0]
