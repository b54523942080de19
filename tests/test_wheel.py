import configparser
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
SOURCES = {
    "mmkeras": REPOSITORY / "mmkeras",
    "mmkeras_export": REPOSITORY / "export/mmkeras_export",
    "mmkeras_edge": REPOSITORY / "edge/mmkeras_edge",
}


def test_the_wheel_holds_every_file_of_the_packages_and_no_other(wheel):
    wanted = {
        str(Path(name, path.relative_to(folder)))
        for name, folder in SOURCES.items()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    with zipfile.ZipFile(wheel) as archive:
        found = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert found == wanted


def test_the_wheel_carries_licence_commands_and_version(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = {name.partition(".dist-info/")[2]: name for name in archive.namelist()}
        metadata = archive.read(names["METADATA"]).decode()
        commands = configparser.ConfigParser()
        commands.read_string(archive.read(names["entry_points.txt"]).decode())
    assert any(name.endswith("LICENSE") for name in names)
    assert "\nVersion: 0.1.0\n" in metadata
    assert "\nLicense: Apache-2.0\n" in metadata
    assert dict(commands["console_scripts"]) == {
        "mmkeras": "mmkeras.cli:main",
        "mmkeras-edge": "mmkeras_edge.cli:main",
    }


@pytest.fixture(scope="session")
def installed(wheel, tmp_path_factory) -> Path:
    target = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "install", "-qq", "--no-deps", "--no-warn-conflicts"]
    subprocess.run([*pip, "--target", str(target), str(wheel)], check=True)
    return target


@pytest.mark.parametrize("name", SOURCES)
def test_the_installed_package_imports_from_elsewhere(name, installed, tmp_path):
    code = f"import {name}; print({name}.__file__)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(installed)},
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == str(installed / name / "__init__.py")
