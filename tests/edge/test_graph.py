from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from mmkeras_edge.graph import Graph
from mmkeras_edge.runtimes import find_runtime


@pytest.fixture
def feed(white):
    return {
        "image": white,
        "text": np.array([9, 9, 9, 0, 0, 0], np.int32),
        "audio": np.full(160, -0.5, np.float32),
        "audio_present": np.float32(1),
    }


def softmax(*logits: float) -> np.ndarray:
    return np.exp(logits) / np.exp(logits).sum()


def test_the_answer_can_be_worked_out(model, feed):
    answer = model.graph.run(feed)
    np.testing.assert_allclose(answer["label"], softmax(4, 2, 2), atol=1e-6)
    absent = model.graph.run({**feed, "audio_present": np.float32(0)})
    np.testing.assert_allclose(absent["label"], softmax(4, 2, 0), atol=1e-6)


def test_the_order_of_names_does_not_matter(model, feed):
    backwards = dict(reversed(feed.items()))
    np.testing.assert_array_equal(
        model.graph.run(backwards)["label"], model.graph.run(feed)["label"]
    )


def test_an_answer_is_the_callers_own(model, feed):
    first = model.graph.run(feed)["label"]
    kept = first.copy()
    model.graph.run({**feed, "image": np.zeros((8, 8, 3), np.uint8)})
    np.testing.assert_array_equal(first, kept)


@pytest.mark.parametrize("present", [np.array(1.0, np.float32), True, np.True_])
def test_presence_may_be_a_truth_value(model, feed, present):
    answer = model.graph.run({**feed, "audio_present": present})
    np.testing.assert_allclose(answer["label"], softmax(4, 2, 2), atol=1e-6)


def test_views_are_read_in_their_own_order(model, feed):
    half = np.zeros((8, 8, 3), np.uint8)
    half[:4] = 255
    mirrored = model.graph.run({**feed, "image": half[::-1].transpose(1, 0, 2)})
    np.testing.assert_allclose(mirrored["label"], softmax(2, 2, 2), atol=1e-6)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"imgae": 0}, r"unknown input 'imgae'; did you mean 'image'\?"),
        (
            {"image": np.zeros((8, 8), np.uint8)},
            r"wanted uint8 \(8, 8, 3\), received uint8 \(8, 8\)",
        ),
        ({"image": np.zeros((8, 8, 3))}, "received float64"),
        ({"text": np.zeros(6, np.int64)}, r"input 'text': wanted int32 \(6,\), received int64"),
        ({"image": np.zeros((1, 8, 8, 3), np.uint8)}, r"received uint8 \(1, 8, 8, 3\)"),
    ],
)
def test_a_wrong_array_is_refused_by_name(model, feed, changes, message):
    with pytest.raises(ValueError, match=message):
        model.graph.run({**feed, **changes})


def test_missing_arrays_are_listed(model, feed):
    del feed["text"], feed["audio_present"]
    with pytest.raises(
        ValueError, match=r"missing input (text, audio_present|audio_present, text)"
    ):
        model.graph.run(feed)


def test_int8_ends_are_quantised_and_dequantised(tiny_int8):
    halves = Graph(tiny_int8, threads=1)
    assert halves.inputs["x"]["dtype"] == np.int8
    answer = halves.run({"x": np.array([0.4, 1.0], np.float32)})["half"]
    assert answer.dtype == np.float32
    np.testing.assert_allclose(answer, [0.2, 0.5], atol=1 / 510)


def test_a_truth_value_is_quantised_as_one_and_zero(tiny_int8):
    answer = Graph(tiny_int8, threads=1).run({"x": np.array([True, False])})["half"]
    np.testing.assert_allclose(answer, [0.5, 0], atol=0.003)


def test_what_int8_cannot_hold_is_clipped(tiny_int8):
    answer = Graph(tiny_int8).run({"x": np.array([-9.0, 9.0], np.float32)})["half"]
    np.testing.assert_allclose(answer, [0.0, 0.5], atol=1 / 510)


def test_int8_given_as_int8_is_passed_on(tiny_int8):
    answer = Graph(tiny_int8).run({"x": np.array([-128, 127], np.int8)})["half"]
    np.testing.assert_allclose(answer, [0.0, 0.5], atol=1 / 510)


def test_content_runs_like_a_path(tiny, feed):
    answer = Graph(tiny.read_bytes()).run(feed)["label"]
    np.testing.assert_allclose(answer, softmax(4, 2, 2), atol=1e-6)


@pytest.mark.parametrize("content", [b"\x1c\x00\x00\x00TFL3" + bytes(200), b"nothing"])
def test_content_that_is_no_model_is_refused(content):
    with pytest.raises(ValueError, match=f"the runtime {find_runtime().name} refuses the model"):
        Graph(content)


def test_threads_are_at_least_one_and_at_most_four_by_default(tiny):
    assert 1 <= Graph(tiny).threads <= 4
    assert Graph(tiny, threads=3).threads == 3
    for threads in (0, 1.5, "2", 100_000):  # so many end the process
        with pytest.raises(ValueError, match=f"from 1 to 256, received {threads!r}"):
            Graph(tiny, threads=threads)


def test_threads_that_share_a_graph_get_their_own_answers(model, feed):
    """Without the lock, one thread's inputs reach another's invoke."""
    feeds = [{**feed, "image": np.full((8, 8, 3), grey, np.uint8)} for grey in range(0, 256, 17)]
    wanted = [model.graph.run(each)["label"] for each in feeds]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda i: model.graph.run(feeds[i % 16])["label"], range(2_000)))
    assert all((found[i] == wanted[i % 16]).all() for i in range(2_000))


@pytest.mark.parametrize(
    ("library", "why"),
    [("libnowhere.so.1", "cannot open shared object"), ("libc.so.6", "no delegate of TFLite's")],
)
def test_a_delegate_that_is_none_is_named(tiny, library, why):
    with pytest.raises(ValueError, match=f"delegate '{library}' cannot be loaded: .*{why}"):
        Graph(tiny, delegate=library)
