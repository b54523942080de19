"""Late fusion by averaging what the modalities' own heads say."""

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable("mmkeras")
class Average(layers.Layer):
    """y = Σ_m a_m y_m / Σ_m a_m, over the modalities that are there: (B, M, K), (B, M) -> (B, K).

    The mean rule of Kittler et al., "On combining classifiers", TPAMI 1998, section 2.3, eq. 23.
    """

    takes = "decisions"
    reads = True  # it combines probabilities or values, not logits
    keep_float = True

    def call(self, decisions, there):
        share = there / ops.maximum(ops.sum(there, axis=1, keepdims=True), 1.0)  # (B, M)
        return ops.sum(share[..., None] * decisions, axis=1)

    def check(self, name, task, head):
        """Every kind of answer can be averaged."""
