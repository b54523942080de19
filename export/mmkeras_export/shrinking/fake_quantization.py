"""What int8 does to numbers, in floats that learn: rounded forwards, straight through backwards."""

from __future__ import annotations

import keras
from keras import ops

LEVELS = 255  # steps between the ends of an activation's range
LARGEST = 127  # of a weight, on both sides
TINY = 1e-9  # the least range and scale, as in litert_quantizer
SPARSE = 0.01  # share of zeros above which a weight was pruned
MOMENTUM = 0.95  # a range follows within some 20 batches


def straight_through(x, near):
    """`near` whose gradient is that of `x`: Bengio et al., "Estimating or propagating gradients
    through stochastic neurons", 2013."""
    return x + ops.stop_gradient(near - x)


def rounded_weight(weight, axes):
    """Symmetric int8, w ≈ s · round(w / s) with s = max|w| / 127 over `axes`; any shape.

    The gradient is that of w. Zero stays zero.
    """
    scale = ops.maximum(ops.max(ops.abs(weight), axis=axes, keepdims=True), TINY) / LARGEST
    return straight_through(weight, ops.round(weight / scale) * scale)


def rounded_table(table):
    """Asymmetric int8 with one scale for a whole table, any shape: the file looks rows up as it
    does activations. The gradient is that of the table. Zero stays zero."""
    return straight_through(table, rounded(table, *_ends(table)))


def rounded(x, low, high):
    """Asymmetric int8 between `low` <= 0 and `high` >= 0: s = (high - low) / 255,

        x ≈ s · (round(clip(x) / s + z) - z),  z = round(-low / s),

    so that zero is a level. Beyond the levels there is no gradient. Jacob et al., "Quantization
    and training of neural networks for efficient integer-arithmetic-only inference", CVPR 2018,
    eq. 12. Where nothing is known of the range, both 0, x is left as it is.
    """
    scale = ops.maximum(high - low, TINY) / LEVELS
    zero = ops.round(-low / scale)
    inside = ops.clip(x, -zero * scale, (LEVELS - zero) * scale)
    return ops.where(high > low, straight_through(inside, ops.round(inside / scale) * scale), x)


def tied(weight, groups, count):
    """Each weight as the mean of its group; `groups` holds numbers below `count`, in its shape.

    Weights that are equal get equal gradients, and so stay equal. A group below 0 is none yet.
    """
    places = ops.reshape(groups, (-1,))
    sums = ops.segment_sum(ops.reshape(weight, (-1,)), places, count)
    members = ops.segment_sum(ops.ones(places.shape, weight.dtype), places, count)
    means = ops.take(sums / ops.maximum(members, 1.0), ops.maximum(groups, 0))
    return ops.where(groups < 0, weight, means)


def zeros_kept(weight):
    """The weight, of which more than 1 percent but not all are zero, with no gradient there: an
    optimizer with nothing to remember leaves them. No training comes to so many by chance.
    """
    zero = ops.cast(weight == 0, weight.dtype)
    share = ops.mean(zero)
    pruned = ops.logical_and(share > SPARSE, share < 1.0)
    return ops.where(ops.logical_and(weight == 0, pruned), ops.zeros_like(weight), weight)


@keras.saving.register_keras_serializable("mmkeras")
class FakeQuantize(keras.layers.Layer):
    """`rounded` to a range that it learns by looking: any shape to the same.

    While it trains, its ends move towards those of the batch, e ← 0.95 e + 0.05 e_batch, and begin
    at those of the first. `span` is a range that never moves, as that of a sigmoid.
    """

    def __init__(self, span=None, **kwargs):
        super().__init__(**{"dtype": "float32", **kwargs})
        self.span = span
        self.supports_masking = True
        if span is None:
            self.low, self.high = (
                self.add_weight(shape=(), initializer="zeros", trainable=False, name=name)
                for name in ("low", "high")
            )
        else:
            self.low, self.high = (ops.convert_to_tensor(end, "float32") for end in span)
        self.built = True

    def call(self, x, training=None):
        if training and self.span is None:
            self._follow(x)
        return rounded(x, ops.convert_to_tensor(self.low), ops.convert_to_tensor(self.high))

    def _follow(self, x):
        known = ops.cast(self.high > self.low, "float32") * MOMENTUM
        for end, seen in zip((self.low, self.high), _ends(x), strict=True):
            end.assign(known * end + (1.0 - known) * seen)

    def widen(self, x):
        """Takes in all values of `x`."""
        if self.span is None:
            low, high = _ends(ops.cast(x, "float32"))
            self.low.assign(ops.minimum(self.low, low))
            self.high.assign(ops.maximum(self.high, high))

    def get_config(self):
        return {**super().get_config(), "span": self.span}


def _ends(x):
    """The smallest and the largest value, and zero, which every range holds."""
    x = ops.stop_gradient(x)
    return ops.minimum(ops.min(x), 0.0), ops.maximum(ops.max(x), 0.0)
