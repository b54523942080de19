import io
import json
import zipfile

import numpy as np
import pytest

from mmkeras_edge.file import CARD, GOLDEN, golden_arrays, open_file
from mmkeras_edge.graph import Graph


def rewritten(tiny, tmp_path, changes: dict[str, bytes], method=zipfile.ZIP_DEFLATED):
    """A copy with entries replaced and the card's hashes left as they were."""
    card = open_file(tiny).card
    with zipfile.ZipFile(tiny) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    path = tmp_path / "rewritten.tflite"
    path.write_bytes(tiny.read_bytes()[: card.model_bytes])
    with zipfile.ZipFile(path, "a", method) as archive:
        for name, content in {**entries, **changes}.items():
            archive.writestr(name, content)
    return path


def test_one_file_is_a_model_and_a_zip(tiny):
    file = open_file(tiny)
    assert list(file.card.inputs) == ["image", "text", "audio"]
    assert json.loads(file.tokenizer_json)["model"]["type"] == "BPE"
    assert file.golden.startswith(b"PK")
    assert list(Graph(tiny).outputs) == ["label"]


def test_it_opens_from_a_path_or_a_string(tiny):
    assert open_file(str(tiny)) == open_file(tiny)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no file '.*absent\.tflite'"):
        open_file(tmp_path / "absent.tflite")


@pytest.mark.parametrize("path", [None, 5, b"TFL3"])
def test_what_is_no_path_is_refused(path):
    with pytest.raises(ValueError, match=f"path of a .tflite file, received {type(path).__name__}"):
        open_file(path)


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="no file"):
        open_file(tmp_path)


def test_a_truncated_file_is_refused_wherever_it_was_cut(tiny, tmp_path):
    whole = tiny.read_bytes()
    path = tmp_path / "cut.tflite"
    for length in (0, 4, 8, 100, *range(1_000, len(whole), 997), len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=r"cut\.tflite' (has no card|is no TFLite model)"):
            open_file(path)


def test_a_flipped_byte_is_refused_or_changes_nothing(tiny, tmp_path):
    whole, file = tiny.read_bytes(), open_file(tiny)
    path = tmp_path / "flipped.tflite"
    refused = []
    for at in range(8, len(whole), 13):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        try:
            opened = open_file(path)
        except ValueError as error:
            refused.append(str(error))
        else:  # a date in the zip's directory
            assert (opened.card, opened.golden) == (file.card, file.golden)
    assert len(refused) > 400
    assert all("flipped.tflite" in message for message in refused)


def test_every_byte_of_the_model_is_under_the_hash(tiny, tmp_path):
    whole = bytearray(tiny.read_bytes())
    whole[open_file(tiny).card.model_bytes - 1] ^= 1
    (tmp_path / "flipped.tflite").write_bytes(whole)
    with pytest.raises(ValueError, match="model does not match the card's hash; copy the file"):
        open_file(tmp_path / "flipped.tflite")


def test_another_kind_of_file_is_refused(tmp_path):
    (tmp_path / "cat.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    with pytest.raises(ValueError, match="is no TFLite model"):
        open_file(tmp_path / "cat.png")


def test_a_plain_tflite_has_no_card(tiny_int8):
    with pytest.raises(ValueError, match=r"has no card: .*not written by mmkeras_export"):
        open_file(tiny_int8)


def test_a_zip_without_a_card_is_refused(tiny, tmp_path):
    path = tmp_path / "bare.tflite"
    path.write_bytes(tiny.read_bytes()[: open_file(tiny).card.model_bytes])
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(ValueError, match=r"has no card\.json; export it with: mmkeras export"):
        open_file(path)


def test_a_newer_format_names_the_cure(repack):
    with pytest.raises(ValueError, match=r"has format version 2, .*; upgrade with: pip install -U"):
        open_file(repack(format_version=2))


@pytest.mark.parametrize("name", ["tokenizer.json", GOLDEN])
def test_a_swapped_entry_is_refused(tiny, tmp_path, name):
    path = rewritten(tiny, tmp_path, {name: b"other"})
    with pytest.raises(ValueError, match=f"{name} does not match the card's hash"):
        open_file(path)


def test_an_entry_that_unpacks_to_too_much_is_not_unpacked(tiny, tmp_path):
    path = rewritten(tiny, tmp_path, {CARD: bytes((16 << 20) + 1)})
    assert path.stat().st_size < 100_000
    with pytest.raises(ValueError, match=r"card\.json would unpack to 16,777,217 bytes; refused"):
        open_file(path)


def test_a_zip_of_very_many_entries_is_not_listed(tiny, tmp_path):
    path = rewritten(tiny, tmp_path, {f"{i:060}": b"" for i in range(50)})
    with pytest.raises(ValueError, match=r"its zip has a directory of 5,\d\d\d bytes; refused"):
        open_file(path)
    content = bytearray(tiny.read_bytes())
    content[-42:-22] = b"PK\x06\x07" + bytes(16)  # a longer one elsewhere, by zip64
    path.write_bytes(content)
    with pytest.raises(ValueError, match="its zip has a directory"):
        open_file(path)


def test_an_unknown_compression_is_refused(tiny, tmp_path):
    path = rewritten(tiny, tmp_path, {}, zipfile.ZIP_STORED)
    content = path.read_bytes()
    at = content.rindex(b"PK\x01\x02")  # the last entry's method, in the directory
    path.write_bytes(content[: at + 10] + b"\x63\x00" + content[at + 12 :])
    with pytest.raises(ValueError, match="has no card"):
        open_file(path)


def test_a_bomb_inside_the_golden_samples_is_refused(repack):
    file = io.BytesIO()
    np.savez_compressed(file, **{"0/image/raw": np.zeros((64 << 20) + 1, np.uint8)})
    path = repack(golden=file.getvalue())
    with pytest.raises(ValueError, match="golden samples cannot be read: they would unpack to"):
        golden_arrays(open_file(path))


@pytest.mark.parametrize("content", [b"", b"no zip"])
def test_golden_samples_that_are_none_are_refused(repack, content):
    with pytest.raises(ValueError, match="golden samples cannot be read"):
        golden_arrays(open_file(repack(golden=content)))


def test_pickled_golden_samples_are_not_unpickled(repack):
    file = io.BytesIO()
    np.savez(file, **{"0/image/raw": np.array([{}], object)})
    with pytest.raises(ValueError, match="golden samples cannot be read: Object arrays"):
        golden_arrays(open_file(repack(golden=file.getvalue())))


def test_a_file_without_golden_samples_opens_and_says_so(repack):
    file = open_file(repack(golden=None))
    with pytest.raises(ValueError, match="carries no golden samples"):
        golden_arrays(file)
