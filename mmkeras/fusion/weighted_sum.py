"""Fusion by a weighted sum, one weight a modality."""

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable("mmkeras")
class WeightedSum(layers.Layer):
    """z = Σ_m w_m h_m with w = softmax(s): (B, M, D) -> (B, D).

    The scores s are learned from zero, so that training begins at the mean. `weights` are fixed
    ones instead, one a modality in the order of the inputs. As the layer mix of ELMo, Peters et
    al., NAACL 2018, eq. 1. `return_weights` gives (z, w) with w (M,).
    """

    takes = "features"
    keep_float = True

    def __init__(self, weights=None, **kwargs):
        super().__init__(**kwargs)
        self.fixed = None if weights is None else tuple(float(weight) for weight in weights)

    def build(self, shape):
        modalities = shape[1]
        if self.fixed is None:
            self.scores = self.add_weight((modalities,), "zeros", name="scores")
        elif len(self.fixed) != modalities:
            raise ValueError(
                f"weighted_sum wants one weight a modality, {modalities} of them. "
                f"Received: weights={self.fixed}"
            )

    def call(self, features, return_weights=False):
        if self.fixed is None:
            weights = ops.softmax(self.scores)
        else:
            weights = ops.convert_to_tensor(self.fixed, features.dtype)
        fused = ops.sum(weights[:, None] * features, axis=1)
        return (fused, weights) if return_weights else fused

    def get_config(self):
        return {**super().get_config(), "weights": self.fixed}
