"""A manifest to answers in JSON Lines: bad rows do not stop it, and a killed run goes on."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple

from mmkeras_edge.ahead import loaded_ahead
from mmkeras_edge.readings import Reading
from mmkeras_edge.rows import Columns, Row, read_rows
from mmkeras_edge.runner import Model
from mmkeras_edge.writing import folder_of


class Tally(NamedTuple):
    """How far a manifest is answered."""

    rows: int
    bad: int  # rows of these that have an error for an answer
    before: int  # rows of these that an earlier run had answered


def answer_rows(model: Model, rows: Iterable[Row]) -> Iterator[dict[str, Any]]:
    """Rows to plain data, in order: what each output says, or the error of a row that is bad."""

    def load(row: Row) -> Any:
        if row.error:
            raise ValueError(row.error)
        return model.load_sample(**row.sources)

    for row, feed in loaded_ahead(rows, load):
        try:
            answer = model.read(model.graph.run(feed.result()))
        except (ValueError, OSError, ImportError) as error:  # ImportError: a film wants PyAV
            yield {"line": row.line, "error": " ".join(str(error).split())}
        else:
            absent = [name for name, source in row.sources.items() if source is None]
            yield {"line": row.line, **plain(answer, absent)}


def plain(answer: dict[str, Reading], absent: list[str]) -> dict[str, Any]:
    """An answer as data for JSON, with the inputs that it had to do without."""
    return {
        "absent": absent,
        "unsure": [name for name, reading in answer.items() if not reading.sure],
        "outputs": {name: reading.to_dict() for name, reading in answer.items()},
    }


def answer_manifest(
    model: Model,
    manifest: str | os.PathLike[str],
    out: str | os.PathLike[str],
    columns: Columns | None = None,
) -> Iterator[Tally]:
    """Writes a JSON line a row to `out`, and says after each row how far it is.

    Until the last row they stand in `out.HASH.part`, named for the model's file and the manifest's
    content: called again with the same of both, it goes on behind the last whole line. Raises
    ValueError if `out` is there, and what `read_rows` raises.
    """
    out = os.fspath(out)
    folder_of(out)
    if os.path.exists(out):
        raise ValueError(f"{out!r} is there already; delete it or write to another file")
    part = f"{out}.{_digest(model, os.fspath(manifest), columns)}.part"
    rows = read_rows(manifest, model.file.card, columns)
    with open(part, "a+b") as file:
        before, bad = _done(file)
        tally = Tally(before, bad, before)
        yield tally
        for answer in answer_rows(model, islice(rows, before, None)):
            file.write(json_line(answer))
            file.flush()
            tally = Tally(tally.rows + 1, tally.bad + ("error" in answer), before)
            yield tally
    os.replace(part, out)


def json_line(answer: dict[str, Any]) -> bytes:
    """A byte of a manifest that was no UTF-8 is written as the escape of a lone surrogate."""
    return json.dumps(answer, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"


def _done(file: Any) -> tuple[int, int]:
    """Rows and bad rows of a part; what was being written when it stopped is cut off."""
    file.seek(0)
    rows = bad = end = 0
    for line in file:
        if not line.endswith(b"\n"):
            break
        rows, bad, end = rows + 1, bad + (b'"error": ' in line[:40]), end + len(line)
    file.truncate(end)
    file.seek(end)
    return rows, bad


def _digest(model: Model, manifest: str, columns: Columns | None) -> str:
    found = hashlib.sha256(model.file.card.to_json().encode())
    found.update(repr(sorted((columns or {}).items())).encode())
    if os.path.isfile(manifest):
        with open(manifest, "rb") as file:
            while piece := file.read(1 << 20):
                found.update(piece)
    return found.hexdigest()[:8]
