import keras
import numpy as np
import pytest

from mmkeras.branches.image import image_branch
from mmkeras.modalities import Image


def values(branch, pixels):
    return keras.Model(branch.input, [branch.pooled, branch.tokens])(pixels)


def test_raw_bytes_go_in_and_a_vector_and_places_come_out():
    branch = image_branch("camera", Image("cnn", (32, 48)))
    assert (branch.input.name, branch.input.dtype) == ("camera", "uint8")
    assert branch.input.shape == (None, 32, 48, 3)
    assert branch.tokens.shape == (None, 2 * 3, 128)  # halved four times
    assert branch.pooled.shape == (None, 2 * 3 * 128)


def test_a_backbone_of_many_channels_is_averaged():
    branch = image_branch("image", Image("vgg16", (64, 32)))
    pooled, tokens = values(branch, np.zeros((1, 64, 32, 3), np.uint8))
    assert tokens.shape == (1, 2, 512)
    np.testing.assert_allclose(pooled, np.mean(tokens, axis=1), atol=1e-6)


def test_white_paper_is_zero_to_the_backbone_from_scratch():
    branch = image_branch("image", Image("cnn", (16, 16)))
    model = keras.Model(branch.input, branch.pooled)
    assert not np.asarray(model(np.full((1, 16, 16, 3), 255, np.uint8))).any()
    assert np.asarray(model(np.zeros((1, 16, 16, 3), np.uint8))).any()


def test_several_scales_are_averages_side_by_side_and_tokens_of_one_width():
    """64 px at strides 8, 16 and 32: 8 x 8, 4 x 4 and 2 x 2 places of 128, 256 and 512."""
    branch = image_branch("image", Image("resnet18", (64, 64), scales=3))
    assert branch.pooled.shape == (None, 128 + 256 + 512)
    assert branch.tokens.shape == (None, 64 + 16 + 4, 256)


def test_a_backbone_of_one_scale_has_no_three():
    with pytest.raises(ValueError, match=r"'image_vit' has features at 1 scales.*scales=3"):
        image_branch("image", Image("vit", (32, 32), scales=3))


def test_of_several_views_the_largest_value_counts_and_all_tokens_stay():
    """Each view is what the same backbone says of it alone."""
    keras.utils.set_random_seed(0)
    several = image_branch("image", Image("cnn", (32, 16), views=3))
    assert several.input.shape == (None, 3, 32, 16, 3)
    keras.utils.set_random_seed(0)
    alone = image_branch("image", Image("cnn", (32, 16)))
    pixels = np.random.default_rng(0).integers(0, 256, (2, 3, 32, 16, 3), np.uint8)
    pooled, tokens = values(several, pixels)
    each = [values(alone, pixels[:, view]) for view in range(3)]
    np.testing.assert_allclose(pooled, np.max([p for p, _ in each], axis=0), atol=1e-6)
    np.testing.assert_allclose(tokens, np.concatenate([t for _, t in each], axis=1), atol=1e-6)


def test_views_and_scales_go_together():
    branch = image_branch("image", Image("cnn", (32, 32), views=2, scales=2))
    assert branch.pooled.shape == (None, 128 + 128)
    assert branch.tokens.shape == (None, 2 * (4 * 4 + 2 * 2), 128)
