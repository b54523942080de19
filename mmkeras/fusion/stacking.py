"""Late fusion by one more layer over what the modalities' own heads say."""

import keras
from keras import layers, ops

from mmkeras.fusion.decisions import heard, mean_heard


@keras.saving.register_keras_serializable("mmkeras")
class Stacking(layers.Layer):
    """y = mean of those there + W [a_1 y_1; ...; a_M y_M; a]: (B, M, K), (B, M) -> (B, K).

    Over logits; zeros and a flag a_m = 0 stand for who is absent. Wolpert, "Stacked
    Generalization", Neural Networks 1992; the levels train together here, not one after the other.
    W starts at zero: training begins at the mean.
    """

    takes = "decisions"
    reads = False
    keep_float = True

    def build(self, decisions_shape, there_shape):
        _, modalities, units = decisions_shape
        self.level = layers.Dense(units, kernel_initializer="zeros", name="level")
        self.level.build((None, modalities * units + modalities))

    def call(self, decisions, there):
        _, modalities, units = decisions.shape
        all_of_them = ops.reshape(heard(decisions, there), (-1, modalities * units))
        corrected = self.level(ops.concatenate([all_of_them, there], axis=1))
        return mean_heard(decisions, there) + corrected

    def check(self, name, task, head):
        """Every kind of answer can be stacked."""
