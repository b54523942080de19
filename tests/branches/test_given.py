import sys

import keras
import numpy as np
import pytest
from keras import layers

from mmkeras import Image, assemble, build_model, recipe_of

PIXELS = np.random.default_rng(0).integers(0, 256, (4, 20, 24, 3), np.uint8)


def ours(shape=(20, 24, 3)) -> keras.Model:
    """Two strides of two, two ways between them."""
    start = keras.Input(shape)
    x = layers.Rescaling(1 / 255)(start)
    x = layers.Conv2D(4, 3, 2, padding="same", activation="relu")(x)
    ways = [layers.Conv2D(6, size, 2, padding="same")(x) for size in (3, 1)]
    return keras.Model(start, layers.BatchNormalization()(layers.Add()(ways)), name="ours")


def hubs() -> keras.Model:
    keras_hub = pytest.importorskip("keras_hub")
    return keras_hub.models.ResNetBackbone(
        input_conv_filters=[64],
        input_conv_kernel_sizes=[7],
        stackwise_num_filters=[64, 8],
        stackwise_num_blocks=[1, 1],
        stackwise_num_strides=[1, 2],
        block_type="basic_block",
        image_shape=(None, None, 3),
    )


def hub_vit() -> keras.Model:
    keras_hub = pytest.importorskip("keras_hub")
    return keras_hub.models.ViTBackbone(
        image_shape=(20, 20, 3),
        patch_size=10,
        num_layers=1,
        num_heads=2,
        hidden_dim=8,
        mlp_dim=8,
    )


def flat() -> keras.Model:
    """It gives a vector, and no map."""
    pool = layers.GlobalAveragePooling2D()
    return keras.Sequential([keras.Input((20, 24, 3)), layers.Conv2D(5, 3), pool], name="flat")


def built(image) -> keras.Model:
    return build_model(image=image, num_classes=3, width=8)


@pytest.mark.parametrize(
    ("make", "options", "size"),
    [
        (ours, {}, (20, 24)),
        (ours, {"scales": 2}, (20, 24)),
        (lambda: ours((None, None, 3)), {"size_px": (20, 24), "scales": 2}, (20, 24)),
        (flat, {}, (20, 24)),
        (hubs, {"size_px": (20, 24)}, (20, 24)),
        (hub_vit, {}, (20, 20)),
    ],
    ids=["ours", "scales", "any_size", "vector", "hub", "hub_vit"],
)
def test_a_model_given_is_the_tower_with_its_weights_also_when_loaded(
    tmp_path, make, options, size
):
    """Its own size is the input's; raw pixels, 0 to 255, reach it."""
    given = make()
    model = built(Image(given, **options))
    feed = {"image": PIXELS[:, : size[0], : size[1]]}
    assert model.input["image"].shape == (None, *size, 3)
    found = model.get_layer("image_backbone")(feed["image"].astype(np.float32))
    found = found[-1] if options.get("scales") else found
    np.testing.assert_allclose(found, given(feed["image"].astype(np.float32)), atol=1e-5)
    model.save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(loaded(feed)["label"], model(feed)["label"])
    assert recipe_of(loaded) == recipe_of(model)


def test_a_recipe_with_a_model_in_it_builds_the_same_architecture():
    model = built(ours())
    again, feed = assemble(recipe_of(model)), {"image": PIXELS}
    again.set_weights(model.get_weights())
    np.testing.assert_array_equal(again(feed)["label"], model(feed)["label"])


def test_a_vector_is_the_only_token():
    model = build_model(image=flat(), num_classes=3, width=8, fusion="cross_attention")
    assert model.get_layer("image_tokens").output.shape == (None, 1, 5)


def two_inputs() -> keras.Model:
    both = [keras.Input((20, 24, 3)), keras.Input((20, 24, 3))]
    return keras.Model(both, layers.Add()(both))


class Unknown(keras.Model):
    """Of no graph and of no registered name."""


@keras.saving.register_keras_serializable("tests")
class Subclassed(Unknown):
    """Of no graph."""


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (lambda: Image(ours(), (32, 32)), r"'ours' takes \(20, 24, 3\)\. Received: \(32, 32, 3\)"),
        (lambda: Image(ours((20, 24, 1))), r"takes \(20, 24, 1\).*set size_px"),
        (lambda: Image(two_inputs(), (20, 24)), "with one input and one output"),
        (lambda: Image(Unknown(), (20, 24)), r"must load as saved models do: (?s:.)*'Unknown'"),
        (lambda: Image(Subclassed(), (20, 24)), "functional or sequential keras.Model"),
        (lambda: Image(ours(), weights="imagenet"), "'ours' brings its own weights; use weights=N"),
        (lambda: Image(ours(), scales=3), "'image_backbone' has features at 2 scales"),
    ],
)
def test_a_model_that_does_not_fit_says_why(image, message):
    with pytest.raises(ValueError, match=message):
        built(image())


def test_a_preset_is_a_folder_too_and_brings_weights_and_the_scale_of_its_pixels(tmp_path):
    keras_hub = pytest.importorskip("keras_hub")
    folder, backbone = str(tmp_path / "preset"), hubs()
    backbone.save_to_preset(folder)
    converter = keras_hub.layers.ResNetImageConverter(scale=1 / 255, offset=-0.5)
    converter.save_to_preset(folder)
    model = built(Image(f"keras_hub/{folder}", (20, 24)))
    wanted = backbone(PIXELS / np.float32(255) - 0.5)
    tower = keras.Model(model.input, model.get_layer("image_pool").input)
    np.testing.assert_allclose(tower({"image": PIXELS}), wanted, atol=1e-5)


def test_a_preset_that_cannot_be_had_says_so(tmp_path):
    pytest.importorskip("keras_hub")
    with pytest.raises(ValueError, match=r"(?s)preset '.*gone' could not be had: .*save_to_preset"):
        built(Image(f"keras_hub/{tmp_path}/gone", (20, 24)))


def test_without_keras_hub_a_preset_tells_the_cure(monkeypatch):
    monkeypatch.setitem(sys.modules, "keras_hub", None)
    with pytest.raises(ImportError, match=r"want keras-hub: pip install 'mmkeras\[hub\]'"):
        built(Image("keras_hub/resnet_18_imagenet", (20, 24)))
