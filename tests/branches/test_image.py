import keras
import numpy as np
import pytest

from mmkeras.branches.backbones import BACKBONES
from mmkeras.branches.image import image_branch
from mmkeras.modalities import Image


def test_raw_bytes_go_in_and_a_vector_and_places_come_out():
    branch = image_branch("camera", Image("cnn", (32, 48)))
    assert (branch.input.name, branch.input.dtype) == ("camera", "uint8")
    assert branch.input.shape == (None, 32, 48, 3)
    assert branch.tokens.shape == (None, 2 * 3, 128)  # halved four times
    assert branch.pooled.shape == (None, 2 * 3 * 128)


def test_a_backbone_of_many_channels_is_averaged():
    branch = image_branch("image", Image("vgg16", (32, 32)))
    assert branch.tokens.shape == (None, 1, 512)
    assert branch.pooled.shape == (None, 512)


def test_white_paper_is_zero_to_the_backbone_from_scratch():
    branch = image_branch("image", Image("cnn", (16, 16)))
    model = keras.Model(branch.input, branch.pooled)
    assert not np.asarray(model(np.full((1, 16, 16, 3), 255, np.uint8))).any()
    assert np.asarray(model(np.zeros((1, 16, 16, 3), np.uint8))).any()


def test_a_frozen_tower_has_no_weights_to_train():
    branch = image_branch("image", Image("cnn", (16, 16), trainable=False))
    model = keras.Model(branch.input, branch.pooled)
    assert (len(model.trainable_weights), len(model.non_trainable_weights)) == (0, 8)


def test_an_unknown_backbone_is_an_error_that_guesses():
    with pytest.raises(ValueError, match="unknown backbone 'vgg19'; did you mean 'vgg16'"):
        image_branch("image", Image("vgg19"))


def test_a_backbone_without_weights_says_so():
    with pytest.raises(ValueError, match="'cnn' has no weights 'imagenet'; use weights=None"):
        image_branch("image", Image("cnn", weights="imagenet"))


def test_the_table_leads_from_small_to_large():
    assert list(BACKBONES) == ["cnn", "efficientnet_lite0", "resnet50", "vgg16"]
