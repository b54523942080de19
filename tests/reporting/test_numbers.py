"""The report of a run that answers numbers and yes or no from one input, with all of its parts."""

import re

import keras
import pytest

import mmkeras
from mmkeras.insight import Options
from mmkeras.origin import origin_of
from mmkeras.reporting.limits import limits
from mmkeras.run import Run


@pytest.fixture(scope="module")
def made(write_toys, tmp_path_factory):
    """Of 20 pictures, each odd one white, which tells nothing, of an untrained model."""
    path = write_toys(tmp_path_factory.mktemp("toys"))
    head, *lines = path.read_text().splitlines()
    rows = [f"{line},{0.5 * i},{i // 2 % 2}" for i, line in enumerate(lines)]
    path.write_text("\n".join([f"{head},kg,adult", *rows]) + "\n")
    data = mmkeras.load_manifest(
        path, "picture", targets={"kg": "gaussian", "adult": "binary"}, group="pair"
    )
    keras.utils.set_random_seed(0)
    model = mmkeras.build_model(
        image=mmkeras.Image("cnn", size_px=(16, 16)),
        outputs={"kg": mmkeras.Gaussian("kg"), "adult": data.task("adult")},
        width=8,
    )
    run = Run(model, None, {}, {"data": origin_of(data.rows(range(8)), data.rows(range(8, 12)))})
    options = Options(rows=8, rounds=20, shown=2, columns=("animal",), missed=4.0)
    return mmkeras.report(run, full=True, options=options)


def test_numbers_and_yes_or_no_have_their_parts(made):
    page = made.page()
    assert made.gaps == {}
    assert made.judged == "test rows"
    titles = re.findall(r"<figcaption>([^<]+)</figcaption>", page)
    assert {"Said and true", "ROC of the hardest labels", "Noise in image"} < set(titles)
    assert "kg: how it is distributed" in titles
    assert "If a missed yes costs 4 and a false one 1" in page
    assert "by animal; * where chance hardly explains it" in page
    assert "one input: there is nothing to compare it with" in page
    assert "--full" not in page


def test_their_errors_are_in_words(made):
    residuals = made.evaluation.parts["residuals"]["kg"]
    assert f"Mean error {residuals.mae:.3g}, bias {residuals.bias:+.3g} kg." in made.page()
    assert "- **test" not in made.card()
    assert "| kg | mae |" in made.card()


def test_a_model_that_learned_nothing_is_told_so(made):
    said = [each for each in limits(made) if "which an answer reaches that never looks" in each]
    assert {each.partition(":")[0] for each in said} == {"kg", "adult"}
