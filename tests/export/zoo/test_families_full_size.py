"""Every member of every family, whole and at its own size, on the device."""

import pytest

from mmkeras.branches.applications import APPLICATIONS
from mmkeras.modalities import Image
from tests.export.zoo.families import whole

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=APPLICATIONS)
def converted(request):
    return whole(request.param, Image(request.param).spec.height_px)


def test_a_whole_backbone_at_its_own_size_answers_alike_on_the_device(check_close):
    check_close("float32", "features")
