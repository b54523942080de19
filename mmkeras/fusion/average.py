"""Late fusion by averaging what the modalities' own heads say."""

import keras
from keras import layers

from mmkeras.fusion.decisions import mean_heard


@keras.saving.register_keras_serializable("mmkeras")
class Average(layers.Layer):
    """y = Σ_m a_m y_m / Σ_m a_m, over the modalities that are there: (B, M, K), (B, M) -> (B, K).

    The mean rule of Kittler et al., "On combining classifiers", TPAMI 1998, section 2.3, eq. 23.
    """

    takes = "decisions"
    reads = True  # it combines probabilities or values, not logits
    keep_float = True

    def call(self, decisions, there):
        return mean_heard(decisions, there)

    def check(self, name, task, head):
        """Every kind of answer can be averaged."""
