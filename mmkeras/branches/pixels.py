"""Normalisation of raw pixels inside the graph, one layer a convention."""

import keras
from keras import layers, ops

# Mean of ImageNet's blue, green and red, on the scale 0 to 255; Simonyan and Zisserman,
# "Very deep convolutional networks", 2015, section 2.1, values of the released Caffe models.
CAFFE_BGR = (103.939, 116.779, 123.68)


@keras.saving.register_keras_serializable("mmkeras")
class Ink(layers.Layer):
    """Raw pixels to 0 (white) .. 1 (black), so that padding equals paper: 1 - x / 255.

    uint8 or float (B, H, W, 3) -> float32 (B, H, W, 3).
    """

    def call(self, pixels):
        return 1.0 - ops.cast(pixels, self.compute_dtype) * (1.0 / 255.0)


@keras.saving.register_keras_serializable("mmkeras")
class CaffePixels(layers.Layer):
    """Raw RGB pixels to BGR less the ImageNet means, as VGG16 and ResNet50 were trained.

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
