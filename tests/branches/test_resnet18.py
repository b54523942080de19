import numpy as np

from mmkeras.branches.resnet18 import resnet18


def test_it_has_the_parameters_of_the_paper():
    """Torchvision's ResNet-18 has 11,689,512, of which 513,000 are the top that classifies; here
    each of 4,800 normalised channels has a mean and a variance besides."""
    model = resnet18((224, 224, 3))
    trainable = sum(int(np.prod(w.shape)) for w in model.trainable_weights)
    assert trainable == 11_689_512 - 513_000
    assert model.count_params() - trainable == 2 * 4_800


def test_sides_are_halved_five_times_and_rounded_up():
    assert resnet18((70, 32, 1)).output.shape == (None, 3, 1, 512)
