import pytest

import mmkeras
from mmkeras.insight import train


@pytest.mark.slow
def test_of_two_inputs_each_is_trained_once(write_toys, recipe, tmp_path):
    columns = {"image": "picture", "text": "words"}
    data = mmkeras.load_manifest(write_toys(tmp_path), targets={"animal": "classify"}, **columns)
    both = recipe.only("image", "text")
    found = train(both, data.split(0), 1, tmp_path / "parts")
    assert list(found) == ["only image", "only text", "without image", "without text"]
    assert found["without image"] == found["only text"]
    assert all(0 <= each["animal"] <= 1 for each in found.values())
    assert sorted(path.name for path in (tmp_path / "parts").iterdir()) == [
        "only-image",
        "only-text",
    ]
    with pytest.raises(ValueError, match="wanted a recipe of two inputs or more"):
        train(recipe.only("text"), data.split(0), 1, tmp_path)
