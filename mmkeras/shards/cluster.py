"""A Ray cluster that makes shards: past one machine, by the functions of the local pool."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterable, Iterator
from typing import Any

from mmkeras.shards.making import Job, Made, Setup, as_json, known_of, make


def on_ray(setup: Setup, jobs: Iterable[Job], workers: int) -> Iterator[Made]:
    """By Ray Data, a task for each shard, on the cluster that RAY_ADDRESS names, else on one of
    this machine with so many workers. All machines must see the folder, and the files, under the
    same paths.

    Raises ImportError without Ray.
    """
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise ImportError("--engine ray wants the package: pip install 'mmkeras[ray]'") from error
    lines = [as_json(job._asdict()) for job in jobs]
    if not lines:
        return
    begun = not ray.is_initialized()
    if begun:
        address = os.environ.get("RAY_ADDRESS")
        own: dict[str, Any] = {"address": address} if address else {"num_cpus": workers}
        ray.init(log_to_driver=False, include_dashboard=False, **own)
    try:
        ray.data.DataContext.get_current().enable_progress_bars = False  # ours counts rows
        shards = ray.data.from_items(lines, override_num_blocks=len(lines)).map(
            _of_line, fn_args=(ray.put(dataclasses.asdict(setup)),), num_cpus=1, max_retries=2
        )
        for row in shards.iter_rows():
            yield json.loads(row["made"])
    finally:
        if begun:
            ray.shutdown()


def _of_line(row: dict[str, str], setup: Any) -> dict[str, str]:
    """A row of Ray Data: a job as JSON, to what is said of its shard, as JSON."""
    import ray

    shared = Setup(**ray.get(setup))
    return {"made": json.dumps(make(shared, Job(**json.loads(row["item"])), known_of(shared)))}
