"""Runs the code of a page in one namespace and one folder, block by block."""

from __future__ import annotations

import io
import json
import os
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from typing import Any

import yaml

import mmkeras_edge.cli
from tests.commands import command
from tests.docs.blocks import Block
from tests.docs.smaller import is_slow, smaller, with_more

PATIENCE_S = 60
ADDRESS = "localhost:8080"


def lines_of(block: Block) -> list[str]:
    """Lines that do something: without comments, and commands in one line each."""
    if block.language == "sh":
        joined = block.code.replace("\\\n", " ").splitlines()
        lines = (shlex.join(shlex.split(line, comments=True)) for line in joined)
    else:
        lines = (line.partition("  #")[0].strip() for line in block.code.splitlines())
    return [line for line in lines if line]


class Reader:
    """Somebody who types what a page says; leave its `with` block to stop the servers.

    Without `patient`, what takes long is left out, and always what is `done`: lines of commands
    and of Python that another page has, where they are run.
    """

    def __init__(self, names: dict[str, Any], patient: bool = False, done: Iterable[str] = ()):
        self.names = names
        self._patient = patient
        self._done = {*done}
        self._stack = ExitStack()
        self._address = ADDRESS

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *error: Any) -> None:
        self._stack.close()

    def run(self, block: Block) -> None:
        if block.reason:
            if block.language == "python":  # at least it is Python
                compile(block.code, block.page, "exec")
        elif block.language == "python":
            if self._wants(block.code) and not {*lines_of(block)} <= self._done:
                place = "\n" * (block.line - 1)  # so that a traceback names the line of the page
                exec(compile(place + smaller(block.code), block.page, "exec"), self.names)
        elif block.language == "sh":
            for line in lines_of(block):
                if self._wants(line) and line not in self._done:
                    self._type(shlex.split(smaller(line)), f"{block.page}:{block.line}")
        elif block.language == "json":
            json.loads(block.code)
        elif block.language == "yaml":
            yaml.safe_load(block.code)

    def _wants(self, code: str) -> bool:
        return self._patient or not is_slow(code)

    def _type(self, words: list[str], where: str) -> None:
        words = with_more([word.replace(ADDRESS, self._address) for word in words])
        program, *arguments = words
        if program == "mmkeras-edge" and arguments[0] == "serve":
            self._serve(arguments)
            return
        code, out, err = self._ran(program, arguments)
        assert code == 0, f"{where}: {shlex.join(words)} ended with {code}: {err or out}"

    def _ran(self, program: str, arguments: list[str]) -> tuple[int, str, str]:
        if program == "mmkeras":
            return command(*arguments)
        if program == "mmkeras-edge":
            out, err = io.StringIO(), io.StringIO()
            with redirect_stdout(out), redirect_stderr(err):
                code = mmkeras_edge.cli.main(arguments)
            return code, out.getvalue(), err.getvalue()
        if program == "curl":
            asked = ["curl", "--silent", "--show-error", "--fail-with-body", *arguments]
            done = subprocess.run(asked, capture_output=True, text=True, timeout=PATIENCE_S)
            return done.returncode, done.stdout, done.stderr
        raise AssertionError(f"no test can run {program}: mark the block as `console`")

    def _serve(self, arguments: list[str]) -> None:
        """In a process of its own, on a free port, until the page has ended."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        self._address = f"localhost:{port}"
        if "--port" in arguments:
            at = arguments.index("--port")
            del arguments[at : at + 2]
        server = self._stack.enter_context(
            subprocess.Popen(
                [sys.executable, "-m", "mmkeras_edge.cli", *arguments, "--port", str(port)],
                stderr=subprocess.PIPE,
                text=True,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            )
        )
        self._stack.callback(server.terminate)
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end and server.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError(
            f"the server did not come up: {server.stderr and server.stderr.read()}"
        )
