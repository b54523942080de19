"""KerasHub, where it is installed."""

from __future__ import annotations

from typing import Any

INSTALL = "pip install 'mmkeras[hub]'"


def keras_hub() -> Any:
    """The module. ImportError with the cure where it is not installed."""
    try:
        import keras_hub
    except ImportError as error:
        raise ImportError(f"KerasHub backbones want keras-hub: {INSTALL}") from error
    return keras_hub


def from_preset(kind: Any, preset: str, **options: Any) -> Any:
    """What a class of KerasHub makes of a preset, a name or a folder.

    Raises ValueError for one that is not known or cannot be downloaded.
    """
    try:
        return kind.from_preset(preset, **options)
    except Exception as error:  # of keras-hub, of its download clients, of the system
        raise ValueError(
            f"the KerasHub preset {preset!r} could not be had: {error}. A preset is downloaded "
            "once; without internet give the folder that `save_to_preset` wrote"
        ) from error
