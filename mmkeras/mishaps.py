"""What goes wrong in a long training, said so that one can act on it."""

from __future__ import annotations

import errno
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import keras

from mmkeras.training import Training

EXHAUSTED = ("ResourceExhaustedError", "XlaRuntimeError", "JaxRuntimeError")


CHECKED_S = 1.0  # between two looks at the loss: each waits for the device


class DivergedError(Exception):
    """The loss is no number any more."""


class NoNumber(keras.callbacks.Callback):
    """Ends a training whose loss has become no number, soon and not only after the epoch."""

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch = epoch
        self._looked_s = time.monotonic()

    def on_train_batch_begin(self, batch, logs=None):
        if batch and time.monotonic() - self._looked_s > CHECKED_S:
            self._looked_s = time.monotonic()
            self._check(self.model.metrics[0].result())  # the mean loss so far

    def on_epoch_end(self, epoch, logs=None):
        self._check(logs["loss"])

    def _check(self, loss):
        if not math.isfinite(float(loss)):
            raise DivergedError(f"the loss is no number any more in epoch {self._epoch + 1}")


@contextmanager
def explained(training: Training, kept: Callable[[], str]) -> Iterator[None]:
    """Says of an error in a training what can be done; `kept` is what is left to go on from."""
    try:
        yield
    except KeyboardInterrupt as stop:
        raise KeyboardInterrupt(f"stopped; {kept()}") from stop
    except DivergedError as error:
        cure = f"Lower Training(learning_rate={training.learning_rate})"
        raise ValueError(f"{error}; {kept()}. {cure}") from error
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):  # of the disk, of one's share of it
            raise
        message = f"the disk is full; {kept()}. Free some space first"
        raise OSError(error.errno, message, error.filename) from error
    except Exception as error:
        if not of_memory(error):
            raise
        raise MemoryError(
            f"out of memory; {kept()}. Lower batch_size={training.batch_size}, or the size_px, "
            "length or clip_ms of an input"
        ) from error


def of_memory(error: Exception) -> bool:
    """Whether an error says that the memory, of the host or of a device, is not enough."""
    if isinstance(error, MemoryError):
        return True
    exhausted = "RESOURCE_EXHAUSTED" in str(error) or "OOM" in str(error)
    name = type(error).__name__
    return name == EXHAUSTED[0] or (name in EXHAUSTED and exhausted)
