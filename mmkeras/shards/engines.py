"""Who makes the shards: processes of this machine, or a Ray cluster; the bytes are alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from mmkeras.shards.cluster import on_ray
from mmkeras.shards.making import Job, Made, Setup
from mmkeras.shards.pool import local

ENGINES: dict[str, Callable[[Setup, Iterable[Job], int], Iterator[Made]]] = {
    "local": local,
    "ray": on_ray,
}
