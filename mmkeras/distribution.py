"""Several GPUs of one host: each takes its share of every batch, all have the same weights."""

from __future__ import annotations

import warnings
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import keras

from mmkeras.training import Training

ONE = "CUDA_VISIBLE_DEVICES=0 leaves one device"


@dataclass(frozen=True)
class Devices:
    """What a training spreads over; without names it is the one that Keras takes by itself.

    Each device adds up the gradients of its share, and the sums are added: a step is the same as on
    one device, but for dropout, and for what sees a share at a time: batch normalisation, the mean
    loss of an output over the rows that have its label, and the logarithm of `balance.LogLoss`.
    TensorFlow's `MirroredStrategy`, or `keras.distribution.DataParallel` on JAX.
    """

    names: tuple[str, ...] = ()
    _scope: Any = field(default=None, repr=False)

    @classmethod
    def visible(cls) -> Devices:
        """All GPUs or TPUs where there are several. The parts of a CPU too: it has only one, unless
        one has asked for more, as tests do."""
        names = _tensorflow() if keras.backend.backend() == "tensorflow" else _others()
        if len(names) < 2:
            return cls()
        if keras.backend.backend() == "tensorflow":
            return cls(names, _mirrored(names))
        return cls(names, keras.distribution.DataParallel(devices=list(names)))

    def __len__(self) -> int:
        return max(len(self.names), 1)

    def together(self) -> AbstractContextManager[Any]:
        """Within, what is made lives on all of them. A model made elsewhere cannot train on them:
        copy it within, as `mmkeras.frozen.head_model` does, and compile and fit within."""
        return self._scope.scope() if self.names else nullcontext()

    def check(self, training: Training, /, **rows: int) -> None:
        """Raises ValueError for what cannot be shared; `rows` are counts by what they are for.

        Warns of rows that an epoch leaves out: `mmkeras.dataset.Batches(shares=...)` does.
        """
        count = len(self)
        if count == 1:
            return
        if over := training.rows % count:
            raise ValueError(
                f"batch_size={training.batch_size} cannot be shared by {count} devices; take "
                f"batch_size={training.rows + count - over}, or one device: {ONE}"
            )
        for name, value, one_only in (
            ("balance", training.balance, "gradnorm"),
            ("modality_balance", training.modality_balance, "ogm"),
        ):
            if value == one_only:
                raise ValueError(f"{name}={value!r} trains on one device, not on {count}; {ONE}")
        for name, of in rows.items():
            if of < count:
                raise ValueError(f"{of} {name} rows cannot be shared by {count} devices; {ONE}")
            if of % count:
                warnings.warn(
                    f"{of % count} of the {of} {name} rows are left out in each epoch: "
                    f"{count} devices take batches that they can share",
                    stacklevel=2,
                )


def replicas() -> int:
    """By how many a loss is divided, within a step of several devices: 1 outside, and on JAX, where
    a step sees whole batches.

    `keras.losses.Loss` does that by itself, so that the sum over the devices is the mean.
    """
    if keras.backend.backend() != "tensorflow":
        return 1
    import tensorflow as tf

    return tf.distribute.get_strategy().num_replicas_in_sync


@lru_cache
def _mirrored(names: tuple[str, ...]) -> Any:
    """One for a process: two would take each other's sums, and those of a wider model for a
    narrower one's are an error."""
    import tensorflow as tf

    return tf.distribute.MirroredStrategy(names)


def _tensorflow() -> tuple[str, ...]:
    import tensorflow as tf

    found = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    return tuple(device.name for device in found)


def _others() -> tuple[str, ...]:
    if keras.backend.backend() == "torch":  # Keras shares nothing between its devices
        return ()
    return tuple(keras.distribution.list_devices())
