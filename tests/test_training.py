import math

import pytest

from mmkeras import Training


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"batch_size": 0}, "batch_size is 1 row or more, or auto. Received: 0"),
        ({"batch_size": 2.5}, "batch_size is 1 row or more, or auto. Received: 2.5"),
        ({"batch_size": "atuo"}, "unknown batch_size 'atuo'; did you mean 'auto'"),
        ({"learning_rate": -0.1}, "learning_rate is above 0. Received: -0.1"),
        ({"learning_rate": math.nan}, "learning_rate is above 0. Received: nan"),
        ({"warm_up": 5}, "warm_up is a share, from 0"),
        ({"patience": 0}, "patience is 1 epoch or more, or none. Received: 0"),
        ({"soup": 0}, "soup is 1 epoch .none. or more. Received: 0"),
        ({"layer_decay": 1.5}, "layer_decay is a factor above 0, up to 1. Received: 1.5"),
        ({"soup": 2, "monitor": "accuracy"}, "soup=2 averages epochs by a figure of the valid"),
    ],
)
def test_what_is_out_of_its_range_is_named_with_the_range(wrong, why):
    with pytest.raises(ValueError, match=why):
        Training(**wrong)


def test_the_usual_values_are_within_their_ranges():
    assert Training().rows == 64
    assert Training(batch_size="auto", patience=None).batch_size == "auto"
