"""ResNet-18, from scratch: a tower of convolutions for pictures and spectrograms."""

from __future__ import annotations

import keras
from keras import layers

STAGES = ((64, 1), (128, 2), (256, 2), (512, 2))  # channels, stride; two blocks each
BLOCKS = 2


def resnet18(shape: tuple[int, ...]) -> keras.Model:
    """x ← relu(x + F(x)), F two 3x3 convolutions: (B, H, W, C) -> (B, H/32, W/32, 512), rounded up.

    He et al., "Deep residual learning for image recognition", CVPR 2016, table 1 and figure 2:
    11.2 million parameters. Where the size changes, x goes through a 1x1 convolution (option B).
    """
    start = keras.Input(shape)
    x = _convolution(start, 64, "stem", kernel=7, stride=2)
    x = layers.ReLU(name="stem_relu")(x)
    x = layers.MaxPooling2D(3, 2, padding="same", name="stem_pool")(x)
    for stage, (channels, stride) in enumerate(STAGES):
        for block in range(BLOCKS):
            x = _block(x, channels, 1 if block else stride, f"stage{stage}_block{block}")
    return keras.Model(start, x, name="resnet18")


def _block(x, channels: int, stride: int, name: str):
    y = _convolution(x, channels, f"{name}_first", stride=stride)
    y = layers.ReLU(name=f"{name}_first_relu")(y)
    y = _convolution(y, channels, f"{name}_second")
    if stride > 1 or x.shape[-1] != channels:
        x = _convolution(x, channels, f"{name}_match", kernel=1, stride=stride)
    return layers.ReLU(name=f"{name}_relu")(layers.Add(name=f"{name}_add")([x, y]))


def _convolution(x, channels: int, name: str, kernel: int = 3, stride: int = 1):
    he = keras.initializers.HeNormal()  # section 3.4, after He et al., ICCV 2015
    x = layers.Conv2D(
        channels, kernel, stride, "same", use_bias=False, kernel_initializer=he, name=name
    )(x)
    return layers.BatchNormalization(name=f"{name}_norm")(x)
