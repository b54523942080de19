import gzip

import numpy as np
import pytest

from mmkeras.vector_file import read_vectors, vector_width

GLOVE = "the 0.5 1 -2\ncat 1 2 3\nCat 9 9 9\nKing 4 5 6\nking's 7 7 7\n"


@pytest.fixture
def write(tmp_path):
    def write(text: str, name: str = "vectors.txt") -> str:
        path = tmp_path / name
        path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
        return str(path)

    return write


@pytest.mark.parametrize("name", ["vectors.txt", "vectors.txt.gz"])
@pytest.mark.parametrize("header", ["", "5 3\n"], ids=["glove", "word2vec"])
def test_words_have_the_vectors_of_their_lines(header, name, write):
    path = write(header + GLOVE.replace("\n", " \n"), name)  # word2vec ends lines in a space
    assert vector_width(path) == 3
    vectors = read_vectors(path, {"the", "cat", "dog"})
    assert vectors.keys() == {"the", "cat"}
    np.testing.assert_array_equal(vectors["the"], np.array([0.5, 1, -2], np.float32))
    np.testing.assert_array_equal(vectors["cat"], [1, 2, 3])


def test_capitals_count_only_where_there_is_no_better_word(write):
    vectors = read_vectors(write(GLOVE), {"cat", "king"})
    assert {word: vector[0] for word, vector in vectors.items()} == {"cat": 1, "king": 4}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no word vectors; wanted lines of a word and its numbers"),
        ("just\nwords\n", "no word vectors"),
        ("the 1 x\n", r"line 1: no vector of numbers: could not convert string to float: 'x'"),
        ("the 1 2\ncat 1\n", "line 2: 1 numbers, 2 in the first line"),
        ("the 1 2\ncat 1 x\n", "line 2: no vector of numbers"),
    ],
)
def test_what_is_no_file_of_vectors_is_refused_with_its_line(text, message, write):
    with pytest.raises(ValueError, match=message):
        read_vectors(write(text), {"cat"})


def test_a_file_that_is_not_there_is_named():
    with pytest.raises(FileNotFoundError, match=r"no file of word vectors 'no\.txt'"):
        vector_width("no.txt")
