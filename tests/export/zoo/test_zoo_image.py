"""Every way to look at a picture on the device, in every precision: one file, two outputs each."""

import keras
import keras_hub
import numpy as np
import pytest
from keras import layers

from mmkeras import Image
from mmkeras.branches.image import image_branch
from mmkeras_export import convert
from tests.precisions import every_precision

ROWS, PX = 16, 32


def given() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((None, None, 3)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(16, 3, 2, activation="relu"),
            layers.GlobalAveragePooling2D(),
        ]
    )


def hub_vit() -> keras.Model:
    """A class token and four patches."""
    return keras_hub.models.ViTBackbone(
        image_shape=(PX, PX, 3),
        patch_size=PX // 2,
        num_layers=1,
        num_heads=2,
        hidden_dim=32,
        mlp_dim=64,
    )


def hub_resnet() -> keras.Model:
    return keras_hub.models.ResNetBackbone(
        input_conv_filters=[64],
        input_conv_kernel_sizes=[7],
        stackwise_num_filters=[64, 32],
        stackwise_num_blocks=[1, 1],
        stackwise_num_strides=[1, 2],
        block_type="basic_block",
        image_shape=(None, None, 3),
    )


WAYS = {
    "scales": lambda: Image("cnn", (PX, PX), scales=3),
    "views": lambda: Image("cnn", (PX, PX), views=3),
    "both": lambda: Image("resnet18", (PX, PX), scales=2, views=2),
    "given": lambda: Image(plain(given()), (PX, PX)),
    "hub_resnet": lambda: Image(plain(hub_resnet()), (PX, PX), scales=2),
    "hub_vit": lambda: Image(plain(hub_vit())),
}


def plain(model: keras.Model):
    return keras.saving.serialize_keras_object(model)


@pytest.fixture(scope="module")
def converted():
    """(model, float32 file, pictures by input, Keras' answers by output)."""
    keras.utils.set_random_seed(0)
    random = np.random.default_rng(0)
    inputs, outputs, feed = {}, {}, {}
    for name, source in WAYS.items():
        branch = image_branch(name, source())
        *views, _, _, _ = shape = branch.input.shape[1:]
        colours = random.integers(0, 256, (ROWS, *views, 1, 1, 3))
        feed[name] = (colours * random.random((ROWS, *shape[:-1], 1))).astype(np.uint8)
        inputs[name] = branch.input
        outputs[f"{name}_vector"] = layers.Dense(8, name=f"{name}_vector")(branch.pooled)
        outputs[f"{name}_places"] = layers.Dense(8, name=f"{name}_places")(branch.tokens)
    model = keras.Model(inputs, outputs)
    return model, convert(model), feed, model.predict(feed, verbose=0)


@every_precision
@pytest.mark.parametrize("what", ["vector", "places"])
@pytest.mark.parametrize("name", WAYS)
def test_a_way_to_look_answers_as_keras_does(check_close, name, what, precision):
    check_close(precision, f"{name}_{what}")
