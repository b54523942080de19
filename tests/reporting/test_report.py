"""The report of the shared run: what it tells, and how it looks in a real browser."""

import dataclasses
import html
import itertools
import json
import re
from pathlib import Path

import pytest

import mmkeras
from mmkeras.insight import Options
from mmkeras.reporting.files import open_file
from mmkeras.reporting.limits import limits
from mmkeras.reporting.page import TITLES
from mmkeras_export import export
from tests.commands import command
from tests.serving.browser import PROGRAM, chromium

CONTRAST = Path(__file__).with_name("contrast.js").read_text()
HEADINGS = "[...document.querySelectorAll('h1,h2,h3,h4')].map(h => +h.tagName[1])"
MITCHELL = (
    *("Model details", "Intended use", "Factors", "Metrics", "Evaluation data", "Training data"),
    *("Quantitative analyses", "Ethical considerations", "Caveats and recommendations"),
)
browser = pytest.mark.skipif(PROGRAM is None, reason="no Chromium; `make system` installs it")


@pytest.fixture(scope="module")
def file(run, stamps, tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "shapes.tflite"
    export(run, path, "dynamic_int8", stamps.train, stamps.valid, budget=0.2)
    return path


@pytest.fixture(scope="module")
def made(run, stamps, file):
    """Of few rows; noise only in the command's own test."""
    few = stamps.test.rows(range(24))
    words = {"name": "Shapes & <tunes>", "data_licence": "CC0 | mine"}
    return mmkeras.report(run, few, [file], options=Options(rows=12, shown=3), words=words)


@pytest.fixture(scope="module")
def page(made):
    return made.page()


@pytest.fixture(scope="module")
def tab(made, tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    path = made.save(folder / "report.html", folder / "card.md")
    with chromium(folder / "profile") as it:
        it.size(1_200, 900)
        it.open(path.as_uri())
        it.until("document.querySelector('main')")
        yield it


def test_the_page_has_every_section_and_the_figures_of_evaluate(made, page):
    ids = re.findall(r'<section id="(\w+)"', page)
    assert ids == list(TITLES)
    assert re.findall(r'<li><a href="#(\w+)"', page) == ids
    figures = made.evaluation.figures["category"]
    assert f"<td>{figures['accuracy']:.3f}</td>" in page
    assert made.evaluation.parts["modalities"]["language"].sentence("audio") in page
    assert "Shapes &amp; &lt;tunes&gt;" in page


def test_nothing_is_loaded_from_anywhere(page):
    assert re.findall(r'(?:src|href)="(?!data:|#)', page) == []
    assert "<script" not in page
    assert "url(" not in page


def test_rows_by_split_are_those_of_the_run(made, page, stamps):
    counts = [len(rows) for rows in stamps]
    assert [len(made.splits[name]) for name in ("train", "valid", "test")] == counts
    assert "".join(f"<td>{count:,}</td>" for count in counts) in page


def test_the_export_table_has_what_the_export_stored(made, file):
    stored = json.loads(file.with_name("shapes.export.json").read_text())
    tried = {each.name: each for each in made.files[0].variants}
    assert [name for name, each in tried.items() if each.chosen] == [stored["chosen"]]
    for each in stored["tried"]:
        variant = tried[each["name"]]
        assert (variant.kb, variant.ms) == (each["model_bytes"] / 1e3, each["ms"])
        seen = each["comparisons"]["all inputs"]["outputs"]["category"]
        assert variant.figures["category"] == seen["file"]


def test_a_file_without_its_export_report_says_so(made, file, tmp_path):
    alone = tmp_path / "alone.tflite"
    alone.write_bytes(file.read_bytes())
    found = dataclasses.replace(made, files=(open_file(alone),))
    assert "no alone.export.json beside it" in found.page()


def test_without_its_rows_a_run_is_told_all_the_same(run):
    data = {**run.about["data"], "path": "nowhere.csv"}
    fair = {**run.about["training"], "sampling": "balanced", "loss": "focal"}
    sampled = {"category": {"star": [0.02, 0.5], "ring": [0.98, 0.5]}}
    about = {**run.about, "data": data, "training": fair, "sampled": sampled}
    found = mmkeras.report(dataclasses.replace(run, about=about))
    assert "sampling balanced, loss focal" in found.card()
    assert "category star, the rarest: 2.0% of the rows, 50.0% of an epoch" in found.page()
    assert found.evaluation is None
    page = found.page()
    assert "nowhere.csv" in found.gaps["data"]
    assert page.count("Not in this report") == 7
    assert "<figcaption>loss</figcaption>" in page
    assert "Nothing was measured" in found.card()


def test_the_card_has_the_sections_of_model_cards_and_makes_nothing_up(made):
    card = made.card()
    assert tuple(re.findall(r"^## (.+)$", card, re.M)) == MITCHELL
    assert "- **data licence**: CC0 \\| mine" in card
    assert "what it is meant for (`--say use=...`)" in card
    span = made.evaluation.intervals["language"]["accuracy"]
    row = next(line for line in card.splitlines() if line.startswith("| language | accuracy"))
    assert f"| {span.low:.3f} to {span.high:.3f} |" in row


def test_limits_name_the_input_that_an_answer_hangs_on(made):
    said = [each for each in limits(made) if each.startswith("language leans on")]
    assert said
    assert all("leans on audio" in each for each in said)


def test_an_unknown_word_says_what_was_meant(run, stamps):
    with pytest.raises(ValueError, match="'data_licence'"):
        mmkeras.report(run, stamps.test, words={"data_license": "GPL-2"})


def test_a_file_of_another_model_is_refused(run, file, stamps):
    other = dataclasses.replace(
        run.recipe, inputs={"image": run.recipe.inputs["image"]}, optional=()
    )
    model = mmkeras.assemble(other)
    with pytest.raises(ValueError, match="exported from another one"):
        mmkeras.report(dataclasses.replace(run, model=model), stamps.test, [file])


def test_the_command_writes_page_and_card(run, tmp_path):
    out, card = tmp_path / "r.html", tmp_path / "card.md"
    code, said, err = command("report", run.path, "--out", out, "--card", card, "--say", "use=toys")
    assert (code, err) == (0, "")
    assert out.read_text().startswith("<!doctype html>")
    assert "- **use**: toys" in card.read_text()
    assert "no exported file was named" in out.read_text()
    assert str(out) in said


def test_answers_are_explained_in_pictures_and_words(made, page):
    assert len(made.explained) >= 2
    assert page.count('<figure class="explained">') == len(made.explained)
    for each in made.explained:
        assert each.picture.startswith(b"\x89PNG")
        assert f'alt="What the answer rests on. {html.escape(each.words)}"' in page


@browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width_px", [1_200, 390])
def test_in_a_browser_it_fits_and_can_be_read(tab, scheme, width_px):
    tab.size(width_px, 844, scheme)
    assert tab.run("document.documentElement.scrollWidth") <= width_px
    assert tab.run(CONTRAST) == []
    dark = tab.run("matchMedia('(prefers-color-scheme: dark)').matches")
    assert dark == (scheme == "dark")


@browser
def test_in_a_browser_it_complains_of_nothing_and_asks_for_nothing(tab):
    assert tab.errors() == []
    assert {url.partition(":")[0] for url in tab.addresses()} <= {"file", "data"}
    assert len([url for url in tab.addresses() if url.startswith("file")]) == 1


@browser
def test_every_picture_has_words_and_every_table_headings(tab):
    assert tab.run("document.images.length") >= 3
    assert tab.run("[...document.images].filter(i => !i.alt.trim()).length") == 0
    assert tab.run("[...document.images].filter(i => i.complete && !i.naturalWidth).length") == 0
    bare = "[...document.querySelectorAll('svg')].filter(s => !s.ariaHidden && !s.ariaLabel).length"
    assert tab.run(bare) == 0
    assert tab.run("[...document.querySelectorAll('table')].filter(t => !t.caption).length") == 0
    without = (
        "[...document.querySelectorAll('tbody tr')].filter(r => !r.querySelector('th')).length"
    )
    assert tab.run(without) == 0
    ids = tab.run("[...document.querySelectorAll('[id]')].map(of => of.id)")
    assert len(set(ids)) == len(ids)


@browser
def test_headings_and_landmarks_are_in_order_and_the_first_key_skips(tab):
    levels = tab.run(HEADINGS)
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    found = tab.run("['header', 'nav', 'main'].map(n => document.querySelectorAll(n).length)")
    assert found == [1, 1, 1]
    tab.run("document.activeElement.blur()")
    for kind in ("keyDown", "keyUp"):
        tab.call(
            "Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9
        )
    assert tab.run("document.activeElement.className") == "skip"
    boxes = "[...document.querySelectorAll('.scroll')].filter(s => s.tabIndex != 0 || !s.ariaLabel)"
    assert tab.run(f"{boxes}.length") == 0
