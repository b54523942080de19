"""What is said of single rows: right or wrong, and of the best no more than was measured."""

import dataclasses
import re

import keras
import pytest

import mmkeras
from mmkeras.insight import Options
from mmkeras.origin import origin_of
from mmkeras.run import Run


@pytest.fixture(scope="module")
def made(write_toys, tmp_path_factory):
    """Of an untrained model of two inputs, which answers a number and several labels. Its own rows
    have groups, those that it is judged on have none."""
    path = write_toys(tmp_path_factory.mktemp("toys"))
    head, *lines = path.read_text().splitlines()
    rows = [f'{line},{0.5 * i},"dog| cat",{i}.5' for i, line in enumerate(lines)]
    path.write_text("\n".join([f"{head},kg,tags,cm", *rows]) + "\n")
    targets = {"kg": "regress", "tags": "multilabel"}
    data, learned = (
        mmkeras.load_manifest(path, "picture", targets=targets, table=("cm",), group=group)
        for group in (None, "pair")
    )
    keras.utils.set_random_seed(0)
    model = mmkeras.build_model(
        image=mmkeras.Image("cnn", size_px=(16, 16)),
        table=mmkeras.Table(numbers=("cm",)),
        outputs={"kg": mmkeras.Regress("kg"), "tags": data.task("tags")},
        width=8,
    )
    (last,) = [of for of in model.layers if of.name.startswith("tags") and of.weights]
    kernel, bias = last.get_weights()
    last.set_weights([0 * kernel, bias + 1])  # says yes to all
    origin = origin_of(learned.rows(range(8)), learned.rows(range(8, 12)))
    run = Run(model, None, {}, {"data": origin})
    return mmkeras.report(run, data, options=Options(rows=8, rounds=20, shown=2))


def test_of_a_number_no_caption_speaks_of_sureness(made):
    assert made.gaps.get("explanations") is None
    captions = [each.caption for each in made.explained]
    assert any(re.search(r"the best of those tried: off by \d", each) for each in captions)
    assert not any("sure" in each or "right" in each for each in captions)


def test_labels_in_another_order_are_right_and_not_shown_as_wrong(made):
    found = made.evaluation.parts["gallery"]["tags"]
    assert [each.right for each in found.unsure] == [True, True]
    assert {(each.said, each.truth) for each in found.unsure} == {("cat|dog", "dog| cat")}
    assert "said cat|dog" in made.page()
    assert "said <b>cat|dog" not in made.page()
    assert {each.right for each in made.evaluation.parts["gallery"]["kg"].worst} == {None}


def test_the_card_says_how_the_judged_rows_were_drawn(made):
    assert {rows.group for rows in made.splits.values()} == {"pair"}
    assert "by a bootstrap over rows." in made.card()
    grouped = dataclasses.replace(made, group="pair")
    assert "by a bootstrap over whole groups (pair)." in grouped.card()
