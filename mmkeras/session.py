"""One training from the first batch to the last, or from wherever it was broken off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras

from mmkeras.averaging import Best
from mmkeras.balance import Losses, callbacks_for, losses_for
from mmkeras.checkpoint import Checkpoint, History, Position, State
from mmkeras.dataset import Batches
from mmkeras.frozen import frozen_inputs, give_back, head_model, through_towers
from mmkeras.heads import HEADS
from mmkeras.keeping import Keep, Score
from mmkeras.mishaps import NoNumber, explained
from mmkeras.optimizer import adamw
from mmkeras.prepare import Prepared
from mmkeras.progress import Progress
from mmkeras.recipe import Recipe
from mmkeras.training import Training
from mmkeras.unfinished import Plan, Unfinished

VALID_BATCH = 256  # no gradients: more rows fit


@dataclass(frozen=True)
class Session:
    """A model to train in place, and all that decides how."""

    model: keras.Model
    plan: Plan
    train: Prepared
    valid: Prepared
    unfinished: Unfinished
    callbacks: Sequence[keras.callbacks.Callback] = ()

    def run(self, state: State | None = None) -> History:
        """Begins, or goes on from a state; leaves the best weights in the model."""
        position = state.position if state else Position()
        with (
            explained(self.plan.training, self.unfinished.kept),
            Progress(self.plan.epochs, self._steps) as progress,
        ):
            frozen = frozen_inputs(self.plan.recipe)
            phase = self._phase(frozen)
            best = self._train(phase, position, state, progress)
            self._finish(phase, best)
        return position.history

    @property
    def _steps(self) -> int:
        """Of an epoch."""
        return -(-len(self.train) // self.plan.training.batch_size)

    def _phase(self, frozen: tuple[str, ...]) -> Phase:
        """What trains while these inputs are frozen: their towers are computed here, once."""
        raw = tuple(name for name in self.plan.recipe.inputs if name not in frozen)
        if not frozen:
            return Phase(self.model, self.train, self.valid, raw)
        return Phase(
            head_model(self.model, frozen),
            through_towers(self.model, frozen, self.train),
            through_towers(self.model, frozen, self.valid),
            raw,
        )

    def _train(
        self, phase: Phase, position: Position, state: State | None, progress: Progress
    ) -> Best:
        recipe, training = self.plan.recipe, self.plan.training
        first = phase.batches(training, position)
        losses = losses_for(phase.model, recipe, training.balance)
        compile_for(phase.model, recipe, training, losses, self.plan.epochs * self._steps)
        best = Best(1, self.unfinished.epochs_path)
        score = Score(training.monitor, phase.model, recipe)
        keep = Keep(best, score, training.patience)
        balance = callbacks_for(losses, recipe, first)
        parts: Mapping[str, Any] = {type(part).__name__: part for part in (keep, *balance)}
        if state is not None:
            if position.batch:  # metrics have no variables before they have seen a batch
                phase.model.evaluate(first, steps=1, verbose=0)
            state.restore(phase.model)
            for name, part in parts.items():
                part.restore(position.states[name])
        every_s = training.checkpoint_s
        checkpoint = Checkpoint(self.unfinished.state_path, position, parts, every_s, state)
        callbacks = [*balance, *self.callbacks, NoNumber(), keep, progress, checkpoint]
        # A broken epoch is ended by itself: it has fewer batches than the others.
        ends = [position.epoch + 1] if position.batch else []
        for end in [*ends, self.plan.epochs]:
            if position.epoch < end and not keep.done:
                phase.model.fit(
                    phase.batches(training, position),
                    validation_data=Batches(phase.valid, VALID_BATCH),
                    initial_epoch=position.epoch,
                    epochs=end,
                    callbacks=callbacks,
                    shuffle=False,  # Keras would mix the batches by a random state that no file has
                    verbose=0,
                )
        return best

    def _finish(self, phase: Phase, best: Best) -> None:
        """Stores the last weights, and puts the best ones into the model."""
        if self.unfinished.last_path is not None:
            self._give_back(phase)
            self.model.save_weights(self.unfinished.last_path)
        phase.model.set_weights(best.weights())
        self._give_back(phase)

    def _give_back(self, phase: Phase) -> None:
        if phase.model is not self.model:
            give_back(phase.model, self.model)


@dataclass(frozen=True)
class Phase:
    """The model that is trained, the whole one or what is behind frozen towers, and its data."""

    model: keras.Model
    train: Prepared
    valid: Prepared
    raw: tuple[str, ...]  # the inputs that still are what a device takes

    def batches(self, training: Training, position: Position) -> Batches:
        """The rest of an epoch, and all those behind it."""
        return Batches(
            self.train,
            training.batch_size,
            shuffle=True,
            augment=self.raw if training.augment else (),
            seed=training.seed,
            first_epoch=position.epoch,
            first_batch=position.batch,
        )


def compile_for(
    model: keras.Model, recipe: Recipe, training: Training, losses: Losses, steps: int
) -> None:
    """Sets the losses and metrics of the recipe's outputs, and the optimizer for so many steps.

    A metric of an output counts only the rows that have its label.
    """
    model.compile(
        optimizer=adamw(training, steps),
        loss=losses,
        loss_weights={name: task.weight for name, task in recipe.outputs.items()},
        weighted_metrics={
            name: HEADS[task.kind].metrics(task) for name, task in recipe.outputs.items()
        },
    )
    # Else its variables are made while the step is traced, which is then done twice.
    model.optimizer.build(model.trainable_variables)
