"""A picture: raw pixels, normalised in the graph, through a backbone."""

import keras
from keras import KerasTensor, layers

from mmkeras.branches.backbones import backbone
from mmkeras.branches.branch import Branch
from mmkeras.branches.scales import pyramid
from mmkeras.branches.towers import tower_of
from mmkeras.branches.views import FoldViews, UnfoldViews
from mmkeras.modalities import Image

SCALE_WIDTH = 256  # of tokens of several scales: d of Lin et al., CVPR 2017, section 3


def image_branch(name: str, source: Image) -> Branch:
    """uint8 (B, H, W, 3) -> pooled (B, D) and one token a place of the backbone's map.

    With several `scales`, tokens of all these maps, and `pooled` their averages side by side. With
    several `views`, uint8 (B, V, H, W, 3), tokens of all pictures, and `pooled` the largest value
    of each feature over the views: Su et al., "Multi-view convolutional neural networks for 3D
    shape recognition", ICCV 2015, section 3.2.
    """
    entry, shape = backbone(source.branch), source.spec.shape
    picture = shape[-3:]
    pixels = keras.Input(shape, dtype=source.spec.dtype, name=name)
    x = pixels if source.views == 1 else FoldViews(name=f"{name}_fold")(pixels)
    x = entry.normalise(name=f"{name}_pixels")(x)
    tower = tower_of(name, source, picture)
    if source.scales == 1:
        pooled, tokens = features_of(name, tower(x), entry.flatten)
    else:
        pooled, tokens = _all_scales(name, pyramid(tower, source.scales, picture)(x))
    if source.views > 1:
        pooled, tokens = _all_views(name, source.views, pooled, tokens)
    return Branch(pixels, pooled, tokens)


def features_of(
    name: str, features: KerasTensor, flatten: bool = False
) -> tuple[KerasTensor, KerasTensor]:
    """What a backbone gives, as a vector and as tokens: (B, D), (B, T, E).

    A map (B, h, w, D) is averaged, or flattened; tokens (B, T, D) are averaged; a vector (B, D) is
    the only token.
    """
    pool = f"{name}_pool"
    if len(features.shape) == 2:
        return features, layers.Reshape((1, features.shape[-1]), name=f"{name}_tokens")(features)
    if len(features.shape) == 3:
        return layers.GlobalAveragePooling1D(name=pool)(features), features
    tokens = layers.Reshape((-1, features.shape[-1]), name=f"{name}_tokens")(features)
    kind = layers.Flatten if flatten else layers.GlobalAveragePooling2D
    return kind(name=pool)(features), tokens


def _all_scales(name: str, maps: list[KerasTensor]) -> tuple[KerasTensor, KerasTensor]:
    width = min(SCALE_WIDTH, maps[-1].shape[-1])
    pooled, tokens = [], []
    for i, features in enumerate(maps):
        average, places = features_of(f"{name}_scale{i}", features)
        pooled.append(average)
        tokens.append(layers.Dense(width, name=f"{name}_scale{i}_width")(places))
    return (
        layers.Concatenate(name=f"{name}_pool")(pooled),
        layers.Concatenate(axis=1, name=f"{name}_tokens")(tokens),
    )


def _all_views(
    name: str, views: int, pooled: KerasTensor, tokens: KerasTensor
) -> tuple[KerasTensor, KerasTensor]:
    """(B · V, D), (B · V, T, E) -> (B, D), (B, V · T, E)."""
    apart = UnfoldViews(views, name=f"{name}_views")(pooled)
    along = UnfoldViews(views, name=f"{name}_tokens_views")(tokens)
    return (
        layers.GlobalMaxPooling1D(name=f"{name}_views_pool")(apart),
        layers.Reshape((-1, tokens.shape[-1]), name=f"{name}_views_tokens")(along),
    )
