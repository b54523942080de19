"""A Raspberry Pi without a Raspberry Pi: Debian's Python for its processor and the wheels of
mmkeras[edge], run by qemu's user-mode emulation. It shows whether the code is right there, not how
fast it is.

    python edge/arm64.py -m mmkeras_edge.cli verify FILE
    python edge/arm64.py armv7 -c "import platform; print(platform.machine())"

Behind the name of a board, aarch64 where there is none, the arguments are those of Python. The
first call assembles `.arm64/` (half a minute, 250 MB), later ones find it there. Wants
qemu-user-static and apt on Debian 12, no root. `.arm64/python-aarch64` is left behind for use by
hand.

Measured: ai-edge-litert 2.1.3 to 2.3.0 answer as on x86-64. They read /proc/cpuinfo, and from 2.2
on they crash on that of another architecture, which is what qemu 7.2 shows: hence `CPUINFO`.
"""

from __future__ import annotations

import configparser
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parent / ".arm64"
CPUINFO = "\n".join(
    f"processor\t: {core}\n"
    "BogoMIPS\t: 108.00\n"
    "Features\t: fp asimd evtstrm crc32 cpuid\n"
    "CPU implementer\t: 0x41\n"
    "CPU architecture: 8\n"
    "CPU variant\t: 0x0\n"
    "CPU part\t: 0xd08\n"
    "CPU revision\t: 3\n"
    for core in range(4)
)
PYTHON = "3.11"  # that of Debian 12, and of Raspberry Pi OS made from it
DEBS = tuple(
    f"python{PYTHON}-minimal libpython{PYTHON}-minimal libpython{PYTHON}-stdlib libc6 libstdc++6 "
    "libgcc-s1 zlib1g libexpat1 libssl3 libffi8 libbz2-1.0 liblzma5 libcrypt1 libuuid1 libdb5.3 "
    "libsqlite3-0 libncursesw6 libtinfo6 libreadline8".split()
)
GLIBC = ("2_17", "2_26", "2_27", "2_28", "2_31", "2_34")  # tags of wheels; Debian 12 has 2.36
WRAPPER = """#!/bin/sh
export ARM64_PYTHON='{wrapper}'
export PYTHONPATH='{site}:{package}'
exec {qemu} -cpu {cpu} -L '{root}' '{root}/usr/bin/python{python}' "$@"
"""
# Emulation does not reach a child process: what starts sys.executable gets the wrapper again.
SITECUSTOMIZE = "import os, sys\nsys.executable = os.environ['ARM64_PYTHON']\n"


@dataclass(frozen=True)
class Board:
    """What is emulated, and where its programs come from."""

    machine: str  # as Python and wheels call it
    debian: str
    qemu: str
    cpu: str
    debs: tuple[str, ...]
    wheels: tuple[str, ...] | None  # None: what mmkeras[edge] asks for, with what that asks for


BOARDS = {
    "aarch64": Board("aarch64", "arm64", "qemu-aarch64-static", "cortex-a72", DEBS, None),  # a Pi 4
    # 32 bits. There is no ai-edge-litert, and of Pillow, soxr and NumPy no wheel but piwheels', so
    # NumPy is Debian's, and what runs here is the graph, the tokenizer, and inputs that are arrays.
    "armv7": Board(
        "armv7l",
        "armhf",
        "qemu-arm-static",
        "cortex-a7",
        (*DEBS, "python3-numpy", "python3-pkg-resources", "libblas3", "liblapack3", "libgfortran5"),
        ("tflite-runtime ==2.14.0", "tokenizers >=0.22"),
    ),
}
TOOLS = ("pytest", "iniconfig", "packaging", "pluggy", "pygments")  # pure Python


def missing(board: str = "aarch64") -> str | None:
    """Why emulation is not possible here, or None."""
    qemu = BOARDS[board].qemu
    for tool, package in ((qemu, "qemu-user-static"), ("apt-get", "apt"), ("dpkg", "dpkg")):
        if shutil.which(tool) is None:
            return f"{tool} is not installed; as root on Debian: apt-get install {package}"
    return None


