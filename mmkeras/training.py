"""How to train: every lever with the reason for where it stands; docs/training.md has effects."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Training:
    """How to train, beside for how long: plain data, stored with the run.

    `balance` is how several losses come to their weights: "fixed" takes those of the tasks,
    "uncertainty" and "gradnorm" correct them while the model trains, see `mmkeras.balance`.
    `monitor` is what makes an epoch the best: "loss" of the validation rows, "score" (see
    `mmkeras.keeping.Score`), or a metric's name in the history, as "val_label_accuracy".
    """

    batch_size: int = 64
    learning_rate: float = 2e-3  # at the start; it falls to 0 along a cosine
    weight_decay: float = 1e-2  # decoupled: Loshchilov and Hutter, ICLR 2019
    warm_up: float = 0.05  # share of the steps in which the rate rises to learning_rate
    clip_norm: float = 1.0
    augment: bool = True
    seed: int = 0
    balance: str = "fixed"
    monitor: str = "loss"
    patience: int | None = None  # epochs without a better one, then training ends
    checkpoint_s: float = 300.0  # at most this much work is lost by a crash within an epoch
