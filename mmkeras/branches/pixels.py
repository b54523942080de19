"""Normalisation of raw pixels inside the graph, one layer a convention."""

import keras
from keras import layers, ops

# Mean of ImageNet's blue, green and red, on the scale 0 to 255; Simonyan and Zisserman,
# "Very deep convolutional networks", 2015, section 2.1, values of the released Caffe models.
CAFFE_BGR = (103.939, 116.779, 123.68)
# Mean and deviation of ImageNet's red, green and blue, 0 to 1, as torchvision has them.
MEAN_RGB, DEVIATION_RGB = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@keras.saving.register_keras_serializable("mmkeras")
class Ink(layers.Layer):
    """Raw pixels to 0 (white) .. 1 (black), so that padding equals paper: 1 - x / 255.

    uint8 or float (B, H, W, 3) -> float32 (B, H, W, 3).
    """

    def call(self, pixels):
        return 1.0 - ops.cast(pixels, self.compute_dtype) * (1.0 / 255.0)


@keras.saving.register_keras_serializable("mmkeras")
class CaffePixels(layers.Layer):
    """Raw RGB pixels to BGR less the ImageNet means, as VGG and the first ResNets were trained.

    uint8 or float (B, H, W, 3) -> float32 (B, H, W, 3).
    """

    def call(self, pixels):
        red, green, blue = ops.split(ops.cast(pixels, self.compute_dtype), 3, axis=-1)
        return ops.concatenate([blue, green, red], axis=-1) - ops.convert_to_tensor(
            CAFFE_BGR, self.compute_dtype
        )


@keras.saving.register_keras_serializable("mmkeras")
class Pixels(layers.Layer):
    """Raw pixels as float, for a backbone that normalises by itself.

    uint8 (B, H, W, 3) -> float32 (B, H, W, 3), still 0 to 255.
    """

    def call(self, pixels):
        return ops.cast(pixels, self.compute_dtype)


def torch_pixels(name: str | None = None) -> layers.Layer:
    """Raw pixels to ImageNet's zero mean and unit deviation, each channel: (x / 255 - m) / s.

    uint8 or float (B, H, W, 3) -> float32 (B, H, W, 3).
    """
    scale = [1 / (255 * s) for s in DEVIATION_RGB]
    offset = [-m / s for m, s in zip(MEAN_RGB, DEVIATION_RGB, strict=True)]
    return layers.Rescaling(scale, offset, name=name)


def symmetric_pixels(name: str | None = None) -> layers.Layer:
    """Raw pixels to -1 .. 1: x / 127.5 - 1.

    uint8 or float (B, H, W, C) -> float32 (B, H, W, C).
    """
    return layers.Rescaling(1 / 127.5, -1.0, name=name)


def halved_pixels(name: str | None = None) -> layers.Layer:
    """Raw pixels to -1 .. 1 by a power of two, so that 255 is 0.992: x / 128 - 1.

    uint8 or float (B, H, W, C) -> float32 (B, H, W, C).
    """
    return layers.Rescaling(1 / 128, -1.0, name=name)
