from dataclasses import replace

import pytest

from mmkeras import Image, Text
from mmkeras.phases import Phase, phases_of


@pytest.fixture
def transfer(recipe):
    """A picture's tower from ImageNet, a text's that never trains, a sound's from scratch."""
    inputs = {
        "image": Image("mobilenet_v2", weights="imagenet"),
        "text": Text("minilm", weights="pretrained", trainable=False),
        "audio": recipe.inputs["audio"],
    }
    return replace(recipe, inputs=inputs)


def test_pretrained_towers_are_frozen_first(transfer):
    """0.3 of 10 epochs are 3."""
    assert phases_of(transfer, 10, 0.3) == (
        Phase("heads", 3, ("image", "text")),
        Phase("fine-tuning", 7, ("text",)),
    )


def test_a_share_that_trains_is_frozen_first_too(transfer):
    part = replace(transfer.inputs["image"], trainable=0.2)
    recipe = replace(transfer, inputs={**transfer.inputs, "image": part})
    assert phases_of(recipe, 10, 0.3)[0].frozen == ("image", "text")


@pytest.mark.parametrize(
    ("epochs", "share", "wanted"), [(2, 0.01, [1, 1]), (2, 0.99, [1, 1]), (3, 0.5, [2, 1])]
)
def test_each_phase_has_an_epoch(transfer, epochs, share, wanted):
    assert [phase.epochs for phase in phases_of(transfer, epochs, share)] == wanted


@pytest.mark.parametrize(("epochs", "share"), [(1, 0.3), (10, 0.0)])
def test_what_cannot_be_divided_is_one_phase(transfer, epochs, share):
    assert phases_of(transfer, epochs, share) == (Phase("whole", epochs, ("text",)),)


def test_nothing_pretrained_is_one_phase(recipe):
    assert phases_of(recipe, 10, 0.3) == (Phase("whole", 10, ()),)


def test_a_share_that_is_none_is_refused(recipe):
    with pytest.raises(ValueError, match=r"below 1\. Received: 1\.5"):
        phases_of(recipe, 10, 1.5)
