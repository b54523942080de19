import numpy as np
import pytest

from mmkeras_edge.streaming.smoothing import Alarm, Average, held, parsed


def test_without_smoothing_an_answer_is_itself():
    average = Average(0.0)
    average.add(np.array([1.0]), 0.0)
    assert average.add(np.array([0.25]), 0.1) == 0.25


def test_after_its_time_an_answer_has_lost_63_percent():
    average = Average(2.0)
    average.add(np.array([1.0]), 10.0)
    assert average.add(np.array([0.0]), 12.0) == pytest.approx(np.exp(-1))


def test_an_alarm_flickers_no_more_between_its_thresholds():
    alarm, on, seen = Alarm("animal", "dog", on=0.8, off=0.6), False, []
    for probability in (0.5, 0.79, 0.81, 0.75, 0.61, 0.59, 0.7):
        on = alarm.after(on, probability)
        seen.append(on)
    assert seen == [False, False, True, True, True, False, False]


@pytest.mark.parametrize("text", ["dog", "animal=", "animal=dog:x", "animal=dog:0.5:0.7:1"])
def test_an_alarm_that_cannot_be_read_is_refused(text):
    with pytest.raises(ValueError, match="alarm: wanted OUTPUT=LABEL:ON:OFF"):
        parsed(text)


def test_thresholds_the_wrong_way_round_are_refused():
    with pytest.raises(ValueError, match="wanted 0 <= off <= on <= 1"):
        Alarm("animal", "dog", on=0.5, off=0.7)


def test_a_label_holds_until_another_clearly_leads():
    said = None
    seen = []
    for dog in (0.4, 0.55, 0.65, 0.45, 0.35):
        said = held(said, {"cat": 1 - dog, "dog": dog}, margin=0.2)
        seen.append(said)
    assert seen == ["cat", "cat", "dog", "dog", "cat"]
