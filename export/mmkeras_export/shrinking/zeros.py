"""Masks in training: which weights are zero, chosen while a model learns, and held."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from mmkeras.keeping import COUNTS
from mmkeras_edge.inputs import pick
from mmkeras_export.shrinking.holding import Hold, Holding, synced
from mmkeras_export.shrinking.kernels import Kernel, by_pattern, trained
from mmkeras_export.shrinking.masked import CRITERIA, Held, Magnitude, stays, zeros_share
from mmkeras_export.shrinking.masks import Block, check_block, masks_of, n_of_m
from mmkeras_export.shrinking.schedules import Constant, Polynomial, Schedule, settled

Amount = float | str | Schedule  # a share of zeros, "N:M", or either over the steps
Sparsity = Amount | Mapping[str, Amount]  # one for all, or by pattern of layer names

RISE = 0.5  # share of the steps in which the sparsity rises; the rest repairs
UPDATES = 10  # new masks in one epoch of the rise
SCOPES = {"layer": False, "global": True}  # whether one threshold is for all that share an amount
UNSET = -1  # steps that no training has told yet


class Pruning(Holding):
    """Makes more and more weights zero while `fit` trains a model, any Keras model, and holds them.

    `sparsity` is a share of zeros, which rises over the first half of the steps; or "N:M", at once;
    or a schedule of `shrinking.schedules` or of tfmot, whose steps are counted from where this
    training begins; or a table of these by pattern of layer names, the first that matches a layer
    or one around it: `{"image_*": 0.8, "head": "2:4"}`. What none matches is left alone.

    `block`, as (4, 1), takes inputs × outputs of a kernel at once, by their mean. `scope` "layer"
    makes each kernel as sparse, "global" all together that share an entry of the table. What
    decides (`criterion`) is the "magnitude" of the weights, or their "movement" away from zero:

        S ← S + w Δw,  Δw the step that the optimizer takes from the gradient at w ⊙ mask,

    for SGD -α Σ w ∂L/∂w of Sanh et al., "Movement pruning", NeurIPS 2020, eq. 4; for others with
    their momentum and scaling. A masked weight keeps its value beside, its score goes on, and it
    comes back where that is high again. It takes three numbers for each weight, magnitude one.

    The masks are applied in the optimizer's step: see `shrinking.holding`. Nothing waits for
    Python between two masks, nothing is to be stripped, and the model saved after `fit` is a plain
    one. All state is the optimizer's, so that `BackupAndRestore` and `fit(..., resume=True)` go on.
    The history gets "sparsity", and 0 as "counts" for epochs that are not as sparse as they shall
    be. Raises ValueError for impossible wishes, and for a model without weights that train.
    """

    def __init__(
        self,
        sparsity: Sparsity = 0.5,
        block: Block = (1, 1),
        scope: str = "layer",
        criterion: str = "magnitude",
    ):
        super().__init__()
        self.sparsity = sparsity
        self.block: Block = block
        self.scope = scope
        self.criterion = criterion
        pick(SCOPES, scope, "scope")
        pick(CRITERIA, criterion, "criterion")
        check_block(self.block)
        for amount in table_of(sparsity).values():
            if not callable(amount):
                n_of_m(amount)

    @property
    def together(self) -> bool:
        """Whether one threshold is for all kernels of an entry."""
        return SCOPES[self.scope]

    def plain_steps(self) -> list[dict[str, Any]]:
        """What it does, as plain data for JSON; a schedule as it prints."""
        table = {
            pattern: repr(amount) if callable(amount) else amount
            for pattern, amount in table_of(self.sparsity).items()
        }
        asked = table if isinstance(self.sparsity, Mapping) else table["*"]
        options = {"block": list(self.block), "scope": self.scope, "criterion": self.criterion}
        return [{"step": "prune", "sparsity": asked, **options}]

    def lay_down(self, hold: Hold, model: keras.Model) -> None:
        """Masks, which let all through yet."""
        self._groups = [
            Group(amount, kernels, [CRITERIA[self.criterion](hold, k) for k in kernels])
            for amount, kernels in by_pattern(trained(model), table_of(self.sparsity))
            if amount != 0
        ]
        begun = int(ops.convert_to_numpy(model.optimizer.iterations))
        self._steps = hold.small("pruning_steps", np.array([begun, UNSET, UNSET], np.int32))

    def on_train_begin(self, logs=None):
        begun, rise, every = map(int, ops.convert_to_numpy(self._steps))
        if rise == UNSET:
            rise, every = self._default_rise()
            self._steps.assign(np.array([begun, rise, every], np.int32))
        self._begun = begun
        self._schedules = [self._schedule(group.amount, rise, every) for group in self._groups]
        self._seen = self._done() - 1

    def on_epoch_begin(self, epoch, logs=None):
        self._first = self._done()

    # Not at a batch's end: without a callback there, Keras need not wait for each step.
    def on_train_batch_begin(self, batch, logs=None):
        self._catch_up(self._first + batch // self._batches)

    def on_epoch_end(self, epoch, logs=None):
        if logs is not None:
            synced(self.model)
            logs["sparsity"] = zeros_share(each for group in self._groups for each in group.held)
            # By what the last batch trained with, and the validation saw.
            logs[COUNTS] = float(all(settled(each, self._seen) for each in self._schedules))

    def on_train_end(self, logs=None):
        self._catch_up(self._done())
        super().on_train_end(logs)

    def _default_rise(self) -> tuple[int, int]:
        """The steps of the rise of a share, and those between two masks in it."""
        steps, epochs = self.params.get("steps"), self.params.get("epochs", 1)
        if all(callable(group.amount) for group in self._groups):
            return 0, 1  # they are not asked for
        if steps is None:
            raise ValueError(
                "the sparsity rises over half of the steps of a fit, and this one does not tell "
                "them: give steps_per_epoch=, or a schedule, as Polynomial(0.5, 0, end_step)"
            )
        an_epoch = max(1, steps // self._batches)
        return int(RISE * epochs * an_epoch), max(1, an_epoch // UPDATES)

    def _schedule(self, amount: Amount, rise: int, every: int) -> Schedule:
        if callable(amount):
            return amount
        # Movement has found nothing before the first steps.
        begin = min(every, rise) if self.criterion == "movement" else 0
        if isinstance(amount, str):
            return Constant(amount, begin, begin)
        return Polynomial(amount, begin, rise, frequency=every)

    @property
    def _batches(self) -> int:
        """To a step of the optimizer."""
        return getattr(self.model.optimizer, "gradient_accumulation_steps", None) or 1

    def _done(self) -> int:
        """Steps since the pruning began."""
        synced(self.model)
        return int(ops.convert_to_numpy(self.model.optimizer.iterations)) - self._begun

    def _catch_up(self, step: int) -> None:
        """New masks where they were due at a step since the last look: a call may be many steps."""
        for schedule, group in zip(self._schedules, self._groups, strict=True):
            asked = [schedule(each) for each in range(self._seen + 1, step + 1)]
            due = [sparsity for is_due, sparsity in asked if bool(is_due)]
            if due:
                sparsity = due[-1] if isinstance(due[-1], str) else float(due[-1])
                self._choose(group, sparsity)
        self._seen = max(self._seen, step)

    def _choose(self, group: Group, sparsity: float | str) -> None:
        synced(self.model)
        scores = [each.scores() for each in group.held]
        layouts = [kernel.layout for kernel in group.kernels]
        masks = masks_of(scores, layouts, sparsity, self.block, self.together)
        for each, mask in zip(group.held, masks, strict=True):
            each.choose(mask)


class KeepZeros(Holding):
    """Keeps zero what is zero, in any `fit` of a model that was pruned before.

    As `Pruning` does, with nothing to choose.
    """

    def lay_down(self, hold: Hold, model: keras.Model) -> None:
        """Masks of the kernels that have zeros."""
        for kernel in trained(model):
            if not stays(kernel).all():
                Magnitude(hold, kernel)


class Group(NamedTuple):
    """Kernels that share an amount."""

    amount: Amount
    kernels: Sequence[Kernel]
    held: Sequence[Held]


def table_of(sparsity: Sparsity) -> Mapping[str, Amount]:
    """One amount for all is a table, too."""
    return sparsity if isinstance(sparsity, Mapping) else {"*": sparsity}
