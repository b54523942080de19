"""Whom a fusion listened to."""

import inspect

import keras


def weights_model(model: keras.Model) -> keras.Model:
    """A model with the same inputs whose answer is the weights of the fusion, for explanation.

    Their shape is said by the fusion's layer. The weights of the layer are copied: make it anew
    after further training. Raises ValueError for a fusion that weighs nothing.
    """
    layer = model.get_layer("fusion")
    if "return_weights" not in inspect.signature(layer.call).parameters:
        raise ValueError(f"the fusion {type(layer).__name__} has no weights to tell")
    # A twin: Keras takes the number of a layer's outputs from its first call.
    twin = type(layer).from_config(layer.get_config())
    _, weights = twin(*layer._inbound_nodes[0].arguments.args, return_weights=True)
    twin.set_weights(layer.get_weights())
    return keras.Model(model.input, weights)
