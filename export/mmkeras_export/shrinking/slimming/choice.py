"""Which channels go: so many of each group, the least important first, until a share is saved."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

import numpy as np

from mmkeras_edge.inputs import pick
from mmkeras_export.shrinking.slimming.coupling import TAKES
from mmkeras_export.shrinking.slimming.graph import Channels, Group

STEPS = 200  # of the search for how much to take


@dataclass(frozen=True)
class Cut:
    """How channels are chosen; plain data.

    `criterion` is "l1", "l2", "gamma" or "taylor", see `importance`. `ranking` "uniform" takes the
    same share of every group of channels, "global" those that matter least in the whole model. `of`
    says what a share is of: "multiply_adds" or "channels". What stays of a group is a `multiple`,
    but for attention heads. `protect` are patterns of layer paths, as "block_1_*" or
    "image_cnn/conv2d", that keep all the channels they give. `exact` spares channels whose removal
    changes those that stay, as those under layer normalisation. At most the share `most` of a
    group goes.
    """

    criterion: str = "l2"
    ranking: str = "uniform"
    of: str = "multiply_adds"
    multiple: int = 8  # XNNPACK's kernels take 8 channels at once, and pad what is left over
    protect: tuple[str, ...] = ()
    exact: bool = True
    most: float = 0.9


class Load:
    """What a model costs, for any count of channels in each of some groups."""

    def __init__(self, channels: Channels, groups: Sequence[Group], patterns: Sequence[str]):
        """Of the layers that fit a pattern."""
        place = {int(atom): i for i, group in enumerate(groups) for atom in group.atoms}
        self._times, self._fixed, self._moving = [], [], []
        for cost in channels.costs:
            if fits(cost.path, patterns):
                axes = [_counted(ids, place, groups) for ids in cost.axes]
                axes += [(1, np.zeros(len(groups)))] * (2 - len(axes))
                self._times.append(cost.times)
                self._fixed.append([fixed for fixed, _ in axes])
                self._moving.append([moving for _, moving in axes])

    def __call__(self, kept: np.ndarray) -> float:
        """Multiply-adds where so many channels, (groups,), stay."""
        if not self._times:
            return 0.0
        sizes = np.array(self._fixed) + np.array(self._moving) @ kept  # (costs, 2)
        return float(np.array(self._times) @ sizes.prod(axis=1))


def _counted(ids, place: Mapping[int, int], groups) -> tuple[int, np.ndarray]:
    """Of an axis: how many channels stay anyway, and how often an atom of each group appears."""
    mine = np.array([place.get(int(atom), -1) for atom in ids], np.int64)
    counts = np.bincount(mine[mine >= 0], minlength=len(groups))
    return int((mine < 0).sum()), counts / [len(group) for group in groups]


def fits(path: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(path, pattern) for pattern in patterns)


def _all_fit(paths: Sequence[str], pattern: str) -> bool:
    """Channels that several branches share belong to none of them."""
    return all(fits(path, [pattern]) for path in paths)


def choose(
    channels: Channels,
    share: float | Mapping[str, float],
    cut: Cut,
    score: Callable[[Group], np.ndarray],
) -> np.ndarray:
    """The atoms that go. `share` is of the whole, or of the layers that fit a pattern, by pattern.

    Raises ValueError for a share that is none or that cannot be had, and for a pattern that no
    layer fits.
    """
    shares = dict(share) if isinstance(share, Mapping) else {"*": share}
    _check(channels, shares, cut)
    groups = [group for group in channels.groups if _free(channels, group, cut)]
    kept = np.array([len(group) for group in groups])
    if not groups:
        raise ValueError(_nothing(channels))
    scores = [score(group) for group in groups]
    taken = np.zeros(len(groups), bool)
    for pattern, part in shares.items():
        mine = np.array([_all_fit(group.makers, pattern) for group in groups]) & ~taken
        taken |= mine
        if part:
            load = _load(channels, groups, pattern, cut, mine)
            kept = _Search(groups, scores, mine, cut, kept, load).until(part, pattern, channels)
    gone = [
        group.atoms[np.argsort(-of, kind="stable")[count:]]
        for group, of, count in zip(groups, scores, kept, strict=True)
    ]
    return np.concatenate(gone)


def _load(channels, groups, pattern: str, cut: Cut, mine: np.ndarray):
    if cut.of == "channels":
        return lambda kept: float(kept[mine].sum())
    return Load(channels, groups, [pattern])


class _Search:
    """For the smallest cut that saves enough."""

    def __init__(self, groups, scores, mine: np.ndarray, cut: Cut, kept: np.ndarray, load):
        self.groups, self.cut, self.start, self.load = groups, cut, kept, load
        self.mine = [int(i) for i in np.flatnonzero(mine)]
        self.scores = [np.sort(of / max(of.mean(), 1e-30))[::-1] for of in scores]
        every = [self.scores[i] for i in self.mine]
        self.all_scores = np.sort(np.concatenate(every)) if every else np.zeros(1)

    def until(self, share: float, pattern: str, channels: Channels) -> np.ndarray:
        whole = self.load(self.start)
        target = (1.0 - share) * whole
        before = self.start
        for step in range(1, STEPS + 1):
            kept = self.kept(step / STEPS)
            if self.load(kept) <= target:
                return self._give_back(kept, before, target)
            before = kept
        least = 1.0 - self.load(before) / whole if whole else 0.0
        raise ValueError(
            f"share={share:g} of {pattern!r} cannot be cut, at most {least:.2f}: lower it, or "
            f"multiple={self.cut.multiple}{_reasons(channels, pattern)}"
        )

    def kept(self, r: float) -> np.ndarray:
        """How many channels stay in each group after a share r of the way to the least."""
        kept = self.start.copy()
        for i in self.mine:
            size = len(self.groups[i])
            if self.cut.ranking == "uniform":
                count: float = size * (1.0 - r * self.cut.most)
            else:
                place = min(int(r * len(self.all_scores)), len(self.all_scores) - 1)
                above = float((self.scores[i] > self.all_scores[place]).sum())
                count = max(above, size * (1.0 - self.cut.most))
            kept[i] = self._rounded(count, i)
        return kept

    def _rounded(self, count: float, i: int) -> int:
        size = len(self.groups[i])
        step = 1 if self.groups[i].heads else self.cut.multiple
        return min(size, max(step, step * round(count / step))) if count < size else size

    def _give_back(self, kept: np.ndarray, before: np.ndarray, target: float) -> np.ndarray:
        """One step back in each group where that still saves enough; what matters most first."""
        changed = np.flatnonzero(kept != before)
        for i in sorted(changed, key=lambda i: -self.scores[i][kept[i]]):
            tried = kept.copy()
            tried[i] = before[i]
            if self.load(tried) <= target:
                kept = tried
        return kept


def _free(channels: Channels, group: Group, cut: Cut) -> bool:
    """Whether a group may be cut: not what is protected, nor what nothing could repair."""
    if cut.exact and group.normed:
        return False
    if not all(each.variable.trainable for each in group.kernels):
        return False
    given = (each.path for each in group.slices if each.role != TAKES)
    return not any(fits(path, cut.protect) for path in given)


def _check(channels: Channels, shares: Mapping[str, float], cut: Cut) -> None:
    pick(dict.fromkeys(("uniform", "global")), cut.ranking, "ranking")
    pick(dict.fromkeys(("multiply_adds", "channels")), cut.of, "share of what:")
    for part in shares.values():
        if not 0 <= part < 1:
            raise ValueError(f"share must lie between 0 and 1. Received: {part}")
    if cut.multiple < 1 or not 0 < cut.most <= 1:
        raise ValueError(
            "multiple is 1 or more, and most lies between 0 and 1. Received: "
            f"multiple={cut.multiple}, most={cut.most}"
        )
    paths = {each.path for each in channels.weights}
    for pattern in (*shares, *cut.protect):
        if not any(fnmatchcase(path, pattern) for path in paths):
            some = ", ".join(sorted(paths)[:8])
            raise ValueError(f"no layer with weights fits {pattern!r}; there are {some}, ...")


def _nothing(channels: Channels) -> str:
    return f"no channels of {channels.model.name!r} can be cut{_reasons(channels, '*')}"


def _reasons(channels: Channels, pattern: str) -> str:
    """What stands in the way, in words."""
    why = [f"{path} ({why})" for path, why in channels.pinned.items() if fits(path, [pattern])]
    more = f" and {len(why) - 5} more" if len(why) > 5 else ""
    return f"; held up by {', '.join(why[:5])}{more}" if why else ""
