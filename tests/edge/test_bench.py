import pytest

from mmkeras_edge.bench import bench


def test_every_stage_is_timed(tiny):
    times = bench(tiny, runs=5, threads=1)
    assert list(times["stages_ms"]) == [
        "predict",
        "load image",
        "load text",
        "load audio",
        "invoke",
    ]
    assert all(0 < of["p50"] <= of["p95"] for of in times["stages_ms"].values())
    assert (times["runs"], times["threads"]) == (5, 1)


def test_a_prediction_takes_longer_than_its_parts(tiny):
    stages = bench(tiny, runs=20, threads=1)["stages_ms"]
    assert stages["invoke"]["p50"] < stages["predict"]["p50"]


def test_no_run_is_no_measurement(tiny):
    with pytest.raises(ValueError, match="at least one run, received 0"):
        bench(tiny, runs=0)
