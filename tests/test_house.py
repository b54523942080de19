"""The rules of the house that a machine can check."""

import ast
import configparser
import importlib.metadata
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
ROOTS = {"mmkeras": ".", "mmkeras_export": "export", "mmkeras_edge": "edge"}
SOURCES = [
    path for name, root in ROOTS.items() for path in (REPOSITORY / root / name).rglob("*.py")
]
TRAINING = [
    ("mmkeras", ["edge", "train", "weights", "hub", "parquet", "ray", "search"]),
    ("mmkeras_export", ["edge", "train", "export", "onnx"]),
]
INSTALLED_AS = {
    "PIL": "pillow",
    "yaml": "pyyaml",
    "tflite_runtime": "ai_edge_litert",  # the older runtime, for who has it
}


def imports(path: Path) -> set[str]:
    """The first names of everything that a file imports, anywhere in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add(node.module.partition(".")[0])
    return names


def python(*arguments: str) -> subprocess.CompletedProcess:
    """This tree under a fresh interpreter."""
    path = os.pathsep.join(str(REPOSITORY / root) for root in ROOTS.values())
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def setup_cfg() -> configparser.ConfigParser:
    config = configparser.ConfigParser()
    config.read(REPOSITORY / "setup.cfg")
    return config


def test_imports_follow_the_arrow():
    done = python("-c", "from importlinter.cli import lint_imports; exit(lint_imports())")
    assert done.returncode == 0, done.stdout


def test_setup_cfg_lists_every_package_folder(setup_cfg):
    folders = {
        ".".join(path.parent.relative_to(REPOSITORY / root).parts)
        for name, root in ROOTS.items()
        for path in (REPOSITORY / root / name).rglob("__init__.py")
    }
    assert set(setup_cfg["options"]["packages"].split()) == folders


def test_every_folder_with_code_is_a_package():
    assert [path for path in SOURCES if not (path.parent / "__init__.py").is_file()] == []


def test_the_version_stands_in_setup_cfg_alone(setup_cfg):
    version = setup_cfg["metadata"]["version"]
    assert importlib.metadata.version("mmkeras") == version
    assert [path for path in SOURCES if f'"{version}"' in path.read_text()] == []


def test_layers_and_heads_know_keras_ops_alone():
    parts = [path for path in SOURCES if path.parent.name in ("branches", "fusion", "heads")]
    wrong = [path for path in parts if re.search(r"\btf\.|import tensorflow", path.read_text())]
    assert len(parts) > 10
    assert wrong == []


@pytest.mark.parametrize(
    ("package", "extras"), [("mmkeras_edge", ["edge", "serve", "video"]), *TRAINING]
)
def test_every_import_is_declared(setup_cfg, package, extras):
    lines = [setup_cfg["options"]["install_requires"]]
    lines += [setup_cfg["options.extras_require"][extra] for extra in extras]
    declared = {
        name.lower().replace("-", "_") for name in re.findall(r"^[\w-]+", "\n".join(lines), re.M)
    }
    files = [path for path in SOURCES if package in path.relative_to(REPOSITORY).parts]
    imported = set().union(*map(imports, files)) - sys.stdlib_module_names - ROOTS.keys()
    assert {INSTALLED_AS.get(name, name) for name in imported} - declared == set()


@pytest.mark.parametrize(
    "module", ["mmkeras", "mmkeras.cli", "mmkeras_export", "mmkeras_edge", "mmkeras_edge.cli"]
)
def test_importing_loads_no_training_stack(module):
    heavy = "keras tensorflow pandas matplotlib sklearn scipy litert_quantizer"
    code = f"import sys, {module}; print(*(set('{heavy}'.split()) & set(sys.modules)))"
    done = python("-c", code)
    assert (done.stdout.strip(), done.stderr) == ("", "")
    assert done.returncode == 0


def test_importing_the_tests_configuration_loads_no_training_stack():
    code = "import sys, runpy; runpy.run_path('tests/conftest.py'); print('keras' in sys.modules)"
    assert python("-c", code).stdout.strip() == "False"


def test_the_public_verbs_are_what_all_says():
    code = "import mmkeras; [getattr(mmkeras, name) for name in mmkeras.__all__]"
    done = python("-c", code)
    assert done.returncode == 0, done.stderr
