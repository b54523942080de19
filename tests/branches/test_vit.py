import keras
import numpy as np

from mmkeras.branches.vit import vit
from mmkeras_export import islands_of


def test_it_has_the_parameters_of_the_paper():
    """ViT-Tiny has 5,717,416 with a class token (192), its place (192) and a top of 1000 classes
    (193,000)."""
    assert vit((224, 224, 3)).count_params() == 5_717_416 - 192 - 192 - 193_000


def test_a_token_is_a_patch_and_a_border_is_padded():
    assert vit((33, 16, 1)).output.shape == (None, 3, 1, 192)


def test_a_patch_hears_of_all_others():
    """One pixel in the last patch changes the first."""
    keras.utils.set_random_seed(0)
    model = vit((32, 32, 3))
    pixels = np.zeros((2, 32, 32, 3), np.float32)
    pixels[1, 31, 31] = 1.0
    found = np.asarray(model(pixels))
    assert np.abs(found[1, 0, 0] - found[0, 0, 0]).max() > 1e-4


def test_int8_spares_the_activations_of_its_attention():
    start = keras.Input((32, 32, 3), name="image")
    tower = vit((32, 32, 3))
    tower.name = "image_vit"
    model = keras.Model({"image": start}, {"map": tower(start)})
    assert islands_of(model)["image_vit"] == "dynamic_int8"
