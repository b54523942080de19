"""A page that would fetch something from elsewhere fails the build: links may leave, assets not."""

from __future__ import annotations

import logging
import re
from typing import Any

LOG = logging.getLogger("mkdocs.hooks.here")  # a warning, so that a strict build fails
FETCHED = re.compile(
    r"""<(?:script|img|iframe|audio|video|source|embed)\b[^>]*?\bsrc=["']?(?:https?:)?//[^"'> ]+"""
    r"""|<link\b(?=[^>]*\brel=["']?(?:stylesheet|preconnect|preload|icon))[^>]*?"""
    r"""\bhref=["']?(?:https?:)?//[^"'> ]+""",
    re.IGNORECASE,
)


def on_post_page(output: str, page: Any, **_: Any) -> str:
    for found in FETCHED.findall(output):
        LOG.warning("%s would load from elsewhere: %s", page.file.src_uri, found)
    return output
