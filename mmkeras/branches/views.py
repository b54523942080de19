"""Several pictures of one thing through the same weights."""

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable("mmkeras")
class FoldViews(layers.Layer):
    """Every view a sample of its own: (B, V, ...) -> (B · V, ...)."""

    def call(self, pictures):
        return ops.reshape(pictures, (-1, *pictures.shape[2:]))


@keras.saving.register_keras_serializable("mmkeras")
class UnfoldViews(layers.Layer):
    """The views of a sample side by side again: (B · V, ...) -> (B, V, ...)."""

    def __init__(self, views, **kwargs):
        super().__init__(**kwargs)
        self.views = views

    def call(self, features):
        return ops.reshape(features, (-1, self.views, *features.shape[1:]))

    def compute_output_shape(self, shape):
        """By hand: JAX cannot divide a batch of unknown size by the views."""
        batch = None if shape[0] is None else shape[0] // self.views
        return (batch, self.views, *shape[1:])

    def get_config(self):
        return {**super().get_config(), "views": self.views}
