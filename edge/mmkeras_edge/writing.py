"""Text into a file, all or nothing of it."""

from __future__ import annotations

import os
import tempfile


def write_whole(path: str, text: str) -> None:
    """Beside its place first, then moved there: whoever reads it never sees half of it."""
    folder = os.path.dirname(os.path.abspath(path))
    with tempfile.NamedTemporaryFile("w", dir=folder, delete=False, encoding="utf-8") as file:
        file.write(text)
    os.chmod(file.name, 0o644)
    os.replace(file.name, path)
