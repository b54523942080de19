"""Late fusion by majority."""

import keras
from keras import layers, ops

from mmkeras.fusion.decisions import heard

# What a probability weighs beside a vote: it decides a tie and, up to 100 modalities, nothing else.
TIE = 0.01
CLASSES = ("classify", "ordinal")  # tasks with one probability a class


@keras.saving.register_keras_serializable("mmkeras")
class Vote(layers.Layer):
    """y = Σ_m a_m (v_m + ε p_m), scaled to sum to 1: (B, M, K), (B, M) -> (B, K).

    v_m is 1 for the class that modality m holds most probable, so y is its share of the votes, and
    the sum of probabilities decides a tie. In training y is Σ_m a_m p_m, scaled, which has a
    gradient. Majority vote: Kittler et al., "On combining classifiers", TPAMI 1998, section 2.3.
    """

    takes = "decisions"
    reads = True
    keep_float = True

    def call(self, decisions, there, training=False):
        probabilities = heard(decisions, there)  # (B, M, K)
        # Not by argmax, which Keras makes of an operation that TFLite lacks.
        best = probabilities >= ops.max(probabilities, axis=-1, keepdims=True)
        votes = there[..., None] * ops.cast(best, probabilities.dtype)
        scores = probabilities if training else votes + TIE * probabilities
        scores = ops.sum(scores, axis=1)  # (B, K)
        return scores / ops.maximum(ops.sum(scores, axis=-1, keepdims=True), TIE)

    def check(self, name, task, head):
        """Raises ValueError for a task that is not one of several classes."""
        if task.kind not in CLASSES:
            raise ValueError(
                f"output {name!r}: the fusion vote counts votes for classes, of the tasks "
                f"{' and '.join(CLASSES)}. Received: {task.kind}; take average"
            )
