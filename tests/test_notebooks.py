"""The stored notebooks: whole, clean and small. `make notebooks` runs them."""

import ast
import base64
import importlib.util
import re
from pathlib import Path

import nbformat
import pytest

import mmkeras
from mmkeras.insight.classes import Classes, Label
from mmkeras.manifest.roles import Role, Roles

FOLDER = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
DEFINES = "10_write_your_own.ipynb"  # the only one with classes and functions: its subject
MACHINE = re.compile(r"/(tmp|root|home|work|usr|opt|Users)/|site-packages|0x[0-9a-f]{6,}|\x1b")
MAGIC = re.compile(r"^(\s*)[%!].*$", re.MULTILINE)
LINES = 30  # of a cell, at most
FORMS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)

every = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


@pytest.fixture(scope="module")
def execute():
    spec = importlib.util.spec_from_file_location("execute", FOLDER / "execute.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def code(path):
    notebook = nbformat.read(path, as_version=4)
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def outputs(path):
    return [output for cell in code(path) for output in cell.outputs]


def texts(output):
    bundle = {"text": output.get("text", ""), **output.get("data", {})}
    return "\n".join(of for kind, of in bundle.items() if not kind.startswith(("image/", "audio/")))


def pictures(path):
    found = [output.get("data", {}).get("image/png") for output in outputs(path)]
    return [base64.b64decode(each) for each in found if each]


def test_there_are_ten_in_order():
    assert [path.name[:3] for path in NOTEBOOKS] == [f"{number:02}_" for number in range(1, 11)]


@every
def test_it_is_a_valid_notebook_and_begins_with_its_title(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert notebook.cells[0].cell_type == "markdown"
    assert notebook.cells[0].source.startswith("# ")


@every
def test_its_first_cell_installs_where_the_package_is_missing(path):
    first = code(path)[0].source
    assert first.index("except ImportError") < first.index("%pip install --quiet")
    assert "mmkeras[" in first


@every
def test_it_was_run_from_top_to_bottom_and_no_cell_failed(path):
    cells = code(path)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert {output.output_type for output in outputs(path)} <= {
        "stream",
        "display_data",
        "execute_result",
    }


@every
def test_its_outputs_tell_nothing_of_the_machine(path):
    assert all(output.get("name") != "stderr" for output in outputs(path))
    said = [MACHINE.search(texts(output)) for output in outputs(path)]
    assert [match.group() for match in said if match] == []


@every
def test_it_has_pictures_and_they_are_small(path):
    sizes = [len(each) for each in pictures(path)]
    assert sizes
    assert max(sizes) <= 100_000
    assert path.stat().st_size <= 1_000_000


@every
def test_its_cells_are_short_and_define_nothing(path):
    for cell in code(path):
        assert len(cell.source.splitlines()) <= LINES
        tree = ast.parse(MAGIC.sub(r"\1pass", cell.source))
        defined = [node for node in ast.walk(tree) if isinstance(node, FORMS)]
        assert defined == [] or path.name == DEFINES


@every
def test_its_links_lead_to_notebooks_that_there_are(path):
    links = re.findall(r"\]\(([^)#]+\.ipynb)\)", path.read_text(encoding="utf-8"))
    assert [link for link in links if not (FOLDER / link).is_file()] == []


@every
def test_it_shows_no_picture_under_another_licence(path):
    assert "stamps" not in "\n".join(cell.source for cell in code(path))


def test_what_is_printed_in_a_notebook_is_text(monkeypatch):
    # Else rich shows it at once, before what is printed with it, and its text is empty.
    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    monkeypatch.setenv("FORCE_COLOR", "1")  # as its kernel does
    part = Classes((Label("a", 2, 1, 1), Label("b", 1, 0, 0)), None)
    found = mmkeras.Evaluation({}, {}, {}, rows=3, parts={"classes": {"tags": part}})
    assert "tags: by class\n" in str(found)
    assert "\x1b" not in str(found)
    assert "image" in str(Roles((Role("photo", "image", "names of files", ("a.png",)),)))


def test_what_is_stored_has_no_chatter_and_numbered_cells(execute):
    cell = nbformat.v4.new_code_cell("1 + 1", execution_count=7, metadata={"execution": {"t": "1"}})
    cell.outputs = [
        nbformat.v4.new_output("stream", name="stderr", text="no GPU"),
        nbformat.v4.new_output(
            "execute_result", {"text/plain": "\x1b[1m<A at 0x7f>"}, execution_count=7
        ),
    ]
    clean = execute.clean(nbformat.v4.new_notebook(cells=[cell]))
    (kept,) = clean.cells
    assert (kept.execution_count, kept.metadata, kept.id) == (1, {}, "cell-0")
    assert [dict(output) for output in kept.outputs] == [
        {
            "output_type": "execute_result",
            "data": {"text/plain": "<A>"},
            "metadata": {},
            "execution_count": 1,
        }
    ]


def test_lines_of_progress_leave_what_a_terminal_would_show(execute):
    source = r"print('\r1%\x1b[K', end='', flush=True); print('\r99%\x1b[K\r\x1b[Kdone\r')"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    execute.executed(notebook)
    (output,) = execute.clean(notebook).cells[0].outputs
    assert output.text == "done\n"


def test_paths_become_those_of_the_folder_that_it_runs_in(execute):
    output = nbformat.v4.new_output("stream", name="stdout", text="/tmp/nb/data/a.csv in /tmp/nb")
    assert execute.without_paths(output, "/tmp/nb").text == "data/a.csv in ."


def test_a_cell_that_fails_fails_the_command(execute, tmp_path, monkeypatch, capsys):
    cells = [nbformat.v4.new_code_cell("answer = 41"), nbformat.v4.new_code_cell("answer / 0")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "01_broken.ipynb")
    monkeypatch.setattr(execute, "FOLDER", tmp_path)
    assert execute.main(["01"]) == 1
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_an_unknown_name_is_told_with_those_that_there_are(execute):
    with pytest.raises(SystemExit, match=r"no notebook '99'; there are 01_quickstart"):
        execute.main(["99"])
