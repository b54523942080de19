import json
from itertools import pairwise

import pytest

from mmkeras_edge.bench import bench, slower_by


@pytest.fixture(scope="module")
def measured(tiny):
    return bench(tiny, runs=5, threads=1)


def test_every_stage_is_timed_in_the_order_of_the_data(measured):
    assert list(measured["stages_ms"]) == [
        "predict",
        "decode image",
        "resize image",
        "tokens text",
        "decode audio",
        "resample audio",
        "invoke",
    ]
    assert all(0 < of["p50"] <= of["p95"] <= of["p99"] for of in measured["stages_ms"].values())
    assert (measured["runs"], measured["threads"]) == (5, 1)


def test_it_is_plain_data_about_a_machine(measured):
    again = json.loads(json.dumps(measured))
    assert again["board"]["cores"] >= 1
    assert again["peak_mb"] > 20  # Python, NumPy and the runtime alone
    assert (again["precision"], again["sustained"]) == ("float32", [])


def test_a_prediction_takes_longer_than_its_parts(tiny):
    stages = bench(tiny, runs=20, threads=1)["stages_ms"]
    assert stages["invoke"]["p50"] < stages["predict"]["p50"]


def test_without_a_pause_it_goes_on_for_the_time_given(tiny):
    heard = []
    windows = bench(tiny, runs=1, threads=1, minutes=0.03, say=heard.append)["sustained"]
    seconds = [window["second"] for window in windows]
    assert len(windows) == 2
    assert all(after - before >= 1 for before, after in pairwise([0, *seconds]))
    assert heard[:2] == ["predictions", "0.0 of 0.03 minutes without a pause"]


def test_how_much_slower_it_became():
    assert slower_by([{"p50": 2.0}, {"p50": 9.0}, {"p50": 2.5}]) == 0.25
    assert slower_by([]) == 0


@pytest.mark.parametrize(
    ("wrong", "message"),
    [({"runs": 0}, "at least one run, received 0"), ({"minutes": -1}, "from 0 on, received -1")],
)
def test_what_is_no_measurement_is_refused(tiny, wrong, message):
    with pytest.raises(ValueError, match=message):
        bench(tiny, **wrong)
