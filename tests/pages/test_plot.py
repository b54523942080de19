"""Plots and tables of a page by what they say, not by their pixels."""

import math
import re

import pytest

from mmkeras.pages.document import document, section
from mmkeras.pages.plot import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Axis, Line, plot
from mmkeras.pages.tables import shaded, table

UNIT = Axis("", 0.0, 1.0)


def test_the_ends_of_a_line_lie_in_the_corners_of_the_frame():
    drawn = plot("a", [Line("up", [(0.0, 0.0), (1.0, 1.0)])], UNIT, UNIT)
    low, high = re.search(r'points="(\S+) (\S+)"', drawn).groups()
    assert low == f"{LEFT:.1f},{HEIGHT - BOTTOM:.1f}"
    assert high == f"{WIDTH - RIGHT:.1f},{TOP:.1f}"


def test_what_is_no_number_is_left_out_and_words_say_the_rest():
    points = [(1.0, 0.25), (2.0, math.nan), (3.0, 0.75)]
    drawn = plot("a < b", [Line("x", points, dots=True), Line("y", [])], Axis("epoch"), UNIT)
    assert 'aria-label="a &lt; b: x 0.25 to 0.75, 2 points"' in drawn
    assert drawn.count('r="2.4"') == 2
    assert "nan" not in drawn


def test_ticks_are_round_and_of_epochs_whole():
    drawn = plot("a", [Line("x", [(1, 0.31), (4, 0.62)])], Axis("epoch", whole=True), Axis("y"))
    texts = re.findall(r"<text [^>]*>([^<]+)</text>", drawn)
    assert texts[:5] == ["0.3", "0.4", "0.5", "0.6", "0.7"]
    assert texts[5:9] == ["1", "2", "3", "4"]


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0.9990, 0.9998, ["0.9990", "0.9992", "0.9994", "0.9996", "0.9998"]),
        (293.1, 293.9, ["293.0", "293.2", "293.4", "293.6", "293.8", "294.0"]),
        (1013, 1015, ["1,013.0", "1,013.5", "1,014.0", "1,014.5", "1,015.0"]),
        (900, 1100, ["900", "950", "1,000", "1,050", "1,100"]),
        (0.0, 4e-5, ["0", "1e-05", "2e-05", "3e-05", "4e-05"]),
    ],
)
def test_ticks_have_the_digits_that_tell_them_apart(low, high, ticks):
    drawn = plot("a", [Line("x", [(0, low), (1, high)])], Axis(""), Axis(""))
    texts = re.findall(r"<text [^>]*>([^<]+)</text>", drawn)
    assert texts[: len(ticks) + 1] == [*ticks, "0.0"]


def test_lines_differ_by_pattern_as_well_as_by_colour():
    drawn = plot("a", [Line(str(i), [(0, i), (1, i)], i) for i in range(4)], UNIT, Axis("y"))
    found = re.findall(r"<polyline ([^>]*)>", drawn)
    assert len({re.sub(r'points="[^"]*"|s\d', "", each) for each in found}) == 4


def test_a_constant_line_has_a_scale():
    assert "nan" not in plot("a", [Line("x", [(0, 2.0), (1, 2.0)])], Axis("x"), Axis("y"))
    assert "<svg" in plot("a", [Line("x", [])], Axis("x"), Axis("y"))


def test_cells_show_their_shares_and_rows_have_headings():
    made = table("By <label>", ["label", "F1"], [["a & b", ("0.25", 0.25)], ["c", ("1.5", 1.5)]])
    assert re.findall(r"--share:([\d.]+)", made) == ["0.250", "1.000"]
    assert '<th scope="row">a &amp; b</th>' in made
    assert 'tabindex="0" aria-label="By &lt;label&gt;"' in made
    counts = shaded("Confused", "", ["a", "b"], [[3, 1], [0, 2]])
    assert re.findall(r"--share:([\d.]+)", counts) == ["0.750", "0.250", "0.000", "1.000"]
    assert counts.count("class=same") == 2


def test_the_frame_has_a_way_past_it_and_lets_nothing_in():
    made = document("A <b>", "<h1>A</h1>", section("one", "One", "<p>1</p>"), {"one": "One"})
    assert "default-src 'none'" in made
    assert '<a class="skip" href="#main">' in made
    assert '<a href="#one">One</a>' in made
    assert '<section id="one" aria-labelledby="one-title">' in made
    assert "<title>A &lt;b&gt;</title>" in made
