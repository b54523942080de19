import numpy as np

from mmkeras_export import compare


def test_a_comparison_by_hand():
    expected = {"y": np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.7, 0.3]])}
    found = {"y": np.array([[0.8, 0.2], [0.2, 0.8], [0.4, 0.6], [0.7, 0.3]])}
    seen = compare(expected, found, {"y": np.array([0, 1, 1, 1])})
    assert seen.rows == 4
    assert round(seen.max_difference["y"], 6) == 0.2
    assert seen.agreement == {"y": 0.75}
    assert seen.keras_accuracy == {"y": 0.5}
    assert seen.accuracy == {"y": 0.75}
    assert seen.majority == {"y": 0.75}
