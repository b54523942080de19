import pytest

from mmkeras import Work, load_manifest, prepare_to
from mmkeras.tokenizer import train_tokenizer

TOKENIZER = train_tokenizer(["a black cat", "a white dog"], 280)


def read(path):
    return load_manifest(path, "picture", "words", "sound", {"animal": "classify"}, "pair")


@pytest.fixture
def store(recipe):
    """Prepares the toys into a folder, in this process."""

    def store(path, out, workers=1, **options):
        work = Work(workers=workers, **options)
        return prepare_to(read(path), out, recipe, TOKENIZER, work=work)

    return store


@pytest.fixture
def in_pieces(monkeypatch):
    """Four rows a shard, so that the 20 toys are five."""
    for name, value in (("SMALLEST", 4), ("FEWEST", 5), ("BLOCK", 2)):
        monkeypatch.setattr(f"mmkeras.shards.layout.{name}", value)


def content(folder):
    """Every file of the folder, by its path within."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
