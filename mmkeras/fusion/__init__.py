"""Fusions: all modalities to one vector, or to one answer. Each is a layer and its equation."""

from keras import layers

from mmkeras.fusion.average import Average
from mmkeras.fusion.concat import Concat
from mmkeras.fusion.self_attention import SelfAttention
from mmkeras.fusion.sum import Sum

FUSIONS: dict[str, type[layers.Layer]] = {  # name in a recipe -> layer; simplest first
    "sum": Sum,
    "concat": Concat,
    "self_attention": SelfAttention,
    # Late: what each modality's own head says.
    "average": Average,
}

__all__ = ["FUSIONS", "Average", "Concat", "SelfAttention", "Sum"]
