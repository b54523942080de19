import itertools
import logging
import threading
from functools import partial

import numpy as np
import pytest

from mmkeras_edge import load, stream
from mmkeras_edge.outputs import BinarySpec
from mmkeras_edge.streaming import Alarm, Limits, Source, feeding
from mmkeras_edge.streaming.smoothing import compared, held

WHITE, BLACK = np.full((8, 8, 3), 255, np.uint8), np.zeros((8, 8, 3), np.uint8)
GREY = WHITE // 2
LOUD = np.ones(160, np.float32)
AT_ONCE = Limits(same_s=1e-9, blank_s=1e-9)  # no patience at all


@pytest.fixture(params=["tiny", "tiny_pieces"])
def path(request):
    """A file that runs as a whole alone, and one that runs branch by branch."""
    return request.getfixturevalue(request.param)


def watched(path, sources, **manner):
    return list(stream(path, sources, threads=1, **manner))


def device(*values, limits=AT_ONCE):
    """A device that gives these and is then unplugged for ever; nothing is dropped."""
    run = itertools.count()
    return Source(
        lambda: iter(values if next(run) == 0 else ()), live=True, paced=False, limits=limits
    )


def until(path, sources, count, **manner):
    """So many moments of a stream that does not end."""
    with stream(path, sources, threads=1, **manner) as live:
        return list(itertools.islice(live, count))


def test_a_stream_answers_what_predict_answers(path):
    sources = {"image": [WHITE, GREY], "text": ["abc", "größer"], "audio": [LOUD, 0.5 * LOUD]}
    moments = watched(path, sources)[:2]
    model = load(path, threads=1)
    for place, moment in enumerate(moments):
        given = {name: values[place] for name, values in sources.items()}
        wanted = model.predict(**{**given, "audio": moment.inputs["audio"]})["label"]
        np.testing.assert_allclose(
            moment.answers["label"].probabilities, wanted.probabilities, atol=1e-6
        )


def test_a_branch_whose_input_did_not_change_does_not_run(tiny_pieces):
    sources = {"image": [WHITE, WHITE.copy(), GREY], "text": ["abc", "abcdef", "abcdef"]}
    ran = [set(moment.ran_ms) for moment in watched(tiny_pieces, sources)]
    assert ran == [{"image", "text", "fusion"}, {"text", "fusion"}, {"image", "fusion"}]


def test_a_picture_may_change_a_little_before_its_branch_runs(tiny_pieces):
    pictures = [GREY, GREY + 1, GREY + 2, GREY + 3]
    sources = {"image": pictures, "text": ["a", "ab", "abc", "abcd"]}
    moments = watched(tiny_pieces, sources, still={"image": 2.0})
    assert ["image" in moment.ran_ms for moment in moments] == [True, False, False, True]


def test_nothing_new_is_no_moment(tiny_pieces):
    moments = watched(tiny_pieces, {"image": [WHITE] * 5, "text": ["abc"] * 5})
    assert len(moments) == 1


def test_a_black_picture_makes_a_needed_input_absent_and_the_stream_silent(path):
    sources = {"image": device(WHITE, BLACK, WHITE), "text": ["abc"]}
    first, dark, again = until(path, sources, 3)
    assert first.answers
    assert not dark.answers
    assert dark.absent["image"] == "a black picture for 1e-09 s"
    np.testing.assert_array_equal(
        again.answers["label"].probabilities, first.answers["label"].probabilities
    )


def test_a_silent_microphone_is_as_if_there_was_none(path):
    silent = Source(lambda: iter([0 * LOUD] * 3), paced=False, limits=AT_ONCE)
    sources = {"image": [WHITE], "text": ["abc"]}
    without = watched(path, sources)[-1]
    found = watched(path, {**sources, "audio": silent})
    assert all("audio" in moment.absent for moment in found)
    np.testing.assert_array_equal(
        found[-1].answers["label"].probabilities, without.answers["label"].probabilities
    )


def test_a_source_that_fails_is_absent_is_logged_and_comes_back(tiny_pieces, caplog):
    caplog.set_level(logging.INFO, "mmkeras_edge.stream")
    pulled, beat = threading.Event(), threading.Event()

    def microphone():
        for loudness in itertools.count(1):
            if pulled.is_set():
                raise OSError("unplugged")
            yield LOUD * np.sin(np.arange(160)) / loudness
            beat.wait(0.002)  # what comes too fast is dropped

    live = Source(microphone, "a microphone", live=True, limits=Limits())
    with stream(tiny_pieces, {"image": [WHITE], "text": ["abc"], "audio": live}) as moments:
        each = iter(moments)
        for _ in range(3):
            assert next(m for m in each if "audio" not in m.absent).answers
            pulled.set()
            gone = next(m for m in each if "audio" in m.absent)
            assert gone.absent["audio"] == "OSError: unplugged"
            assert gone.answers
            pulled.clear()
    assert caplog.text.count("taken for absent (a microphone): OSError: unplugged") == 3
    assert caplog.text.count("audio: there now (a microphone)") == 3


