import keras
import numpy as np
import pytest

from mmkeras.branches.towers import copy_weights, tower_of
from mmkeras.modalities import Image

SHAPE = (32, 32, 3)


def weights_of(tmp_path) -> str:
    """A file with the weights of a ResNet-18."""
    path = str(tmp_path / "resnet18.weights.h5")
    tower_of("other", Image("resnet18", (32, 32)), SHAPE).save_weights(path)
    return path


def trained(tower: keras.Model) -> list[str]:
    return [layer.name for layer in tower.layers if layer.trainable_weights]


def moves(tower: keras.Model) -> bool:
    """Whether training on a picture moves the statistics of the first normalisation."""
    *_, before, _ = tower.get_layer("stem_norm").get_weights()  # gamma, beta, mean, variance
    tower(np.full((2, *SHAPE), 3.0, np.float32), training=True)
    *_, after, _ = tower.get_layer("stem_norm").get_weights()
    return not np.array_equal(before, after)


def test_a_tower_is_called_by_its_input_and_its_branch():
    assert tower_of("camera", Image("cnn", (32, 32)), SHAPE).name == "camera_cnn"


def test_a_frozen_tower_has_no_weights_to_train():
    tower = tower_of("image", Image("cnn", (32, 32), trainable=False), SHAPE)
    assert (len(tower.trainable_weights), len(tower.non_trainable_weights)) == (0, 8)


def test_a_share_of_the_last_layers_trains():
    """Half of four convolutions are the last two; a share never rounds to none."""
    half, least = (
        tower_of("image", Image("cnn", (32, 32), trainable=share), SHAPE) for share in (0.5, 0.01)
    )
    convolutions = [layer.name for layer in half.layers if layer.weights]
    assert trained(half) == convolutions[2:]
    assert len(trained(least)) == 1


def test_normalisation_trains_in_a_tower_from_scratch_alone(tmp_path):
    image = Image("resnet18", (32, 32))
    fine_tuned = Image("resnet18", (32, 32), weights=weights_of(tmp_path))
    scratch, tuned = (tower_of("image", source, SHAPE) for source in (image, fine_tuned))
    assert (moves(scratch), moves(tuned)) == (True, False)
    assert len(trained(tuned)) == 20  # convolutions: 1 + 4 · 4 and 3 where the size changes
    assert len(trained(scratch)) == 40


def test_what_is_frozen_stays_so_in_a_saved_model(tmp_path):
    tower = tower_of("image", Image("resnet18", (32, 32), trainable=0.25), SHAPE)
    tower.save(tmp_path / "tower.keras")
    assert trained(keras.models.load_model(tmp_path / "tower.keras")) == trained(tower)
    assert len(trained(tower)) == 5  # 10 of 40 layers, half of them normalisations


@pytest.mark.parametrize("share", [1.5, -0.1])
def test_a_share_that_is_none_is_refused(share):
    with pytest.raises(ValueError, match=rf"'image_cnn': trainable is True.*Received: {share}"):
        tower_of("image", Image("cnn", (32, 32), trainable=share), SHAPE)


def test_weights_are_copied_by_name_whatever_the_order():
    start = keras.Input((2,))
    first = keras.layers.Dense(2, name="first")(start)
    last = keras.layers.Dense(2, name="last")(first)
    source = keras.Model(start, last)
    target = keras.models.clone_model(source)
    copy_weights(source, keras.Model(target.inputs, [target.output, target.layers[1].output]))
    for wanted, weight in zip(source.get_weights(), target.get_weights(), strict=True):
        np.testing.assert_array_equal(weight, wanted)
