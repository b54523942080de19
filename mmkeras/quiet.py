"""Imports Keras and its backend without their greeting; what they say of errors stays visible."""

from __future__ import annotations

import importlib.util
import logging
import os
import sys
import tempfile

from mmkeras_edge.chatter import stderr_to
from mmkeras_edge.inputs import pick

BACKENDS = {  # name -> its package
    "tensorflow": "tensorflow",
    "jax": "jax",
}


def import_keras(backend: str | None = None) -> None:
    """Imports Keras and a backend; prints what they wrote to standard error only if they fail.

    `backend` goes before the variable KERAS_BACKEND. TensorFlow writes notices about CPUs and
    missing GPUs before any setting can stop it. Raises ValueError for a backend that Keras cannot
    take any more, or does not have, and ImportError for one that is not installed.
    """
    if backend is not None:
        _choose(backend)
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


def _choose(backend: str) -> None:
    package = pick(BACKENDS, backend, "backend")
    if importlib.util.find_spec(package) is None:
        raise ImportError(f"the backend {backend!r} is not installed: pip install {package}")
    if "keras" in sys.modules:
        import keras

        if keras.backend.backend() != backend:
            raise ValueError(
                f"Keras runs on {keras.backend.backend()} already in this process; start a new one "
                f"for {backend}"
            )
    os.environ["KERAS_BACKEND"] = backend