def test_a_device_whose_read_hangs_is_opened_anew(tiny_pieces, monkeypatch, caplog):
    monkeypatch.setattr(feeding, "GIVE_UP_S", 0.05)
    runs, over = itertools.count(), threading.Event()

    def camera():
        if next(runs) == 0:
            yield WHITE
            over.wait(10)  # unplugged in the middle of a read
        while not over.wait(0.002):
            yield GREY

    live = Source(camera, "a camera", live=True, limits=Limits(stall_s=0.02))
    with stream(tiny_pieces, {"image": live, "text": ["abc"]}, threads=1) as moments:
        each = iter(moments)
        gone = next(m for m in each if m.absent.get("image", "").startswith("no value for"))
        assert not gone.answers
        # Of a slow machine, the white picture may be late for the first fault and answered here.
        assert next(m for m in each if m.answers and m.inputs["image"][0, 0, 0] == 127)
        over.set()
    assert "image: opened anew, it hangs (a camera)" in caplog.text


def test_an_iterator_that_fails_has_ended_and_the_stream_goes_on(tiny_pieces):
    def broken():
        yield LOUD
        raise RuntimeError("out of sound")

    texts = ["abc", "abcd", "abcde"]
    moments = watched(tiny_pieces, {"image": [WHITE], "text": texts, "audio": broken()})
    assert moments[-1].absent == {"audio": "RuntimeError: out of sound"}


def test_an_empty_line_takes_the_text_away(tiny_pieces):
    moments = watched(tiny_pieces, {"image": [WHITE], "text": ["abc", "", "abc"]})
    assert [bool(moment.answers) for moment in moments] == [True, False, True]


def test_what_cannot_be_read_is_absent_with_the_reason(tiny_pieces):
    moments = watched(tiny_pieces, {"image": [WHITE], "text": ["abc"], "audio": [LOUD * np.nan]})
    assert "NaN" in moments[0].absent["audio"]
    assert moments[0].answers


def test_a_picture_stays_and_a_sound_does_not(tiny_pieces):
    sources = {"image": [WHITE], "text": ["a", "ab", "abc"], "audio": [LOUD]}
    last = watched(tiny_pieces, sources)[-1]
    assert last.absent == {"audio": "it has ended"}


def test_smoothing_averages_and_alarms_and_labels_follow_it(tiny_pieces):
    sources = {"image": [WHITE, BLACK], "text": ["a", "abcdef"]}
    alarm = Alarm("label", "bright", on=0.9, off=0.1)
    manner = {"smooth_s": 3_600.0, "margin": 0.1, "alarms": [alarm]}
    first, second = watched(tiny_pieces, sources, **manner)
    change = second.answers["label"].probabilities - first.answers["label"].probabilities
    assert 0 < np.abs(change).max() < 0.01
    assert second.said == {"label": "bright"}
    assert first.alarms == second.alarms == {"label=bright": True}


def test_a_label_with_a_threshold_is_held_around_it():
    """Said from 0.2 on; with a margin of 0.1 it changes above 0.25 and below 0.15."""
    spec, said = BinarySpec(("no", "yes"), threshold=0.2), []
    for share in (0.1, 0.24, 0.26, 0.16, 0.14):
        reading = spec.read(np.array([share]))
        said.append(held(said[-1] if said else None, compared(reading), 0.1))
    assert said == ["no", "no", "yes", "yes", "no"]


def test_without_a_change_old_answers_are_averaged_on(tiny_pieces):
    held = threading.Event()

    def texts():
        yield "abc"
        held.wait(10)

    sources = {"image": [WHITE], "text": texts()}
    with stream(tiny_pieces, sources, tick_s=0.0, threads=1) as live:
        moments = list(itertools.islice((m for m in live if m.answers), 3))
        held.set()
    assert [set(moment.ran_ms) for moment in moments[1:]] == [set(), set()]


