"""Fusion by experts that see all modalities, and a gate that weighs them sample by sample."""

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable("mmkeras")
class MixtureOfExperts(layers.Layer):
    """z = Σ_e g_e relu(W_e x + b_e), g = softmax(V x), x = [h_1; ...; h_M]: (B, M, D) -> (B, D).

    Jacobs et al., "Adaptive Mixtures of Local Experts", Neural Computation 1991; every
    expert is asked, unlike in Shazeer et al., ICLR 2017. V starts at zero: all of the
    `experts` weigh alike. `return_weights` gives (z, g) with g (B, experts).
    """

    takes = "features"
    keep_dynamic = True

    def __init__(self, experts=4, **kwargs):
        super().__init__(**kwargs)
        self.experts = experts

    def build(self, shape):
        _, modalities, width = shape
        self.answers = layers.Dense(self.experts * width, activation="relu", name="answers")
        self.answers.build((None, modalities * width))
        self.gate = layers.Dense(
            self.experts, activation="softmax", kernel_initializer="zeros", name="gate"
        )
        self.gate.build((None, modalities * width))

    def call(self, features, return_weights=False):
        modalities, width = features.shape[1:]
        x = ops.reshape(features, (-1, modalities * width))
        answers = ops.reshape(self.answers(x), (-1, self.experts, width))
        gate = self.gate(x)  # (B, experts)
        fused = ops.sum(gate[..., None] * answers, axis=1)
        return (fused, gate) if return_weights else fused

    def get_config(self):
        return {**super().get_config(), "experts": self.experts}
