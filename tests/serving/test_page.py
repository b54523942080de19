"""The page in a real browser, with a camera and a microphone that Chromium makes up."""

import json

import pytest

from mmkeras_edge.serving import Limits, Serving
from tests.serving.browser import PROGRAM, chromium
from tests.serving.conftest import running

TOKEN = "correct-horse-battery"
ASKED = "!document.getElementById('ask').hidden"
ANSWERED = "document.getElementById('told').textContent == 'Answered.'"
TOLD = "document.getElementById('told').textContent"

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no Chromium; `make system` installs it")


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    with chromium(tmp_path_factory.mktemp("profile")) as it:
        it.size(390, 844)
        yield it


def click(page, text: str) -> None:
    page.run(
        f"[...document.querySelectorAll('button')].find(b => b.textContent == '{text}').click()"
    )


def test_camera_microphone_and_text_give_an_answer(page, server):
    page.open(server.url)
    page.until(ASKED)
    assert page.run("document.title") == "tiny.tflite"
    click(page, "Camera")
    page.until("[...document.querySelectorAll('video')].some(v => !v.hidden && v.videoWidth)")
    click(page, "Take picture")
    page.until("document.querySelector('img')")
    click(page, "Microphone")
    page.until("document.querySelector('audio')")
    page.run("document.getElementById('in-text').value = 'abc'")
    click(page, "Predict")
    page.until(ANSWERED)
    shares = page.run(
        "[...document.querySelectorAll('td.number')].map(td => parseFloat(td.innerText))"
    )
    assert (len(shares), sum(shares)) == (3, pytest.approx(100, abs=0.2))
    assert "Absent" not in page.run("document.getElementById('facts').innerText")
    assert page.run("document.activeElement.id") == "answered"


def test_a_file_gives_the_answer_of_the_model_and_what_is_empty_is_absent(
    page, server, png, tmp_path
):
    path = tmp_path / "a.png"
    path.write_bytes(png)
    page.open(server.url)
    page.until(ASKED)
    page.give_file("#in-image", path)
    page.run("document.getElementById('in-text').value = 'abc'")
    click(page, "Predict")
    page.until(ANSWERED)
    said = server.serving.models[0].predict(image=png, text="abc")["label"].rows()
    first = page.run("document.querySelector('#outputs tr').innerText").split()
    assert first == [said[0][0], f"{100 * float(said[0][1]):.1f}", "%"]
    assert page.run("document.getElementById('facts').innerText").endswith("Absent: audio.")


def test_every_kind_of_input_and_output_has_its_place(page, server):
    """Of a model that is told to the page alone."""
    inputs = {
        "front": {"kind": "image", "views": 2},
        "imu": {"kind": "sensor"},
        "row": {"kind": "table", "numbers": ["age"], "categories": {"colour": ["red", "blue"]}},
        "film": {"kind": "video", "frames": 3},
    }
    outputs = {
        "price": {"value": 1234.56, "unit": "EUR", "quantiles": {"0.1": 900.0, "0.9": 1500.0}},
        "tags": {"labels": ["cat"], "probabilities": {"cat": 0.91, "dog": 0.2}},
    }
    page.open(server.url)
    page.until(ASKED)
    page.run(f"model = {{inputs: {json.dumps(inputs)}, optional: ['imu']}}")
    page.run("$('inputs').replaceChildren(...Object.entries(model.inputs).map(p => inputOf(...p)))")
    page.run("$('in-row-age').value = 3; $('in-row-colour').value = 'blue'")
    page.run(
        "[...document.querySelectorAll('button')].filter(b => b.textContent == 'Camera')[1].click()"
    )
    page.until("[...document.querySelectorAll('video')].some(v => !v.hidden && v.videoWidth)")
    click(page, "Take 3 pictures")
    page.until("document.querySelectorAll('img').length == 3")
    sent = page.run("[...collected()].map(([n, v]) => [n, typeof v == 'string' ? v : v.type])")
    assert sent == [["row", '{"age":"3","colour":"blue"}'], *[["film", "image/png"]] * 3]
    for name, said in outputs.items():
        page.run(f"$('outputs').append(outputOf('{name}', {json.dumps(said)}))")
    page.run("$('answer').hidden = false")
    shown = page.run("$('outputs').innerText").split()
    assert " ".join(shown) == (
        "price value 1235 EUR 10 % lie below 900 EUR 90 % lie below 1500 EUR "
        "tags cat ✓ 91.0 % dog 20.0 %"
    )
    assert page.run("document.documentElement.scrollWidth") <= 390


def test_an_error_is_shown_where_screen_readers_hear_it(page, server):
    page.open(server.url)
    page.until(ASKED)
    click(page, "Predict")
    page.until(f"{TOLD}.startsWith('every input is absent')")
    assert page.run("document.getElementById('told').getAttribute('aria-live')") == "polite"


def test_every_control_has_a_name_and_nothing_runs_over_the_edge_of_a_phone(page, server):
    page.open(server.url)
    page.until(ASKED)
    controls = "[...document.querySelectorAll('input, textarea, select')]"
    assert page.run(f"{controls}.length") == 4  # with that of the token
    assert page.run(f"{controls}.every(control => control.labels.length == 1)")
    assert page.run("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(page, server, scheme):
    """At least 4.5 to 1, as WCAG 2.1 wants it for text."""
    page.size(390, 844, scheme)
    page.open(server.url)
    page.until(ASKED)
    for selector, ground in (("#about", "body"), ("legend", "fieldset"), ("#go", "#go")):
        colours = page.run(
            f"[getComputedStyle(document.querySelector('{selector}')).color,"
            f" getComputedStyle(document.querySelector('{ground}')).backgroundColor]"
        )
        light, dark = sorted(map(luminance, colours), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (selector, colours)


def luminance(colour: str) -> float:
    """Relative, of "rgb(1, 2, 3)"; WCAG 2.1."""
    levels = [int(level) / 255 for level in colour[4:-1].split(",")]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in levels]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_a_server_with_a_token_asks_for_it(page, models):
    with running(Serving(models, Limits(), TOKEN)) as server:
        page.open(server.url)
        page.until("!document.getElementById('key').hidden")
        page.run("document.getElementById('token').value = 'wrong'")
        click(page, "Use it")
        page.until(f"{TOLD}.startsWith('wanted Authorization')")
        page.run(f"document.getElementById('token').value = '{TOKEN}'")
        click(page, "Use it")
        page.until(ASKED)
        assert page.run("document.getElementById('key').hidden")


def test_nothing_is_loaded_from_elsewhere_and_the_policy_is_kept(page, server):
    """After all of the above; a refusal by the server is logged by the browser as well."""
    hosts = {url.split("//")[1].split("/")[0] for url in page.addresses() if "//" in url}
    assert all(host.startswith("127.0.0.1:") for host in hosts)
    refusals = ("status of 401", "status of 422")
    assert [e for e in page.errors() if not any(known in e for known in refusals)] == []
