"""Readings in their own units to numbers of one size, by what the training rows hold."""

import keras
import numpy as np
from keras import layers, ops


@keras.saving.register_keras_serializable("mmkeras")
class Standardise(layers.Layer):
    """(x - mean) / deviation of each channel, 0 where x is NaN: float32 (..., C) -> (..., C).

    `adapts_to` names the input whose training rows give mean and deviation; until they did, x goes
    through. Of an input with more than C channels they are the first ones. In float also under
    int8: 256 steps over the pressure of the air leave nothing of the gravity beside it.
    """

    keep_float = True

    def __init__(self, adapts_to, **kwargs):
        super().__init__(**kwargs)
        self.adapts_to = adapts_to

    def build(self, shape):
        channels = (shape[-1],)
        for name, start in (("mean", "zeros"), ("deviation", "ones")):
            weight = self.add_weight(channels, initializer=start, trainable=False, name=name)
            setattr(self, name, weight)
        self.seen = self.add_weight((), initializer="zeros", trainable=False, name="seen")

    def call(self, x):
        scaled = (x - self.mean) / self.deviation
        return ops.where(ops.equal(x, x), scaled, ops.zeros((), scaled.dtype))  # NaN is not itself

    @property
    def adapted(self):
        return bool(ops.convert_to_numpy(self.seen))

    def adapt(self, data, name):
        """Measures the rows of `Prepared` that have the input `name`, each recording once."""
        column = data.inputs[name]
        self.measure(column.take(column.firsts()[0]))

    def measure(self, values):
        """Takes mean and deviation of these values (..., C), NaN left out.

        A channel that never varies, or has no value, keeps the deviation 1.
        """
        channels = self.mean.shape[0]
        table = np.asarray(values, np.float64).reshape(-1, np.shape(values)[-1])[:, :channels]
        known = ~np.isnan(table)
        count = np.maximum(known.sum(axis=0), 1)
        mean = np.where(known, table, 0).sum(axis=0) / count
        deviation = np.sqrt((np.where(known, table - mean, 0) ** 2).sum(axis=0) / count)
        self.mean.assign(mean.astype(np.float32))
        tiny = 1e-6 * np.maximum(np.abs(mean), 1e-30)  # what float32 cannot tell from no variation
        self.deviation.assign(np.where(deviation > tiny, deviation, 1).astype(np.float32))
        self.seen.assign(1.0)

    def get_config(self):
        return {**super().get_config(), "adapts_to": self.adapts_to}
