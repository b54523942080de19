import keras
import pytest
from keras import layers

from mmkeras.branches.backbones import BACKBONES
from mmkeras.branches.scales import pyramid, stages


def names(tower: keras.Model, shape) -> list[str]:
    return [tensor._keras_history.operation.name for tensor in stages(tower, shape)]


def test_a_stage_ends_where_its_stride_does():
    """224 px: 112, 56, 28, 14 and 7."""
    tower = BACKBONES["resnet18"].build((224, 224, 3), None, "tower")
    assert [t.shape[1] for t in stages(tower, (224, 224, 3))] == [112, 56, 28, 14, 7]
    ends = ["stem_relu", *(f"stage{i}_block1_relu" for i in range(4))]
    assert names(tower, (224, 224, 3)) == ends


def test_a_side_branch_is_no_stage():
    """Both ways read the map at stride 2, and meet at stride 4."""
    start = keras.Input((16, 16, 3))
    x = layers.Conv2D(4, 3, 2, padding="same", name="fine")(start)
    y = layers.Conv2D(9, 1, name="side")(x)
    y = layers.Conv2D(4, 3, 2, padding="same", name="long")(y)
    x = layers.Conv2D(4, 1, 2, name="short")(x)
    tower = keras.Model(start, layers.Add(name="coarse")([x, y]))
    assert names(tower, (16, 16, 3)) == ["fine", "coarse"]


def test_cells_that_read_the_two_before_them_still_have_stages():
    """As NASNet's do: nothing at stride 2 is what all later maps come from; the widest stands."""
    start = keras.Input((16, 16, 3))
    before = [
        layers.Conv2D(filters, 3, 2, padding="same", name=name)(start)
        for filters, name in ((9, "wide"), (4, "narrow"))
    ]
    long, short = (layers.Conv2D(4, 3, 2, padding="same")(x) for x in before)
    tower = keras.Model(start, layers.Add(name="last")([long, short]))
    assert names(tower, (16, 16, 3)) == ["wide", "last"]


def test_a_tower_for_any_size_is_measured_at_the_one_asked_for():
    start = keras.Input((None, None, 3))
    x = layers.Conv2D(4, 3, 2, padding="same", name="fine")(start)
    tower = keras.Model(start, layers.Conv2D(4, 3, 2, padding="same", name="coarse")(x))
    assert names(tower, (12, 20, 3)) == ["fine", "coarse"]


def test_more_scales_than_there_are_is_an_error():
    tower = BACKBONES["cnn"].build((32, 32, 3), None, "tower")
    assert len(pyramid(tower, 4, (32, 32, 3)).outputs) == 4
    with pytest.raises(ValueError, match=r"'tower' has features at 4 scales\. Received: scales=5"):
        pyramid(tower, 5, (32, 32, 3))
