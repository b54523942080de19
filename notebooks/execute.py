"""Runs notebooks from top to bottom, each in an empty folder: `make notebooks`.

Fails where a cell fails. With `--keep` the outputs are stored in the notebooks, without what
belongs to the machine: its paths, what was written to standard error, times of execution.
"""

from __future__ import annotations

import argparse
import base64
import io
import os
import re
import resource
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbformat import NotebookNode
from PIL import Image

FOLDER = Path(__file__).resolve().parent
CELL_S = 600  # a cell may take so long
PICTURE_BYTES = 100_000  # a larger one gets fewer colours
COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]|\r")  # of a terminal, and what erases there
LOG = re.compile(
    r"^(INFO|WARNING):(tensorflow|absl):.*\n?", re.MULTILINE
)  # in a notebook on stdout
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
LANGUAGE = {"name": "python"}  # without the version of this machine


def main(arguments: list[str] | None = None) -> int:
    """Runs the notebooks that are named, by default all; 1 if one of them fails."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="such as 01 or 01_quickstart")
    parser.add_argument("--keep", action="store_true", help="store the outputs in the notebooks")
    given = parser.parse_args(arguments)
    failed = []
    for path in chosen(given.names):
        begun, spent = time.monotonic(), processor_s()
        notebook = nbformat.read(path, as_version=4)
        try:
            executed(notebook)
        except CellExecutionError as error:
            failed.append(path.name)
            print(f"{path.name}: {COLOURS.sub('', str(error))}", file=sys.stderr)
            continue
        took = f"{time.monotonic() - begun:.0f} s, {processor_s() - spent:.0f} s of a processor"
        print(f"{path.name}: {took}", flush=True)
        if given.keep:
            partial = path.with_suffix(".part")
            nbformat.write(clean(notebook), partial)
            partial.replace(path)
    return 1 if failed else 0


def processor_s() -> float:
    """What kernels that have ended, and all that they started, have taken of a core."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def chosen(names: list[str]) -> list[Path]:
    """The notebooks whose names begin so. Raises SystemExit for one that there is not."""
    every = sorted(FOLDER.glob("*.ipynb"))
    for name in names:
        if not any(path.name.startswith(name) for path in every):
            raise SystemExit(f"no notebook {name!r}; there are {', '.join(p.stem for p in every)}")
    return [p for p in every if not names or any(p.name.startswith(name) for name in names)]


def executed(notebook: NotebookNode) -> None:
    """Runs every cell in a folder of its own; its paths are taken out of the outputs."""
    commands = str(Path(sys.executable).parent)  # of `!mmkeras-edge`: those of this environment
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "2", "PATH": f"{commands}{os.pathsep}{os.environ['PATH']}"}
    with tempfile.TemporaryDirectory(prefix="notebook-") as folder:
        os.environ.update(quiet)
        client = NotebookClient(
            notebook,
            timeout=CELL_S,
            kernel_name="python3",
            resources={"metadata": {"path": folder}},
            coalesce_streams=True,  # what a line of progress wrote over is gone
        )
        run_quietly(client)
        for cell in code(notebook):
            cell.outputs = [without_paths(output, folder) for output in cell.outputs]


def run_quietly(client: NotebookClient) -> None:
    """What libraries write past Python, of CPUs and missing GPUs, is shown where a kernel dies."""
    with tempfile.TemporaryFile() as notices:
        try:
            client.execute(stderr=notices)
        except DeadKernelError:
            notices.seek(0)
            sys.stderr.write(notices.read().decode(errors="replace"))
            raise


def code(notebook: NotebookNode) -> list[NotebookNode]:
    """The cells of code."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def without_paths(output: NotebookNode, folder: str) -> NotebookNode:
    """The folder that it ran in is the current one, the environment's is no one's business."""
    for bundle in (output, output.get("data", {})):
        for kind, content in bundle.items():
            if isinstance(content, str) and (kind == "text" or kind.startswith("text/")):
                content = content.replace(f"{folder}/", "").replace(folder, ".")
                bundle[kind] = content.replace(f"{sys.prefix}/", "")
    return output


def clean(notebook: NotebookNode) -> NotebookNode:
    """What is stored: no chatter of libraries, small pictures, numbered cells, no times."""
    notebook.metadata = nbformat.from_dict({"kernelspec": KERNEL, "language_info": LANGUAGE})
    for number, cell in enumerate(notebook.cells):
        cell.id, cell.metadata = f"cell-{number}", nbformat.from_dict({})
    for number, cell in enumerate(code(notebook), start=1):
        cell.execution_count = number
        cell.outputs = [smaller(of) for of in cell.outputs if said(of)]
        for output in cell.outputs:
            if "execution_count" in output:
                output.execution_count = number
    return notebook


def said(output: NotebookNode) -> bool:
    """Whether it is worth storing; lines of logs are taken out."""
    if output.output_type != "stream":
        return True
    output.text = LOG.sub("", COLOURS.sub("", output.text))
    return output.name == "stdout" and bool(output.text)


def smaller(output: NotebookNode) -> NotebookNode:
    """A large picture with a palette instead of 16 million colours."""
    data = output.get("data", {})
    png = base64.b64decode(data.get("image/png", ""))
    if len(png) > PICTURE_BYTES:
        picture, content = Image.open(io.BytesIO(png)).convert("RGB"), io.BytesIO()
        colours = 256
        while colours > 8 and not 0 < content.tell() <= PICTURE_BYTES:
            content = io.BytesIO()
            picture.quantize(colours).save(content, "PNG", optimize=True)
            colours //= 2
        data["image/png"] = base64.b64encode(content.getvalue()).decode()
    if "text/plain" in data:  # an address in memory differs from run to run
        data["text/plain"] = re.sub(r" at 0x[0-9a-f]+", "", COLOURS.sub("", data["text/plain"]))
    return output


if __name__ == "__main__":
    sys.exit(main())
