"""How to train: every lever with the reason for where it stands; docs/training.md has effects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mmkeras.augment import MIXES, check_names
from mmkeras.sampling import SAMPLINGS
from mmkeras_edge.inputs import pick

AUTO = "auto"  # a batch size that is found by trial
SHARE = (lambda share: 0 <= share < 1), "a share, from 0 (none) to below 1"
RANGES: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "batch_size": ((lambda rows: rows == int(rows) >= 1), f"1 row or more, or {AUTO}"),
    "learning_rate": ((lambda rate: rate > 0), "above 0"),
    "weight_decay": ((lambda decay: decay >= 0), "0 (none) or more"),
    "warm_up": SHARE,
    "clip_norm": ((lambda norm: norm >= 0), "0 (none) or more"),
    "seed": ((lambda seed: seed == int(seed) >= 0), "a whole number from 0 on"),
    "patience": ((lambda epochs: epochs == int(epochs) >= 1), "1 epoch or more, or none"),
    "ema": SHARE,
    "soup": ((lambda epochs: epochs == int(epochs) >= 1), "1 epoch (none) or more"),
    "teacher_features": ((lambda weight: weight >= 0), "0 (none) or more; 1 is a start"),
    "checkpoint_s": ((lambda seconds: seconds >= 0), "0 seconds (after each batch) or more"),
    "frozen_share": SHARE,
    "fine_tune_rate": ((lambda factor: factor >= 0), "a factor from 0 on"),
    "layer_decay": ((lambda factor: 0 < factor <= 1), "a factor above 0, up to 1"),
}


@dataclass(frozen=True)
class Training:
    """How to train, beside for how long: plain data, stored with the run.

    `loss`, `class_weights` and `label_smoothing` are as in `mmkeras.losses`. `balance` is how
    several losses come to their weights: "fixed" takes those of the tasks, "uncertainty" and
    "gradnorm" correct them, see `mmkeras.balance`; `modality_balance="ogm"` slows the modality
    that learns fastest, see `mmkeras.modality_balance`. `monitor` is what makes an epoch the best:
    "loss" of the validation rows, "score" (see `mmkeras.keeping.Score`), or the name of a figure
    in the history, as "val_label_accuracy". `frozen_share`, `fine_tune_rate` and `layer_decay`
    are for towers that came with weights: see `mmkeras.phases` and `mmkeras.pretrained`.
    `teacher_share`, `temperature` and `teacher_features` count where there is a teacher: see
    `mmkeras.distillation`, `mmkeras.hint`.
    """

    batch_size: int | str = 64  # or auto: found by trial, see mmkeras.batch_size
    learning_rate: float = 2e-3  # at the start; it falls to 0 along a cosine
    weight_decay: float = 1e-2  # decoupled: Loshchilov and Hutter, ICLR 2019
    warm_up: float = 0.05  # share of the steps in which the rate rises to learning_rate
    clip_norm: float = 1.0  # of all gradients together; 0 for none
    augment: bool | tuple[str, ...] = True  # vary as usual, or by names: see mmkeras.augment
    mix: str = "none"  # or mixup, cutmix: two rows in one, see mmkeras.mixing
    sampling: str = "none"  # or balanced: rows of rare labels come more often
    seed: int = 0  # of the first weights, the order of the rows, dropout and augmentation
    loss: str = "cross_entropy"  # or focal
    class_weights: str = "none"  # or balanced: rare labels count as much as frequent ones
    label_smoothing: float = 0.0  # share of the truth that is spread over all labels
    teacher_share: float = 0.5  # of each loss is the distance from the teacher's answers
    temperature: float = 4.0  # at which probabilities are compared; 2 to 5 are usual
    teacher_features: float = 0.0  # weight of the distance from what the teacher fuses; 0 for none
    balance: str = "fixed"  # or uncertainty, gradnorm
    modality_balance: str = "none"  # or ogm
    monitor: str = "loss"  # what makes an epoch the best
    patience: int | None = None  # epochs without a better one, then training ends
    ema: float = 0.0  # momentum of the averaged weights, as 0.99; 0 for none
    soup: int = 1  # as many of the best epochs are averaged where that helps; 1 for none
    checkpoint_s: float = 300.0  # at most this much work is lost by a crash within an epoch
    frozen_share: float = 0.3  # of the epochs, in which pre-trained towers stay frozen
    fine_tune_rate: float = 0.1  # factor of the rate at the top of a pre-trained tower
    layer_decay: float = 0.98  # for each layer below: 0.9 would all but freeze a deep one
    precision: str = "float32"  # or mixed_bfloat16, mixed_float16: faster on GPUs made for them

    def __post_init__(self) -> None:
        """Raises ValueError for what is out of its range; names are checked where they are used."""
        if isinstance(self.batch_size, str):
            pick({AUTO: None}, self.batch_size, "batch_size")
        if not isinstance(self.augment, bool):
            object.__setattr__(self, "augment", tuple(self.augment))  # JSON has no tuples
            check_names(self.augment)
        pick(dict.fromkeys(MIXES), self.mix, "mix")
        pick(dict.fromkeys(SAMPLINGS), self.sampling, "sampling")
        for name, (may_be, wanted) in RANGES.items():
            value = getattr(self, name)
            if value not in (None, AUTO) and not may_be(value):
                raise ValueError(f"{name} is {wanted}. Received: {value!r}")
        # A soup is judged by validation alone, after the last epoch.
        if self.soup > 1 and not (
            self.monitor in ("loss", "score") or self.monitor.startswith("val_")
        ):
            raise ValueError(
                f"soup={self.soup} averages epochs by a figure of the validation rows: monitor is "
                f"loss, score or one that begins with val_. Received: {self.monitor!r}"
            )

    @property
    def rows(self) -> int:
        """Of a batch, once it is known: `fit` puts what it found in the place of "auto"."""
        assert isinstance(self.batch_size, int), self.batch_size
        return self.batch_size
