"""Imports TensorFlow without its greeting; what it says when something is wrong stays visible."""

from __future__ import annotations

import logging
import os
import tempfile

from mmkeras_edge.chatter import stderr_to


def import_keras() -> None:
    """Imports Keras and its backend; prints what they wrote to standard error only if they fail.

    TensorFlow writes notices about CPUs and missing GPUs before any setting can stop it.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # errors only, once it is running
    with tempfile.TemporaryFile() as notices:
        try:
            with stderr_to(notices):
                import keras

                logging.getLogger("tensorflow").setLevel(logging.ERROR)  # advice on retracing
                keras.ops.zeros(())  # wakes the backend, which looks for a GPU and says so
        except BaseException:
            notices.seek(0)
            os.write(2, notices.read())
            raise
