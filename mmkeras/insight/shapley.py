"""Who brought how much, of players who only win together: exactly, over all coalitions.

`worth` has the value of each set of players, the empty one included: a number, or an array of the
same shape for all. There are 2^n of them, so players are to be few.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from math import factorial

import numpy as np

MOST = 5  # players: 32 coalitions

Worth = Mapping[frozenset[str], np.ndarray | float]


def coalitions(players: Sequence[str]) -> Iterator[frozenset[str]]:
    """Every set of players, the empty one first."""
    for count in range(len(players) + 1):
        yield from map(frozenset, combinations(players, count))


def shapley(worth: Worth, players: Sequence[str]) -> dict[str, np.ndarray]:
    """What each player adds, in the mean over all orders in which they may come.

    φ(i) = Σ over S without i of |S|! (n - |S| - 1)! / n! (v(S + i) - v(S)). They sum up to what all
    together are worth beyond nobody. Shapley, "A value for n-person games", 1953.
    """
    n = len(players)
    found = {}
    for player in players:
        others = [other for other in players if other != player]
        found[player] = sum(
            (factorial(len(s)) * factorial(n - len(s) - 1) / factorial(n))
            * (np.asarray(worth[s | {player}]) - worth[s])
            for s in coalitions(others)
        ) + np.zeros(())
    return found


def interactions(worth: Worth, players: Sequence[str]) -> dict[tuple[str, str], np.ndarray]:
    """What each pair is worth beyond what both bring apart: above 0 they complete, below 0 they
    repeat each other.

    I(i, j) = Σ over S without both of |S|! (n - |S| - 2)! / (n - 1)! (v(S + i + j) - v(S + i) -
    v(S + j) + v(S)). Grabisch and Roubens, "An axiomatic approach to the concept of interaction",
    1999.
    """
    n = len(players)
    found = {}
    for i, j in combinations(players, 2):
        others = [other for other in players if other not in (i, j)]
        found[i, j] = sum(
            (factorial(len(s)) * factorial(n - len(s) - 2) / factorial(n - 1))
            * (np.asarray(worth[s | {i, j}]) - worth[s | {i}] - worth[s | {j}] + worth[s])
            for s in coalitions(others)
        ) + np.zeros(())
    return found
