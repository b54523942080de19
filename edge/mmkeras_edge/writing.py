"""Text into a file, all or nothing of it."""

from __future__ import annotations

import os
import tempfile


def folder_of(path: str) -> str:
    """Where a file is to be written; FileNotFoundError, before long work, where that is not."""
    folder = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(folder):
        raise FileNotFoundError(f"no folder {folder!r} to write {os.path.basename(path)!r} to")
    return folder


def write_whole(path: str, text: str) -> None:
    """Beside its place first, then moved there: whoever reads it never sees half of it."""
    folder = folder_of(path)
    with tempfile.NamedTemporaryFile("w", dir=folder, delete=False, encoding="utf-8") as file:
        file.write(text)
    os.chmod(file.name, 0o644)
    os.replace(file.name, path)
