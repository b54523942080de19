"""Shapley values against brute force over all orders, and games with a known answer."""

from itertools import permutations

import numpy as np
import pytest

from mmkeras.insight.shapley import coalitions, interactions, shapley

PLAYERS = ["image", "text", "audio", "imu"]


@pytest.fixture(scope="module")
def worth():
    random = np.random.default_rng(0)
    return {these: random.normal(size=6) for these in coalitions(PLAYERS)}


def test_it_is_the_mean_over_all_orders_in_which_players_come(worth):
    brute = dict.fromkeys(PLAYERS, 0.0)
    orders = list(permutations(PLAYERS))
    for order in orders:
        for i, player in enumerate(order):
            gained = worth[frozenset(order[: i + 1])] - worth[frozenset(order[:i])]
            brute[player] = brute[player] + gained / len(orders)
    found = shapley(worth, PLAYERS)
    for player in PLAYERS:
        np.testing.assert_allclose(found[player], brute[player], atol=1e-12)


def test_all_values_sum_up_to_what_all_bring(worth):
    total = sum(shapley(worth, PLAYERS).values())
    np.testing.assert_allclose(total, worth[frozenset(PLAYERS)] - worth[frozenset()])


def test_who_adds_nothing_gets_nothing_and_equals_get_the_same():
    game = {these: float(len(these - {"idle"})) ** 2 for these in coalitions(["a", "b", "idle"])}
    assert shapley(game, ["a", "b", "idle"]) == {"a": 2.0, "b": 2.0, "idle": 0.0}
    assert interactions(game, ["a", "b", "idle"]) == {
        ("a", "b"): 2.0,  # (a + b)² = a² + b² + 2 a b
        ("a", "idle"): 0.0,
        ("b", "idle"): 0.0,
    }


def test_what_repeats_the_other_interacts_below_zero():
    either = {these: float(bool(these)) for these in coalitions(["left", "right"])}
    assert interactions(either, ["left", "right"]) == {("left", "right"): -1.0}


def test_a_pair_of_two_is_the_difference_of_differences(worth):
    four = {these: worth[these] for these in coalitions(PLAYERS[:2])}
    both, none = frozenset(PLAYERS[:2]), frozenset()
    one, other = (frozenset({player}) for player in PLAYERS[:2])
    wanted = four[both] - four[one] - four[other] + four[none]
    np.testing.assert_allclose(interactions(four, PLAYERS[:2])["image", "text"], wanted)


def test_there_are_as_many_coalitions_as_there_should_be():
    assert len(list(coalitions(list("abcde")))) == 32
    assert next(iter(coalitions("ab"))) == frozenset()
