import keras
import numpy as np
import pytest

from mmkeras.branches.applications import APPLICATIONS
from mmkeras.branches.backbones import BACKBONES, backbone


def test_the_table_leads_from_ours_to_those_of_keras():
    assert list(BACKBONES)[:5] == ["cnn", "cifar_cnn", "efficientnet_lite0", "resnet18", "vit"]
    assert len(BACKBONES) == 5 + len(APPLICATIONS)


@pytest.mark.parametrize(
    ("name", "meant"),
    [("vgg_16", "vgg16"), ("resnet50_v2", "resnet50v2"), ("MobileNet", "mobilenet")],
)
def test_an_unknown_backbone_is_an_error_that_guesses(name, meant):
    with pytest.raises(ValueError, match=f"unknown backbone '{name}'; did you mean '{meant}"):
        backbone(name)


@pytest.mark.parametrize("name", ["cnn", "resnet18", "vit"])
def test_a_backbone_from_scratch_has_no_pre_trained_weights(name):
    with pytest.raises(ValueError, match=f"'{name}' has no weights 'imagenet'; use weights=None"):
        backbone(name).build((32, 32, 3), "imagenet", "tower")


@pytest.mark.parametrize("kind", ["weights.h5", "keras"])
def test_weights_come_from_a_file(tmp_path, kind):
    path, cnn = str(tmp_path / f"cnn.{kind}"), backbone("cnn")
    trained = cnn.build((16, 16, 3), None, "first")
    trained.save_weights(path) if kind == "weights.h5" else trained.save(path)
    found = cnn.build((32, 48, 3), path, "second")  # weights know no size
    for wanted, weight in zip(trained.get_weights(), found.get_weights(), strict=True):
        np.testing.assert_array_equal(weight, wanted)


@pytest.mark.parametrize("kind", ["weights.h5", "keras"])
def test_weights_of_another_architecture_are_refused(tmp_path, kind):
    path = str(tmp_path / f"other.{kind}")
    other = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(2, 3)])
    other.save_weights(path) if kind == "weights.h5" else other.save(path)
    with pytest.raises(
        ValueError, match=rf"weights of .*other\.{kind} do not fit .*'cnn'.*its top"
    ):
        backbone("cnn").build((16, 16, 3), path, "tower")


@pytest.mark.parametrize("path", ["imagnet", "gone.keras", __file__])
def test_weights_that_are_none_say_what_is_wanted(path):
    with pytest.raises(ValueError, match=r'wanted None, "imagenet" or the path of a \.weights\.h5'):
        backbone("cnn").build((16, 16, 3), path, "tower")
