import itertools
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import mmkeras_edge
from mmkeras_edge import Scores, load
from mmkeras_edge.ahead import AHEAD, loaded_ahead
from mmkeras_edge.outputs import ClassifySpec
from mmkeras_edge.runtimes import find_runtime
from mmkeras_edge.specs import TextSpec

SECOND = np.full(160, 0.5, np.float32)


def softmax(*logits: float) -> np.ndarray:
    return np.exp(logits) / np.exp(logits).sum()


def test_raw_inputs_by_name_become_scores_by_name(model, white):
    answer = model.predict(image=white, text="abc", audio=(SECOND, 16_000))
    np.testing.assert_allclose(answer["label"].probabilities, softmax(4, 2, 2), atol=1e-6)
    assert answer["label"].label == "bright"


def test_an_optional_input_may_be_absent(model, white):
    for given in ({}, {"audio": None}):
        answer = model.predict(image=white, text="abc", **given)
        np.testing.assert_allclose(answer["label"].probabilities, softmax(4, 2, 0), atol=1e-6)


def test_silence_is_not_absence(model, white):
    feed = model.load_sample(image=white, text="", audio=(np.zeros(160), 16_000))
    assert feed["audio_present"] == 1.0


def test_a_loud_sound_beats_a_dark_picture(model):
    answer = model.predict(image=np.zeros((8, 8, 3), np.uint8), text="", audio=(2 * SECOND, 16_000))
    assert answer["label"].top(1) == [("loud", pytest.approx(softmax(0, 0, 4)[2]))]


@pytest.mark.parametrize(
    ("sources", "message"),
    [
        ({"imgae": "x"}, r"unknown input 'imgae'; did you mean 'image'\?"),
        ({"image": "x"}, r"image: no file 'x'"),
        ({"text": "abc"}, r"input 'image' \(image\) is missing"),
        ({}, "every input is absent; give at least one of image, text, audio"),
        ({"image": None, "text": None}, "every input is absent"),
    ],
)
def test_wrong_sources_are_refused(model, sources, message):
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        model.predict(**sources)


def test_a_batch_is_no_sample(model, white):
    with pytest.raises(ValueError, match=r"received uint8 \(2, 8, 8, 3\); .* to predict_batch"):
        model.predict(image=np.stack([white, white]), text="abc")


def test_top_is_sorted_and_ties_keep_the_order_of_the_labels():
    scores = Scores(("a", "b", "c", "d"), np.array([0.1, 0.4, 0.4, 0.1], np.float32))
    assert [label for label, _ in scores.top(4)] == ["b", "c", "a", "d"]
    assert repr(scores) == "b 0.40, c 0.40, a 0.10"
    assert len(scores.top(9)) == 4


@pytest.mark.parametrize(
    "card",
    [
        {"optional": ()},
        {"outputs": {"label": ClassifySpec(("bright", "wordy"))}},
        {"outputs": {"mood": ClassifySpec(("bright", "wordy", "loud"))}},
        {"inputs": {"text": TextSpec(6)}},
    ],
    ids=["optional", "labels", "output name", "inputs"],
)
def test_a_card_that_does_not_describe_its_graph_is_refused(repack, card):
    with pytest.raises(ValueError, match=r"its card says .*, its graph has "):
        load(repack(**card))


def test_info_is_plain_data(model, tiny):
    info = json.loads(json.dumps(model.info()))
    assert (info["file"], info["bytes"]) == (str(tiny), tiny.stat().st_size)
    assert info["inputs"]["audio"]["rate_hz"] == 16_000
    assert info["runtime"] == find_runtime().name


def test_public_names_are_there_and_others_are_not():
    assert all(getattr(mmkeras_edge, name).__name__ == name for name in mmkeras_edge.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'lood'"):
        mmkeras_edge.lood  # noqa: B018


def test_nothing_is_imported_but_what_the_inputs_need(tiny):
    code = (
        "import sys, numpy, mmkeras_edge\n"
        "model = mmkeras_edge.load(sys.argv[1])\n"
        "model.predict(image=numpy.zeros((8, 8, 3), numpy.uint8), text='abc')\n"
        "print(sorted({'soundfile', 'soxr', 'keras', 'tensorflow'} & set(sys.modules)))"
    )
    command = [sys.executable, "-W", "ignore", "-c", code, str(tiny)]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=True)
    assert done.stdout == "[]\n"


def test_a_batch_is_answered_in_its_order(model, white):
    samples = [{"image": white * np.uint8(i % 2), "text": "abc"} for i in range(30)]
    answers = model.predict_batch(iter(samples))
    assert [answer["label"].label for answer in answers] == ["wordy", "bright"] * 15
    assert model.predict_batch([]) == []


def test_a_wrong_sample_of_a_batch_is_named_by_its_number(model, white):
    good = {"image": white, "text": "abc"}
    with pytest.raises(ValueError, match=r"sample 1: image: wanted a path, .*received int"):
        model.predict_batch([good, {**good, "image": 7}])
    with pytest.raises(FileNotFoundError, match="sample 0: image: no file 'x'"):
        model.predict_batch([{**good, "image": "x"}])


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        ({"text": "abc"}, "wanted a list of dicts of inputs by name, received dict; one sample"),
        ("abc", "wanted a list of dicts of inputs by name, received str"),
        (None, "wanted a list of dicts of inputs by name, received NoneType"),
        (["abc"], "sample 0: wanted a dict of inputs by name, received str"),
    ],
)
def test_what_is_no_batch_is_refused(model, samples, message):
    with pytest.raises(ValueError, match=message):
        model.predict_batch(samples)


def test_an_endless_batch_is_taken_no_further_than_it_must():
    taken = []

    def endless():
        for i in itertools.count():
            taken.append(i)
            yield i

    squares = loaded_ahead(endless(), lambda i: i * i)
    assert [next(squares)[1].result() for _ in range(3)] == [0, 1, 4]
    squares.close()
    assert len(taken) == 3 + AHEAD


def test_threads_share_a_model(model, white):
    greys = [white // 4 * np.uint8(i) for i in range(4)]
    wanted = [model.predict(image=grey, text="abc")["label"].probabilities for grey in greys]

    def answer(i: int) -> bool:
        found = model.predict(image=greys[i % 4], text="abc")["label"].probabilities
        return bool((found == wanted[i % 4]).all())

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(answer, range(400)))


def test_a_file_without_pieces_has_no_vector(model, white):
    with pytest.raises(ValueError, match="runs as a whole alone"):
        model.embed(image=white, text="abc")
