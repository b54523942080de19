"""One training from the first batch to the last, or from wherever it was broken off."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import keras
import numpy as np

from mmkeras import modality_balance
from mmkeras.augment import Variation, chosen
from mmkeras.averaging import Best, Weights, greedy_soup
from mmkeras.balance import Losses, callbacks_for, losses_for
from mmkeras.checkpoint import Position, State, Writer
from mmkeras.dataset import Batches
from mmkeras.distribution import Devices
from mmkeras.ema import ValidateAveraged
from mmkeras.frozen import frozen_inputs, give_back, head_model, through_towers
from mmkeras.heads import HEADS
from mmkeras.hint import hinted
from mmkeras.history import History
from mmkeras.keeping import Keep, Score, check_monitor
from mmkeras.losses import Wanted
from mmkeras.mishaps import NoNumber, explained
from mmkeras.optimizer import RatedAdamW, adamw
from mmkeras.phases import Phase, phases_of
from mmkeras.precision import computing_in
from mmkeras.prepared import Prepared
from mmkeras.pretrained import kept_still, rates_by_depth
from mmkeras.progress import Progress
from mmkeras.random_layers import seed_layers
from mmkeras.recipe import Recipe
from mmkeras.rewiring import copy_weights
from mmkeras.run import uncompiled
from mmkeras.sampling import chances, drawn
from mmkeras.taught import OfLabels
from mmkeras.training import Training
from mmkeras.unfinished import Plan, Unfinished

VALID_BATCH, VALID_MB = 256, 64  # rows, and at most so much of them


@dataclass(frozen=True)
class Session:
    """A model to train in place, and all that decides how."""

    model: keras.Model
    plan: Plan
    train: Prepared
    valid: Prepared
    unfinished: Unfinished
    callbacks: Sequence[keras.callbacks.Callback] = ()
    devices: Devices = field(default_factory=Devices.visible)

    def run(self, state: State | None = None) -> History:
        """Begins, or goes on from a state; leaves the best weights in the model."""
        plan = self.plan
        self.devices.check(plan.training, training=len(self.train), validation=len(self.valid))
        check_monitor(plan.training, plan.recipe, bool(self.callbacks))
        phases = phases_of(plan.recipe, plan.epochs, plan.training.frozen_share)
        position = state.position if state else Position()
        with ExitStack() as stack:
            stack.enter_context(explained(plan.training, self.unfinished.kept))
            progress = Progress(plan.epochs, self._steps, len(self.train))
            stack.enter_context(progress)
            best = None
            for number, phase in list(enumerate(phases))[position.phase :]:
                if number > position.phase:
                    position.next_phase()
                part = self._part(phase)
                best = self._best(number, part, before=best)
                with self.devices.together():
                    with (
                        kept_still(part.model, plan.recipe, phase.frozen),
                        computing_in(part.model, plan.training.precision),
                    ):
                        stopped = self._train(phase, part, best, position, state, progress)
                    self._take(part, best)
                if stopped:
                    break
                state = None
        return position.history

    @property
    def _steps(self) -> int:
        """Of an epoch."""
        return len(Batches(self.train, self.plan.training.rows, shares=len(self.devices)))

    @cached_property
    def _learner(self) -> keras.Model:
        """The model, or its copy that has a head for what a teacher fuses."""
        fused = self.train.fused
        if fused is None:
            return self.model
        return hinted(self.model, fused.shape[1], self.plan.training.teacher_features)

    @cached_property
    def _judged(self) -> Prepared:
        """The validation rows, of which no teacher says anything."""
        if self.train.fused is None:
            return self.valid
        shape = len(self.valid), self.train.fused.shape[1]
        return replace(self.valid, fused=np.full(shape, np.nan, np.float32))

    def _part(self, phase: Phase) -> Part:
        """What trains in a phase; towers that are frozen in it are computed here, once."""
        recipe = self.plan.recipe
        computed = frozen_inputs(recipe, also=phase.frozen)
        raw = tuple(name for name in recipe.inputs if name not in computed)
        if not computed and len(self.devices) == 1:
            return Part(self._learner, self.train, self._judged, raw)
        with self.devices.together():
            model = head_model(self._learner, computed)
        return Part(
            model,
            through_towers(self.model, computed, self.train),
            through_towers(self.model, computed, self._judged),
            raw,
            len(self.devices),
        )

    def _best(self, number: int, part: Part, before: Best | None) -> Best:
        """Of a phase, which begins with the best of the phase before it."""
        epochs = self.unfinished.epochs_path
        best = Best(max(self.plan.training.soup, 1), epochs and Path(epochs, str(number)))
        if before:
            best.offer(before.scores[0], before.epochs[0], part.model.get_weights())
        return best

    def _train(
        self,
        phase: Phase,
        part: Part,
        best: Best,
        position: Position,
        state: State | None,
        progress: Progress,
    ) -> bool:
        """Whether a callback has ended the whole training."""
        recipe, training = self.plan.recipe, self.plan.training
        steps = phase.epochs * self._steps
        wanted = Wanted(
            training.loss,
            training.class_weights,
            training.label_smoothing,
            training.teacher_share if part.train.taught else 0.0,
            training.temperature,
            training.mix != "none",
        )
        labels = part.labels(training)
        losses = losses_for(part.model, recipe, training.balance, wanted, labels)
        twofold = bool(part.train.taught) or training.mix != "none"
        compile_for(part.model, recipe, training, losses, steps, twofold)
        first = part.batches(training, position)
        pace = modality_balance.callbacks_for(
            part.model, recipe, part.train, steps, training.modality_balance
        )
        keep = Keep(best, Score(training.monitor, part.model, recipe), training.patience)
        balance = [*callbacks_for(losses, recipe, first), *pace]
        parts: Mapping[str, Any] = {type(each).__name__: each for each in (keep, *balance)}
        # Metrics have no variables before they have seen a batch; Keras would show them one of an
        # epoch that it begins for that, on JAX and, whatever has been built, on several devices.
        if position.batch or len(self.devices) > 1 or keras.backend.backend() != "tensorflow":
            part.model._symbolic_build(data_batch=first[0])
            if len(self.devices) > 1:
                part.model._maybe_symbolic_build = lambda *_, **__: None
        for each in self.callbacks:
            if hasattr(each, "attach"):  # it gives the optimizer variables, which a state has too
                each.attach(part.model)
        if state is None:
            seed_layers(part.model, training.seed, position.phase)
        else:
            state.restore(part.model)
            for name, each in parts.items():
                each.restore(position.states[name])
        every_s = training.checkpoint_s
        writer = Writer(self.unfinished.state_path, position, parts, every_s, state)
        callbacks = writer.callbacks(
            [ValidateAveraged(), *balance, *self.callbacks, NoNumber(), keep, progress]
        )
        # An epoch that was broken off is ended by itself: it has fewer batches than the others.
        ends = [position.epoch + 1] if position.batch else []
        for end in [*ends, position.begun + phase.epochs]:
            if position.epoch < end and not (keep.done or keep.stopped):
                part.model.fit(
                    part.batches(training, position),
                    validation_data=part.valid_batches(),
                    initial_epoch=position.epoch,
                    epochs=end,
                    callbacks=callbacks,
                    shuffle=False,  # Keras would mix the batches by a random state that no file has
                    verbose=0,
                )
        return keep.stopped

    def _take(self, part: Part, best: Best) -> None:
        """Stores the last weights, and puts the best ones into the model."""
        if self.unfinished.last_path is not None:
            self._give_back(part)
            with uncompiled(self.model):
                self.model.save_weights(self.unfinished.last_path)
        if not best:
            monitor = self.plan.training.monitor
            raise ValueError(f"no epoch could be chosen: monitor={monitor!r} was never a number")
        weights = best.weights()
        if len(best) > 1:
            weights = greedy_soup(best, lambda each: self._score(part, each)).weights
        part.model.set_weights(weights)
        self._give_back(part)

    def _score(self, part: Part, weights: Weights) -> float:
        """On the validation rows."""
        part.model.set_weights(weights)
        found = part.model.evaluate(part.valid_batches(), verbose=0, return_dict=True)
        score = Score(self.plan.training.monitor, part.model, self.plan.recipe)
        return score({f"val_{name}": value for name, value in found.items()})

    def _give_back(self, part: Part) -> None:
        if part.model is not self._learner:
            give_back(part.model, self._learner)
        if self._learner is not self.model:
            copy_weights([layer.name for layer in self.model.layers], self._learner, self.model)


@dataclass(frozen=True)
class Part:
    """The model that trains, the whole one or what is behind frozen towers, and its data."""

    model: keras.Model
    train: Prepared
    valid: Prepared
    raw: tuple[str, ...]  # the inputs that still are what a device takes
    shares: int = 1  # of each batch: one for each device that trains

    def batches(self, training: Training, position: Position) -> Batches:
        """The rest of an epoch, and all those behind it."""
        return Batches(
            self.train,
            training.rows,
            shuffle=True,
            augment=self._variation(training),
            seed=training.seed,
            first_epoch=position.epoch,
            first_batch=position.batch,
            shares=self.shares,
            chances=chances(self.train, training.sampling),
        )

    def labels(self, training: Training) -> dict[str, np.ndarray]:
        """Those of an epoch, by output, which class weights count: what is sampled more often
        already does not weigh more as well."""
        often = chances(self.train, training.sampling)
        if often is None:
            return dict(self.train.targets)
        rows = drawn(often, np.random.default_rng(training.seed))
        return {name: of[rows] for name, of in self.train.targets.items()}

    def _variation(self, training: Training) -> Variation:
        """Of the inputs that a device would take; features have none but being mixed."""
        kinds = {name: self.train.manifest.kinds[name] for name in self.raw}
        return Variation(chosen(training.augment, kinds), kinds, training.mix)

    def valid_batches(self) -> Batches:
        """No gradients: more rows fit, but of large pictures no 256 as floats."""
        values = [column.values for column in self.valid.inputs.values()]
        each = sum(of.dtype.itemsize * math.prod(of.shape[1:]) for of in values)
        rows = max(min(VALID_BATCH, VALID_MB * 2**20 // each), self.shares)
        size = rows // self.shares * self.shares
        return Batches(self.valid, size, shares=self.shares)


def compile_for(
    model: keras.Model,
    recipe: Recipe,
    training: Training,
    losses: Losses,
    steps: int,
    taught: bool = False,
) -> None:
    """Sets the losses and metrics of the recipe's outputs, and the optimizer for so many steps.

    A metric of an output counts only the rows that have its label; `taught` is whether answers of
    a teacher, or labels of a second row, come with them.
    """
    metrics = {name: HEADS[task.kind].metrics(task) for name, task in recipe.outputs.items()}
    if taught:
        metrics = {name: [OfLabels(each) for each in of] for name, of in metrics.items()}
    rates = rates_by_depth(model, recipe, training.layer_decay, training.fine_tune_rate)
    optimizer: RatedAdamW = adamw(training, steps, rates)
    if training.modality_balance != "none":
        towers = modality_balance.towers_of(model, recipe)
        optimizer = modality_balance.paced(optimizer, towers)
    model.compile(
        optimizer=optimizer,
        loss=losses,
        loss_weights={name: task.weight for name, task in recipe.outputs.items()},
        weighted_metrics=metrics,
    )
    # Else its variables are made while the step is traced, which is then done twice.
    model.optimizer.build(model.trainable_variables)
