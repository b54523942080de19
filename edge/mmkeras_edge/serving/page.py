"""The page at `/` and what a browser lets it do: nothing but its own script, style and server."""

from __future__ import annotations

import base64
import hashlib
import re


def policy(page: bytes) -> str:
    """The Content-Security-Policy that allows the page's own script and style, by their hashes."""
    script, style = (_hash_of(page, tag) for tag in (b"script", b"style"))
    return (
        f"default-src 'none'; script-src {script}; style-src {style}; connect-src 'self'; "
        "img-src 'self' blob: data:; media-src 'self' blob:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )


def _hash_of(page: bytes, tag: bytes) -> str:
    (content,) = re.findall(rb"<%b>(.*?)</%b>" % (tag, tag), page, re.S)
    return f"'sha256-{base64.b64encode(hashlib.sha256(content).digest()).decode()}'"
