"""Which input or output a layer belongs to: its name begins with theirs."""

from __future__ import annotations

from collections.abc import Iterable

REST = "(rest)"  # what belongs to none


def branch_of(path: str, names: Iterable[str]) -> str:
    """The longest of the names that a layer's path begins with.

    >>> names = ("cam", "cam_left")
    >>> branch_of("cam_left_cnn/conv2d", names), branch_of("cam", names), branch_of("camera", names)
    ('cam_left', 'cam', '(rest)')
    """
    first = path.split("/")[0]
    return max((n for n in names if f"{first}_".startswith(f"{n}_")), key=len, default=REST)
