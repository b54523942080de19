"""The smallest member of each family whose blocks join several paths, whole, on the device."""

import pytest

from tests.export.zoo.families import whole

NAMES = ("inception_v3", "inception_resnet_v2", "densenet121", "nasnet_mobile")


@pytest.fixture(scope="module", params=NAMES)
def converted(request):
    return whole(request.param)


def test_a_whole_backbone_answers_alike_on_the_device(check_close):
    check_close("float32", "features")
