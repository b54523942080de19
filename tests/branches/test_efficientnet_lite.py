"""EfficientNet-Lite0: the published network, on photographs that are known."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from PIL import Image
from sklearn.datasets import load_sample_image

from mmkeras.branches.efficientnet_lite import IMAGENET, efficientnet_lite0
from mmkeras.weights import read_torch

PALACE, DAISY = 698, 985  # of ImageNet's 1000 classes


def photo(name: str, side_px: int) -> np.ndarray:
    """The middle square of a photograph from scikit-learn: float32 (1, side, side, 3), 0..255."""
    image = Image.fromarray(load_sample_image(name))
    margin = (image.width - image.height) // 2
    image = image.crop((margin, 0, margin + image.height, image.height))
    return np.asarray(image.resize((side_px, side_px), Image.Resampling.BICUBIC), np.float32)[None]


@pytest.mark.parametrize(("name", "label"), [("china.jpg", PALACE), ("flower.jpg", DAISY)])
def test_imagenet_weights_and_their_classifier_name_a_photograph(name, label):
    features = efficientnet_lite0(224, 224, weights="imagenet")(photo(name, 224))
    pooled = np.mean(features, axis=(1, 2))  # (1, 1280)
    tensors = read_torch(IMAGENET.read())
    assert np.argmax(pooled @ tensors["_fc.weight"].T + tensors["_fc.bias"]) == label


def test_features_are_a_map_of_the_sides_over_32_rounded_up():
    model = efficientnet_lite0(64, 90)
    assert model.output_shape == (None, 2, 3, 1280)
    # with the classifier's 1280 * 1000 + 1000 these are the 4.69 million of Lite0
    assert model.count_params() == 4_694_024 - 1_281_000


def test_untrained_layers_differ_and_let_the_picture_through():
    keras.utils.set_random_seed(0)
    model = efficientnet_lite0(64, 64)
    kernels = [model.get_layer(f"block{i}_expand").kernel for i in (6, 7)]
    assert kernels[0].shape == kernels[1].shape
    assert np.abs(kernels[0] - kernels[1]).mean() > 0.01
    features = np.asarray(model(photo("china.jpg", 64)))
    assert 0 <= features.min() < features.max() <= 6
    assert features.std() > 0.1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((64, 64, "places"), "must be 'imagenet' or None. Received: 'places'"),
        ((0, 64), "sides must be positive. Received: 0 by 64 px"),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        efficientnet_lite0(*arguments)


@pytest.mark.parametrize("side_px", [64, pytest.param(224, marks=pytest.mark.slow)])
def test_the_device_sees_what_keras_sees(side_px, tmp_path):
    model = efficientnet_lite0(side_px, side_px, weights="imagenet")
    archive = keras.export.ExportArchive()
    archive.track(model)
    signature = {"image": tf.TensorSpec((1, side_px, side_px, 3), name="image")}
    archive.add_endpoint("serve", lambda x: {"features": model(x["image"])}, [signature])
    archive.write_out(str(tmp_path), verbose=False)
    converter = tf.lite.TFLiteConverter.from_saved_model(str(tmp_path))
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    device = Interpreter(model_content=converter.convert()).get_signature_runner()
    picture = photo("flower.jpg", side_px)
    on_device = device(image=picture)["features"]
    assert on_device.max() > 1
    np.testing.assert_allclose(on_device, model(picture), atol=1e-4)
