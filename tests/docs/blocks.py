"""The code of a page: its fences, each with its language, its line and the heading above it."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import NamedTuple

REPOSITORY = Path(__file__).resolve().parent.parent.parent
RUN = ("python", "sh")  # the others are data, or say why they are not run
DATA = ("json", "yaml", "text", "ini")
NOT_RUN = "console"  # wants root, a board or a network; the reason stands before it
FENCE = re.compile(
    r"^(?P<indent> *)(?P<fence>`{3,}|~{3,}) *(?P<language>[\w-]*)[^\n]*\n"
    r"(?P<code>.*?)^(?P=indent)(?P=fence) *$",
    re.MULTILINE | re.DOTALL,
)
REASON = re.compile(r"<!-- not run: (?P<reason>[^\n]+?) -->\s*\Z")


class Block(NamedTuple):
    """`line` is the first of its code, as an editor counts; `reason` why it is not run."""

    page: str
    line: int
    heading: str
    language: str
    code: str
    reason: str

    @property
    def is_run(self) -> bool:
        return self.language in RUN and not self.reason


def pages() -> list[str]:
    """What a test runs the code of, by path in the repository."""
    docs = sorted(REPOSITORY.glob("docs/**/*.md"))
    return ["README.md", "edge/README.md", *(str(path.relative_to(REPOSITORY)) for path in docs)]


def blocks_of(page: str) -> list[Block]:
    text = (REPOSITORY / page).read_text("utf-8")
    found = []
    for match in FENCE.finditer(text):
        before = text[: match.start()]
        headings = re.findall(r"^#+ (.+)$", FENCE.sub("", before), re.MULTILINE)
        reason = REASON.search(before)
        found.append(
            Block(
                page,
                before.count("\n") + 2,
                headings[-1] if headings else "",
                match["language"],
                textwrap.dedent(match["code"]),
                reason["reason"] if reason else "",
            )
        )
    return found
