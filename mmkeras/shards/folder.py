"""A folder of prepared rows: who may write into it, and what stands beside its shards."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mmkeras.manifest import Manifest, Problem
from mmkeras.manifest.writing import write_problems
from mmkeras.shards.files import replace_text
from mmkeras.shards.opening import INDEX, MANIFEST, SKIPPED, TOKENIZER, is_prepared

KNOWN, LOCK, SHARDS = ".known", ".lock", "shards"


def check_free(folder: Path) -> None:
    ours = not folder.exists() or is_prepared(folder) or (folder / SHARDS).is_dir()
    if not ours and (not folder.is_dir() or any(folder.iterdir())):
        raise FileExistsError(
            f"{str(folder)!r} exists and holds no prepared rows; choose another folder"
        )


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Within, nobody else prepares into the folder; a process that is killed holds nothing."""
    with open(folder / LOCK, "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise BlockingIOError(
                f"another process prepares into {str(folder)!r}; wait for it, or for several "
                "machines give each its own folder and part, and merge them"
            ) from error
        yield


def finish(
    folder: Path,
    rows: Manifest,
    shards: Sequence[dict[str, Any]],
    about: dict[str, Any],
    tokenizer_json: str | None,
    problems: Iterable[Problem],
) -> None:
    """Writes the rows and the index of a folder, which make its shards one set."""
    os.sync()  # else an index could outlive a power cut that its shards did not
    (folder / INDEX).unlink(missing_ok=True)  # from here on the older set is none any more
    if tokenizer_json is not None:
        replace_text(folder / TOKENIZER, tokenizer_json)
    rows.save(folder / MANIFEST)
    write_problems(problems, folder / SKIPPED)
    columns = {
        "inputs": dict(rows.inputs),
        "kinds": dict(rows.kinds),
        "targets": {target: rows.kind_of(target) for target in rows.targets},
        "group": rows.group,
    }
    index = {**about, "rows": len(rows), "manifest": columns, "shards": list(shards)}
    replace_text(folder / INDEX, json.dumps(index, indent=1, ensure_ascii=False))
    named = {shard["name"] for shard in shards}
    for path in (folder / SHARDS).iterdir():
        if path.name not in named:
            shutil.rmtree(path)
    shutil.rmtree(folder / KNOWN, ignore_errors=True)
