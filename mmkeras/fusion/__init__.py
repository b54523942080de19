"""Fusions: all modalities to one vector, or to one answer. Each is a layer and its equation."""

from keras import layers

from mmkeras.fusion.average import Average
from mmkeras.fusion.bilinear import Bilinear
from mmkeras.fusion.bottleneck import Bottleneck
from mmkeras.fusion.concat import Concat
from mmkeras.fusion.cross_attention import CrossAttention
from mmkeras.fusion.film import Film
from mmkeras.fusion.gated import Gated
from mmkeras.fusion.graph_attention import GraphAttention
from mmkeras.fusion.hybrid import Hybrid
from mmkeras.fusion.low_rank import LowRank
from mmkeras.fusion.max import Max
from mmkeras.fusion.mean import Mean
from mmkeras.fusion.mixture_of_experts import MixtureOfExperts
from mmkeras.fusion.perceiver import Perceiver
from mmkeras.fusion.product import Product
from mmkeras.fusion.product_of_experts import ProductOfExperts
from mmkeras.fusion.self_attention import SelfAttention
from mmkeras.fusion.stacking import Stacking
from mmkeras.fusion.sum import Sum
from mmkeras.fusion.tensor import TensorFusion
from mmkeras.fusion.vote import Vote
from mmkeras.fusion.weighted_sum import WeightedSum

FUSIONS: dict[str, type[layers.Layer]] = {  # name in a recipe -> layer; simplest first
    "sum": Sum,
    "mean": Mean,
    "max": Max,
    "concat": Concat,
    "weighted_sum": WeightedSum,
    # They multiply modalities.
    "product": Product,
    "bilinear": Bilinear,
    "gated": Gated,
    "film": Film,
    "low_rank": LowRank,
    "tensor": TensorFusion,
    # They decide sample by sample whom to hear.
    "mixture_of_experts": MixtureOfExperts,
    "self_attention": SelfAttention,
    "graph_attention": GraphAttention,
    # Early: over tokens, as is self_attention with over="tokens".
    "cross_attention": CrossAttention,
    "bottleneck": Bottleneck,
    "perceiver": Perceiver,
    # Late: what each modality's own head says.
    "average": Average,
    "product_of_experts": ProductOfExperts,
    "vote": Vote,
    "stacking": Stacking,
    # Early and late.
    "hybrid": Hybrid,
}

__all__ = [
    "FUSIONS",
    "Average",
    "Bilinear",
    "Bottleneck",
    "Concat",
    "CrossAttention",
    "Film",
    "Gated",
    "GraphAttention",
    "Hybrid",
    "LowRank",
    "Max",
    "Mean",
    "MixtureOfExperts",
    "Perceiver",
    "Product",
    "ProductOfExperts",
    "SelfAttention",
    "Stacking",
    "Sum",
    "TensorFusion",
    "Vote",
    "WeightedSum",
]
