"""A hint: beside the answers, the student learns the teacher's fused vector.

Romero et al., "FitNets: hints for thin deep nets", ICLR 2015, eq. 3: a learned projection of what
the student has in its middle comes near to what the teacher has there. Other than there:

- The teacher's vectors are standardised, each place over the training rows, so that 1 is the
  distance of who says the mean each time: one weight suits any teacher. Places that never change
  are left out. A cosine leaves out lengths, and what it says depends on where zero lies: vectors of
  rectified features (`concat`) are near each other from the start, those of `self_attention` are
  not. Ahn et al., "Variational information distillation", CVPR 2019, divide by a variance of each
  place too, one that they learn.
- It is learned beside the labels from the first step to the last, not in a stage before.

The projection is there for the training alone: it stands in a copy of the model, `hinted`.
"""

from __future__ import annotations

from collections.abc import Mapping

import keras
import numpy as np
from keras import layers, ops

from mmkeras.joining import fusion_layer
from mmkeras.recipe import FUSED, HINT, Recipe
from mmkeras.rewiring import part, parts_of, rebuilt, reconnect, taken

BEHIND = "fusion_dropout"  # the layer that takes the fused vector, (B, E)


@keras.saving.register_keras_serializable("mmkeras")
class Hint(layers.Layer):
    """Passes a fused vector f on, (B, D), and in training adds to the loss

        weight · mean (t - f W - b)²

    over the places of t, the teacher's vector (B, E), and the rows that have one: others have NaN.
    W and b begin at 0, so that a projection that has learned nothing pushes the student nowhere.
    """

    keep_float = True

    def __init__(self, weight=1.0, **kwargs):
        super().__init__(**kwargs)
        self.weight = weight

    def build(self, fused_shape, told_shape):
        shape = (fused_shape[-1], told_shape[-1])
        self.kernel = self.add_weight(shape, "zeros", name="kernel")
        self.bias = self.add_weight(shape[1:], "zeros", name="bias")

    def call(self, fused, told, training=False):
        if training:
            said = ops.matmul(fused, self.kernel) + self.bias
            known = ops.logical_not(ops.isnan(told))
            apart = ops.sum(ops.square(ops.where(known, told, said) - said))
            count = ops.maximum(ops.sum(ops.cast(known, apart.dtype)), 1.0)
            self.add_loss(self.weight * apart / count)
        return fused

    def compute_output_shape(self, fused_shape, told_shape):
        return fused_shape

    def get_config(self):
        return {**super().get_config(), "weight": self.weight}


def hinted(model: keras.Model, width: int, weight: float) -> keras.Model:
    """A copy of the model with a `Hint`, and an input for vectors of this width, (B, E).

    All its other layers have the names that they have in the model, to copy their weights back.
    """
    config = model.get_config()
    parts = parts_of(config)
    fused = taken(parts[BEHIND])
    told = {"shape": [None, width], "dtype": "float32", "keras_history": [FUSED, 0, 0]}
    for layer in parts.values():
        reconnect(layer["inbound_nodes"], fused["keras_history"], [HINT, 0, 0])
    both = [{"class_name": "__keras_tensor__", "config": each} for each in (fused, told)]
    config["layers"] += [
        part(layers.InputLayer((width,), name=FUSED)),
        part(Hint(weight, name=HINT), {"args": both, "kwargs": {}}),
    ]
    config["input_layers"] = {**config["input_layers"], FUSED: told["keras_history"]}
    return rebuilt(model, config)


def fused_vector(model: keras.Model) -> keras.KerasTensor:
    """What its fusion gives, (B, E)."""
    return model.get_layer(BEHIND).input


def check_fused(recipes: Mapping[str, Recipe]) -> None:
    """Raises ValueError for one whose fusion has no vector; the keys are who they are."""
    for who, recipe in recipes.items():
        if fusion_layer(recipe.fusion, recipe.inputs).takes == "decisions":
            raise ValueError(
                f"teacher_features compares what two models fuse, and the {who}'s fusion, "
                f"{recipe.fusion!r}, joins answers, not features: take one over features or "
                "tokens, or teacher_features=0"
            )


def standardised(vectors: np.ndarray) -> np.ndarray:
    """Each place (v - mean) / standard deviation over the rows, (rows, E) -> (rows, e <= E).

    Places that do not change are left out. Raises ValueError where none does.
    """
    spread = vectors.std(axis=0)
    changing = spread > 1e-5 * max(float(np.abs(vectors).max()), 1e-30)
    if not changing.any():
        raise ValueError(
            "the teacher's fused vector is the same for each row: there is nothing to learn from "
            "it; take another teacher, or teacher_features=0"
        )
    return ((vectors - vectors.mean(axis=0)) / np.where(changing, spread, 1.0))[:, changing]
