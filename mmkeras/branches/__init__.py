"""Branches: one modality each, from its raw named input to features."""

from collections.abc import Callable
from typing import Any

from mmkeras.branches.audio import audio_branch
from mmkeras.branches.branch import Branch
from mmkeras.branches.image import image_branch
from mmkeras.branches.sensor import sensor_branch
from mmkeras.branches.table import table_branch
from mmkeras.branches.text import text_branch
from mmkeras.branches.video import video_branch

BRANCHES: dict[str, Callable[[str, Any], Branch]] = {  # by kind
    "image": image_branch,
    "text": text_branch,
    "audio": audio_branch,
    "sensor": sensor_branch,
    "table": table_branch,
    "video": video_branch,
}

__all__ = ["BRANCHES", "Branch"]