@pytest.mark.parametrize("every_s", [0.0, 0.05])
def test_a_stream_ends_with_its_sources_however_often_old_answers_are_told(tiny_pieces, every_s):
    sources = {"image": [WHITE], "text": ["abc"]}
    moments = watched(tiny_pieces, sources, every_s=every_s, tick_s=every_s, for_s=2)
    assert any(moment.answers for moment in moments)
    assert len(moments) < 10  # not one each `tick_s`, until its time has passed


def test_a_stream_that_has_nothing_to_say_ends_after_its_time_too(tiny_pieces):
    def unplugged():
        raise OSError("no camera")

    moments = watched(tiny_pieces, {"image": unplugged, "text": ["abc"]}, for_s=0.05)
    assert [moment for moment in moments if moment.answers] == []


def test_values_that_come_faster_than_answers_are_dropped(tiny_pieces):
    first, rest = threading.Event(), threading.Event()

    def frames():
        yield GREY
        first.wait(10)
        for level in range(100, 200):
            yield np.full((8, 8, 3), level, np.uint8)
        rest.set()

    with stream(tiny_pieces, {"image": frames(), "text": ["abc"]}, threads=1) as live:
        moments = iter(live)
        next(m for m in moments if m.answers)
        first.set()
        rest.wait(10)
        latest = next(moments)
        assert latest.inputs["image"][0, 0, 0] == 199
        assert live.feeders["image"].window.dropped == 99


def test_unknown_names_and_missing_sources_are_said(tiny_pieces):
    with pytest.raises(ValueError, match="did you mean 'image'"):
        stream(tiny_pieces, {"imag": [WHITE]})
    with pytest.raises(ValueError, match="no source for text; this model cannot answer without"):
        stream(tiny_pieces, {"image": [WHITE]})
    both = {"image": [WHITE], "text": ["abc"]}
    with pytest.raises(ValueError, match="did you mean 'loud'"):
        stream(tiny_pieces, both, alarms=[Alarm("label", "laud")])
    with pytest.raises(ValueError, match="received int"):
        stream(tiny_pieces, {**both, "audio": 3})
    with pytest.raises(ValueError, match="wanted a dict of sources by input, received list"):
        stream(tiny_pieces, [WHITE])
    with pytest.raises(ValueError, match="received str; of a file: picture"):
        stream(tiny_pieces, {**both, "audio": "meow.wav"})


def test_none_is_no_source(tiny_pieces):
    (moment,) = watched(tiny_pieces, {"image": [WHITE], "text": ["abc"], "audio": None})
    assert moment.absent == {"audio": "no source"}


@pytest.mark.parametrize("value", ["meow.wav", (LOUD, 16_000), np.array([True])])
def test_what_is_no_sound_makes_it_absent_with_the_reason(tiny_pieces, value):
    sources = {"image": [WHITE], "text": ["abc"], "audio": [value]}
    reasons = [moment.absent["audio"] for moment in watched(tiny_pieces, sources)]
    assert "audio: wanted arrays (n,) or (n, channels), received" in reasons[-1]


@pytest.mark.parametrize(
    ("manner", "message"),
    [
        ({"smooth_s": -1.0}, "smooth_s: wanted a number from 0 on, received -1.0"),
        ({"every_s": float("nan")}, "every_s: wanted a number from 0 on, received nan"),
        ({"every_s": float("inf")}, "every_s: wanted a number from 0 on, received inf"),
        ({"for_s": -2.0}, "for_s: wanted a number from 0 on, received -2.0"),
        ({"smooth_s": "1"}, "smooth_s: wanted a number from 0 on, received '1'"),
        ({"alarms": ["label=loud"]}, "wanted Alarm\\(output, label, on, off\\), received 'label=l"),
        ({"margin": 7.0}, "margin: wanted a number from 0 to 1, received 7.0"),
        ({"still": {"image": -1.0}}, "still 'image': wanted a number from 0 on, received -1.0"),
    ],
)
def test_a_manner_that_cannot_be_is_refused(tiny_pieces, manner, message):
    with pytest.raises(ValueError, match=message):
        stream(tiny_pieces, {"image": [WHITE], "text": ["abc"]}, **manner)


def test_a_closed_stream_leaves_no_thread_behind(tiny_pieces):
    endless = partial(itertools.repeat, WHITE)
    with stream(tiny_pieces, {"image": endless, "text": ["abc"]}, threads=1) as live:
        next(iter(live))
    for thread in threading.enumerate():
        if thread.name.startswith("mmkeras "):
            thread.join(10)
            assert not thread.is_alive()
