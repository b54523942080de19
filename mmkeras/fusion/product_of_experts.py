"""Late fusion by multiplying what the modalities' own heads hold probable."""

import keras
from keras import layers, ops

from mmkeras.fusion.decisions import heard


@keras.saving.register_keras_serializable("mmkeras")
class ProductOfExperts(layers.Layer):
    """y = Σ_m a_m y_m over logits, so p ∝ Π_m p_m of who is there: (B, M, K), (B, M) -> (B, K).

    Whoever is sure decides. Hinton, "Training Products of Experts by Minimizing Contrastive
    Divergence", Neural Computation 2002, eq. 1.
    """

    takes = "decisions"
    reads = False  # it combines logits
    keep_float = True

    def call(self, decisions, there):
        return ops.sum(heard(decisions, there), axis=1)

    def check(self, name, task, head):
        """Raises ValueError for a head whose numbers are no logits."""
        if not head.logits:
            raise ValueError(
                f"output {name!r}: the fusion product_of_experts adds logits, and the task "
                f"{task.kind} has none; take average or stacking"
            )