def assemble(board: str = "aarch64") -> Path:
    """The emulated interpreter, a script that takes Python's arguments; made if it is not there.

    Raises RuntimeError with what apt, dpkg or pip said. Interrupted, it leaves nothing that a later
    call would take for whole.
    """
    of = BOARDS[board]
    wanted = of.wheels or tuple(edge_requirements(HERE.parent / "setup.cfg"))
    FOLDER.mkdir(exist_ok=True)
    root_name = f"root-{_digest(of.debian, of.debs, CPUINFO)}"
    root = _whole(FOLDER / root_name, partial(_unpack_debian, of))
    site_name = f"site-{_digest(of.machine, wanted, TOOLS, GLIBC)}"
    site = _whole(FOLDER / site_name, partial(_install, of, wanted))
    wrapper = FOLDER / f"python-{board}"
    text = WRAPPER.format(
        wrapper=wrapper,
        site=site,
        package=HERE,
        qemu=of.qemu,
        cpu=of.cpu,
        root=root,
        python=PYTHON,
    )
    with tempfile.NamedTemporaryFile("w", dir=FOLDER, delete=False) as file:
        file.write(text)
    os.chmod(file.name, 0o755)
    os.replace(file.name, wrapper)
    return wrapper


def edge_requirements(setup_cfg: Path) -> list[str]:
    """What mmkeras[edge] needs, as written in setup.cfg."""
    config = configparser.ConfigParser()
    config.read(setup_cfg)
    lines = config["options"]["install_requires"] + config["options.extras_require"]["edge"]
    return [line.partition(" #")[0].strip() for line in lines.strip().splitlines() if line.strip()]


def _unpack_debian(board: Board, root: Path) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        lists, cache = Path(temporary, "lists"), Path(temporary, "cache")
        (lists / "partial").mkdir(parents=True)
        (cache / "archives/partial").mkdir(parents=True)
        apt = ["apt-get", "-qq", f"-oAPT::Architecture={board.debian}"]
        apt += [f"-oAPT::Architectures={board.debian}"]
        apt += [f"-oDir::State::Lists={lists}", f"-oDir::Cache={cache}"]
        apt += ["-oDir::State::Status=/dev/null", "-oAPT::Sandbox::User=root"]
        apt += ["-oAcquire::Retries=3"]
        # A mirror that is being renewed has one index wrong; what it leads to fails below.
        subprocess.run([*apt, "update"], cwd=temporary, capture_output=True)
        _run([*apt, "download", *board.debs], temporary)
        for deb in sorted(Path(temporary).glob("*.deb")):
            _run(["dpkg", "-x", str(deb), str(root)], temporary)
    for name in ("blas", "lapack"):  # links that Debian's alternatives would have made
        for library in root.glob(f"usr/lib/*/{name}/lib{name}.so.3"):
            (library.parents[1] / library.name).symlink_to(f"{name}/{library.name}")
    if board.machine == "aarch64":
        (root / "proc").mkdir()
        (root / "proc/cpuinfo").write_text(CPUINFO)


def _install(board: Board, requirements: tuple[str, ...], site: Path) -> None:
    pip = [sys.executable, "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    pip += ["--no-warn-conflicts", "--only-binary=:all:", f"--target={site}"]
    pip += ["--implementation=cp", f"--python-version={PYTHON}"]
    pip += [f"--platform=manylinux_{glibc}_{board.machine}" for glibc in GLIBC]
    pip += [f"--platform=manylinux2014_{board.machine}"]
    alone = [] if board.wheels is None else ["--no-deps"]  # what they ask for has no wheel
    _run([*pip, *alone, *requirements, *TOOLS], str(FOLDER))
    (site / "sitecustomize.py").write_text(SITECUSTOMIZE)


def _whole(folder: Path, fill: Callable[[Path], None]) -> Path:
    """`folder`, filled beside its place and moved there in one step."""
    if not folder.is_dir():
        with tempfile.TemporaryDirectory(dir=FOLDER, prefix="unfinished-") as temporary:
            unfinished = Path(temporary, folder.name)
            fill(unfinished)
            try:
                unfinished.rename(folder)
            except OSError:  # another process was quicker
                if not folder.is_dir():
                    raise
    return folder


def _run(command: list[str], cwd: str) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    if done.returncode:
        said = (done.stderr or done.stdout).strip()[-2000:]
        raise RuntimeError(f"{command[0]} failed while assembling {FOLDER}:\n{said}")


def _digest(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:8]


if __name__ == "__main__":
    board, arguments = "aarch64", sys.argv[1:]
    if arguments and arguments[0] in BOARDS:
        board, *arguments = arguments
    if reason := missing(board):
        sys.exit(reason)
    sys.exit(subprocess.call([str(assemble(board)), *arguments]))
