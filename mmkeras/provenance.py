"""Where a run came from: packages, machine, revision of the code around it."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib import metadata
from typing import Any

BACKENDS = ("tensorflow", "jax", "jaxlib")
READERS = ("tokenizers", "soxr", "soundfile", "pillow")
PACKAGES = ("mmkeras", "keras", "keras-hub", *BACKENDS, "numpy", *READERS)


def versions() -> dict[str, str]:
    """The packages that decide what a model is, with their versions."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:  # running from a source tree
            found[package] = "not installed"
    return found


def host() -> dict[str, Any]:
    """The machine that trains."""
    import keras

    return {
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "backend": keras.backend.backend(),
        "devices": devices(),
    }


def devices() -> list[str]:
    """What the backend can train on beside the CPU, as it calls it."""
    import keras

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        found = tf.config.list_physical_devices("GPU")
        details = tf.config.experimental.get_device_details
        return [details(gpu).get("device_name", gpu.name) for gpu in found]
    if keras.backend.backend() == "jax":
        return [name for name in keras.distribution.list_devices() if not name.startswith("cpu")]
    return []


def revision() -> str | None:
    """The git revision of the working folder, "-dirty" with changes; None outside of git."""
    ask = ("git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*")
    try:
        said = subprocess.run(ask, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return said.stdout.strip() or None if said.returncode == 0 else None
