"""The convolutional net of the first lessons: two blocks, for pictures of about 32 px."""

import keras
from keras import layers


def cifar_cnn(shape: tuple[int, ...]) -> keras.Model:
    """Twice two 3x3 convolutions and max pooling, 64 and 128 filters: (B, H, W, C) -> (B, H/4, W/4,
    128). After the architecture of Simonyan and Zisserman, ICLR 2015, cut to CIFAR's size."""
    start = x = keras.Input(shape)
    for filters in (64, 128):
        for _ in range(2):
            x = layers.Conv2D(
                filters, 3, padding="same", activation="relu", kernel_initializer="he_normal"
            )(x)
        x = layers.MaxPooling2D(2, padding="same")(x)
    return keras.Model(start, x, name="cifar_cnn")
