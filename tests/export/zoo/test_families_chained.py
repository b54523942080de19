"""The smallest member of each family that is a chain of blocks, whole, on the device."""

import pytest

from tests.export.zoo.families import whole

NAMES = (
    *("vgg16", "resnet50", "resnet50v2", "mobilenet", "mobilenet_v2", "mobilenet_v3_small"),
    *("xception", "efficientnet_b0", "efficientnet_v2_b0", "convnext_tiny"),
)


@pytest.fixture(scope="module", params=NAMES)
def converted(request):
    return whole(request.param)


def test_a_whole_backbone_answers_alike_on_the_device(check_close):
    check_close("float32", "features")
