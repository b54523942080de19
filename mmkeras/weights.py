"""Pre-trained weights that lie as data inside installed packages: found, checked, read.

The package manager brings the file; none of its package's code is imported or run, the bytes are
compared with a pinned hash, and a reader here can build arrays and nothing else.
"""

from __future__ import annotations

import hashlib
import io
import pickle  # noqa: TID251  # the one reader of it: PyTorch wrote so; resolves TORCH_NAMES only
from collections import OrderedDict
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

INSTALL = "pip install 'mmkeras[weights]'"
TORCH_MAGIC = 0x1950A86A20F9469CFC6C  # first value of a file by torch.save before PyTorch 1.6
TORCH_PROTOCOL = 1001


@dataclass(frozen=True)
class PackagedFile:
    """One file of one installed package, pinned by its hash: a name alone is no pin of trust."""

    package: str  # as pip knows it
    path: str  # from the folder that packages are installed in
    sha256: str
    cure: str = INSTALL

    def read(self) -> bytes:
        """The bytes of the file.

        ImportError if the package is not installed; ValueError if its file has other contents.
        """
        try:
            data = Path(
                str(metadata.distribution(self.package).locate_file(self.path))
            ).read_bytes()
        except (metadata.PackageNotFoundError, FileNotFoundError) as error:
            raise ImportError(f"{self.path} is not installed; {self.cure}") from error
        found = hashlib.sha256(data).hexdigest()
        if found != self.sha256:
            raise ValueError(
                f"{self.path} of {self.package} is not the file that was checked: "
                f"SHA-256 is {found}, wanted {self.sha256}; {self.cure}"
            )
        return data


def read_torch(data: bytes) -> dict[str, np.ndarray]:
    """Named tensors of a PyTorch state dict saved before version 1.6, without PyTorch.

    The arrays are read-only views of `data`. The format: five pickles (magic number, protocol,
    byte order, the dict with placeholders for storages, the storages' keys), then each storage as
    a count (int64) and that many little-endian values. ValueError for anything else, and before
    anything runs if a pickle names a function or class that a tensor does not need.
    """
    stream = io.BytesIO(data)
    try:
        header = [_StateDict(stream).load() for _ in range(3)]
        if header[:2] != [TORCH_MAGIC, TORCH_PROTOCOL] or header[2]["little_endian"] is not True:
            raise ValueError(f"its header is {header}")
        reader = _StateDict(stream)
        views = reader.load()
        keys = _StateDict(stream).load()
        storages = {}
        offset = stream.tell()
        for key in keys:
            dtype, count = reader.storages[key]
            if int.from_bytes(data[offset : offset + 8], "little") != count:
                raise ValueError(f"storage {key} does not hold the {count} values that it declares")
            storages[key] = np.frombuffer(data, dtype, count, offset + 8)
            offset += 8 + storages[key].nbytes
        return {name: _view(storages, *view) for name, view in views.items()}
    except Exception as error:  # a hostile pickle can raise anything
        raise ValueError(f"not a state dict by PyTorch before 1.6: {error}") from error


def read_safetensors(data: bytes) -> dict[str, np.ndarray]:
    """Named tensors of a safetensors file: a format without code, read by its own library."""
    try:
        from safetensors.numpy import load
    except ImportError as error:
        raise ImportError(f"safetensors is not installed; {INSTALL}") from error
    return load(data)


TORCH_NAMES = {  # to values that no pickle can alter: a type in C, a plain function, strings
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): lambda *view: view,
    ("torch", "FloatStorage"): "<f4",
    ("torch", "LongStorage"): "<i8",
}


class _StateDict(pickle.Unpickler):
    """Unpickles with `TORCH_NAMES` and no other: an ordered dict of views over storages."""

    def __init__(self, stream: io.BytesIO):
        super().__init__(stream)
        self.storages: dict[str, tuple[np.dtype, int]] = {}

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in TORCH_NAMES:
            raise ValueError(f"it wants to use {module}.{name}, which no tensor needs")
        return TORCH_NAMES[module, name]

    def persistent_load(self, description: tuple) -> str:
        _, dtype, key, _device, count, _parent = description
        self.storages[key] = np.dtype(dtype), count
        return key


def _view(
    storages: dict, key: str, start: int, shape, strides, _requires_grad, _hooks
) -> np.ndarray:
    """One tensor over its storage; NumPy itself refuses a shape that leaves the storage."""
    values = storages[key]
    size = values.itemsize  # NumPy counts in bytes, PyTorch in values
    return np.ndarray(shape, values.dtype, values, start * size, [step * size for step in strides])
