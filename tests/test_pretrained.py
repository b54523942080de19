from dataclasses import replace

import keras
import numpy as np
import pytest

from mmkeras import Classify, Image, Recipe, Text, assemble
from mmkeras.frozen import head_model
from mmkeras.optimizer import RatedAdamW, names_of
from mmkeras.pretrained import kept_still, pretrained_inputs, rates_by_depth


def some_model(start=(16, 16, 3)):
    pixels = keras.Input(start)
    x = keras.layers.Conv2D(4, 3, name="low")(pixels)
    x = keras.layers.LayerNormalization(name="norm")(x)
    return keras.Model(pixels, keras.layers.Conv2D(4, 3, name="high")(x))


@pytest.fixture
def two_towers():
    """One that was given, of two convolutions and a norm, one of the same names from scratch."""
    given = keras.saving.serialize_keras_object(some_model())
    inputs = {
        "left": Image(given, (16, 16)),
        "right": Image("cnn", (16, 16)),
        "text": Text("embedding", length=4, vocabulary=50),
    }
    return Recipe(inputs, {"label": Classify(2)}, fusion="concat", width=4)


def test_towers_that_came_with_weights_are_known(two_towers):
    assert pretrained_inputs(two_towers) == ("left",)
    inputs = {
        "net": Image("mobilenet_v2", weights="imagenet"),
        "preset": Image("keras_hub/resnet_18_imagenet"),
        "words": Text("embedding", weights="vectors.txt"),
        "new": Text("minilm"),
        "sentence": Text("minilm", weights="pretrained"),
        "bert": Text("keras_hub/bert_tiny_en_uncased"),
    }
    recipe = replace(two_towers, inputs=inputs)
    assert pretrained_inputs(recipe) == ("net", "preset", "sentence", "bert")


def test_rates_fall_from_the_top_of_a_tower(two_towers):
    """0.1 at the top, half of it a convolution further down; the norm goes with what is below."""
    rates = rates_by_depth(assemble(two_towers), two_towers, 0.5, 0.1)
    wanted = {"high": 0.1, "norm": 0.05, "low": 0.05}
    assert {path.split("/")[-2]: rate for path, rate in rates.items()} == pytest.approx(wanted)
    assert len(rates) == 6


def test_one_step_moves_each_layer_by_its_rate(two_towers):
    """Adam's first step of any gradient is as long as the rate."""
    model = assemble(two_towers)
    rates = rates_by_depth(model, two_towers, 0.5, 0.1)
    variables = model.trainable_variables
    optimizer = RatedAdamW(0.1, weight_decay=0.0, rates=rates)
    before = [np.array(keras.ops.convert_to_numpy(v)) for v in variables]
    optimizer.apply([np.ones(v.shape, "float32") for v in variables], variables)
    for name, old, new in zip(names_of(variables), before, variables, strict=True):
        moved = old - keras.ops.convert_to_numpy(new)
        np.testing.assert_allclose(moved, 0.1 * rates.get(name, 1.0), rtol=1e-3)


def test_a_tower_of_a_name_twice_has_a_rate_of_its_own(two_towers):
    """Paths repeat where two towers are of one family: the second one is from another model."""
    given = two_towers.inputs["left"]
    inputs = {"left": given, "right": given}
    recipe = replace(two_towers, inputs=inputs)
    rates = rates_by_depth(assemble(recipe), recipe, 0.5, 0.1)
    assert len(rates) == 12


def test_a_model_on_features_has_no_rates_for_what_it_lacks(two_towers):
    model = assemble(two_towers)
    assert rates_by_depth(head_model(model, ("left",)), two_towers, 0.5, 0.1) == {}


def test_towers_keep_still_and_then_train_as_before(two_towers):
    share = replace(two_towers.inputs["left"], trainable=0.5)  # 2 of the 3 layers
    recipe = replace(two_towers, inputs={**two_towers.inputs, "left": share})
    model = assemble(recipe)
    tower = model.get_layer("left_backbone")
    before = names_of(model.trainable_variables)
    with kept_still(model, recipe, ("left",)):
        assert tower.trainable_variables == []
        assert len(model.trainable_variables) == len(before) - 4
    assert names_of(model.trainable_variables) == before
    assert [layer.trainable for layer in tower.layers[1:]] == [False, True, True]
