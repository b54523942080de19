import keras

from mmkeras_export import multiply_adds
from mmkeras_export.parts import parts_of


def test_branches_heads_and_fusion_are_parts_and_every_layer_is_in_one(run):
    parts = parts_of(run.model)
    assert set(parts) == {"audio", "image", "text", "(rest)", "category", "language"}
    layers = [name for part in parts.values() for name in part.layers]
    inputs = keras.layers.InputLayer
    assert sorted(layers) == sorted(
        layer.name for layer in run.model.layers if not isinstance(layer, inputs)
    )
    assert sum(p.macs for p in parts.values()) == sum(multiply_adds(run.model).values())


def test_a_tower_is_a_part_with_all_that_is_in_it():
    tower = keras.Sequential(
        [keras.layers.Input((4,)), keras.layers.Dense(3, name="deep")], name="eye"
    )
    given = keras.Input((4,), name="picture")
    model = keras.Model(given, keras.layers.Dense(2, name="last")(tower(given)))
    parts = parts_of(model)
    assert parts["eye"].layers == ("eye",)
    assert parts["eye"].macs == 12


def test_a_plain_model_is_one_part_and_its_output():
    given = keras.Input((4,), name="x")
    hidden = keras.layers.Dense(3, name="hidden")(given)
    parts = parts_of(keras.Model(given, keras.layers.Dense(2, name="last")(hidden)))
    assert parts["(rest)"].macs == 12
