"""Whether a file is still the same."""

from __future__ import annotations

import hashlib
import os


def digest(path: str | os.PathLike[str]) -> str:
    """SHA-256 of a file, in hexadecimal; of a folder, of the names and sizes in it.

    Raises FileNotFoundError for rows that are no file, as those of a DataFrame.
    """
    if os.path.isdir(path):
        return _of_folder(path)
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"no manifest {os.fspath(path)!r}, to find the rows again; those of a DataFrame or a "
            "data set are written to a file by load_manifest(..., out=FOLDER)"
        ) from error


def _of_folder(path: str | os.PathLike[str]) -> str:
    names = hashlib.sha256()
    for parent, folders, files in os.walk(path):
        folders.sort()
        for name in sorted(files):
            inside = os.path.join(parent, name)
            line = f"{os.path.relpath(inside, path)} {os.path.getsize(inside)}\n"
            names.update(line.encode("utf-8", "surrogateescape"))
    return names.hexdigest()
