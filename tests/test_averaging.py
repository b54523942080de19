import numpy as np
import pytest

from mmkeras.averaging import Best, greedy_soup


def weights(value, seed=0):
    """As of a model: a kernel, and the state of a random layer."""
    return [np.full((2, 2), value, np.float32), np.array([seed, 7], np.uint32)]


def near(target):
    """Scores weights by how near the first number of the kernel is."""
    return lambda arrays: -abs(float(arrays[0][0, 0]) - target)


def test_soup_takes_what_helps_and_leaves_what_does_not():
    """Wanted is 3: 2 alone misses by 1, with 5 by 0.5, with 9 too by 2.33, with 1 by 0.33."""
    soup = greedy_soup([weights(2), weights(5), weights(9), weights(1)], near(3.0))
    assert soup.taken == (0, 1, 3)
    np.testing.assert_allclose(soup.weights[0], (2 + 5 + 1) / 3, rtol=1e-6)
    assert soup.score == pytest.approx(-1 / 3)


def test_soup_of_epochs_that_only_harm_is_the_best_alone():
    soup = greedy_soup([weights(3), weights(4), weights(5)], near(3.0))
    assert (soup.taken, soup.score) == ((0,), 0.0)
    np.testing.assert_array_equal(soup.weights[0], np.full((2, 2), 3.0))


def test_soup_that_is_no_worse_takes_more():
    assert greedy_soup([weights(3), weights(4), weights(5)], lambda _: 0.5).taken == (0, 1, 2)


def test_soup_keeps_the_whole_numbers_of_the_best():
    soup = greedy_soup([weights(2, seed=1), weights(4, seed=9)], near(3.0))
    assert soup.taken == (0, 1)
    np.testing.assert_array_equal(soup.weights[1], np.array([1, 7], np.uint32))
    assert [array.dtype for array in soup.weights] == [np.float32, np.uint32]


def test_soup_wants_epochs_of_one_model():
    with pytest.raises(ValueError, match=r"at least one epoch\. Received: none"):
        greedy_soup([], near(0.0))
    with pytest.raises(ValueError, match=r"\(2, 2\).*Received.*\(3,\)"):
        greedy_soup([weights(1), [np.zeros(3), np.zeros(2)]], near(0.0))


@pytest.fixture(params=["memory", "disk"])
def folder(request, tmp_path):
    return tmp_path / "epochs" if request.param == "disk" else None


def test_the_best_epochs_are_kept_in_their_order(folder):
    best = Best(2, folder)
    offers = [(0.2, 0), (0.5, 1), (0.1, 2), (0.5, 3), (0.4, 4)]
    taken = [best.offer(score, epoch, weights(epoch)) for score, epoch in offers]
    assert taken == [True, True, False, True, False]
    assert (best.epochs, best.scores) == ((1, 3), (0.5, 0.5))
    assert [arrays[0][0, 0] for arrays in best] == [1.0, 3.0]
    assert best.weights()[1].dtype == np.uint32


def test_what_is_kept_is_a_copy(folder):
    best, arrays = Best(1, folder), weights(1)
    best.offer(0.0, 0, arrays)
    arrays[0][:] = 9
    best.weights()[0][:] = 8
    assert best.weights()[0][0, 0] == 1.0


def test_no_number_is_no_best(folder):
    best = Best(1, folder)
    assert not best.offer(float("nan"), 0, weights(0))
    assert len(best) == 0


def test_an_epoch_offered_again_counts_once(folder):
    best = Best(3, folder)
    best.offer(0.3, 5, weights(1))
    best.offer(0.1, 5, weights(2))
    assert (best.epochs, best.scores) == ((5,), (0.1,))
    assert best.weights()[0][0, 0] == 2.0


def test_an_epoch_that_comes_out_otherwise_after_a_resume_is_no_best_any_more(folder):
    best = Best(2, folder)
    for epoch, score in enumerate([0.3, 0.9, 0.2]):
        best.offer(score, epoch, weights(epoch))
    assert not best.offer(float("nan"), 1, weights(1))
    assert best.epochs == (0,)
    if folder:
        assert [p.name for p in folder.iterdir()] == ["epoch-0000.npz"]


def test_a_folder_goes_on_where_it_was(tmp_path):
    first = Best(3, tmp_path)
    for epoch, score in enumerate([0.1, 0.3, 0.2]):
        first.offer(score, epoch, weights(epoch))
    (tmp_path / ".epoch-0003.npz.part").write_bytes(b"half")  # killed while it wrote
    again = Best(2, tmp_path)
    assert again.epochs == (1, 2)
    assert [arrays[0][0, 0] for arrays in again] == [1.0, 2.0]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["epoch-0001.npz", "epoch-0002.npz"]


def test_best_of_nothing_is_refused():
    with pytest.raises(ValueError, match=r"1 or more\. Received: 0"):
        Best(0)
