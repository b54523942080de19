"""Samples to look at: those that went wrong, those it was unsure of, and why it said so."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from mmkeras.insight.waiting import waiting
from mmkeras.pages.document import e, scrolling
from mmkeras.pages.thumbnails import DRAWN, drawing
from mmkeras.reporting.result import Explained
from mmkeras_edge.outputs import PROBABILITIES
from mmkeras_edge.readings import digits

if TYPE_CHECKING:
    from mmkeras.evaluation import Evaluation
    from mmkeras.insight.gallery import Gallery, Sample
    from mmkeras.manifest import Manifest
    from mmkeras.reporting.result import Report
    from mmkeras.run import Run

WIDE_PX = 1_200  # of a picture that explains
WORDS = 120  # letters of a text


def gallery(report: Report) -> str:
    """The most wrong and the least certain samples of each output."""
    assert report.evaluation is not None
    parts = []
    for output, found in report.evaluation.parts.get("gallery", {}).items():
        for what, samples in (("most wrong", found.worst), ("least certain", found.unsure)):
            if samples:
                shown = "".join(_sample(found, sample) for sample in samples)
                parts.append(f"<h3>{e(output)}: {what}</h3><ul class='samples'>{shown}</ul>")
    return "".join(parts) or "<p>Nothing went wrong on these rows.</p>"


def _sample(found: Gallery, sample: Sample) -> str:
    drawn = "".join(_drawn(found, sample))
    texts = [
        f"<p>{e(_shortened(str(source)))}</p>"
        for name, source in sample.inputs.items()
        if found.kinds[name] in ("text", "table") and source
    ]
    absent = [name for name, source in sample.inputs.items() if source is None]
    gone = f'<p class="quiet">absent: {e(", ".join(absent))}</p>' if absent else ""
    wrong = sample.right is False  # a number is neither
    said = f"said <b>{e(sample.said)}</b>" if wrong else f"said {e(sample.said)}"
    sure = "" if sample.assurance is None else f", {_assurance(sample.assurance)}"
    return (
        f'<li><div class="drawn">{drawn}</div>{"".join(texts)}{gone}'
        f'<p class="{"wrong" if wrong else "right"}">{said}{sure}</p><p>is <b>{e(sample.truth)}</b>'
        f'</p><p class="quiet">line {sample.line}</p></li>'
    )


def _drawn(found: Gallery, sample: Sample) -> Iterator[str]:
    for name, source in sample.inputs.items():
        kind = found.kinds[name]
        for path in source if isinstance(source, tuple) else (source,):
            if kind in DRAWN and path is not None:
                said = f"{name} of line {sample.line}: {os.path.basename(path)}"
                none = f'<span class="none" role="img" aria-label="{e(said)}">not shown</span>'
                yield drawing(path, kind, e(said)) or none


def _assurance(value: float) -> str:
    """A probability, or minus the width of an interval."""
    return f"{value:.0%} sure" if value >= 0 else f"± {-value / 2:.3g}"


def _shortened(text: str) -> str:
    return text if len(text) <= WORDS else f"{text[:WORDS].rstrip()}..."


class _Asked(NamedTuple):
    why: str
    output: str
    line: int
    answer: str


def explained(run: Run, evaluation: Evaluation, rows: Manifest) -> tuple[Explained, ...]:
    """Of the first output one answer that is very wrong, one unsure, one of the best.

    Raises ValueError for what cannot be explained.
    """
    from mmkeras.explaining import explain, usual_of

    asked = list(_asked(run, evaluation))
    usual = usual_of(run, rows) if asked else None
    pictures = []
    for each in waiting(asked, "explaining"):
        found = explain(run, each.line, each.output, rows=rows, usual=usual)
        caption = f"{each.output} of line {each.line}, {each.why}: {each.answer}"
        pictures.append(Explained(caption, found.sentence(), _png(found.figure())))
    return tuple(pictures)


def _asked(run: Run, evaluation: Evaluation) -> Iterator[_Asked]:
    """None twice."""
    galleries = evaluation.parts.get("gallery", {})
    output = next(iter(galleries), None)
    if output is None:
        return
    seen: set[int] = set()
    found = galleries[output]
    for why, samples in (("the most wrong", found.worst), ("the least certain", found.unsure)):
        for sample in samples[:1]:
            if sample.line not in seen:
                seen.add(sample.line)
                answer = f"said {sample.said}, is {sample.truth}"
                yield _Asked(why, output, sample.line, answer)
    of = evaluation.parts.get("modalities", {}).get(output)
    number = run.specs[output].kind not in PROBABILITIES  # its merit is minus its error
    best = max(of.rows, key=lambda row: row.whole, default=None) if of else None
    if best is not None and best.line not in seen:
        answer = f"off by {digits(-best.whole)}" if number else f"gave the truth {best.whole:.0%}"
        yield _Asked("the best of those tried", output, best.line, answer)


def _png(figure: Any) -> bytes:
    content = io.BytesIO()
    width = figure.get_size_inches()[0]
    figure.savefig(content, format="png", dpi=max(WIDE_PX / width, 40), facecolor="white")
    return content.getvalue()


def explanations(report: Report) -> str:
    """The pictures, each with what it is of."""
    return "".join(_explained(each) for each in report.explained)


def _explained(each: Explained) -> str:
    import base64

    from PIL import Image

    with Image.open(io.BytesIO(each.picture)) as picture:
        width, height = picture.size
        content = io.BytesIO()
        picture.convert("RGB").save(content, "WEBP", quality=80)
    data = base64.b64encode(content.getvalue()).decode()
    said = e(f"What the answer rests on. {each.words}")
    shown = (
        f'<img width="{width}" height="{height}" loading="lazy" alt="{said}" '
        f'src="data:image/webp;base64,{data}">'
    )
    return (
        f'<figure class="explained">{scrolling(shown, each.caption)}'
        f"<figcaption><b>{e(each.caption)}.</b> {e(each.words)}.</figcaption></figure>"
    )
