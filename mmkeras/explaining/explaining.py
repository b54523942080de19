"""`mmkeras.explain`: why a run answers as it does to one sample."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mmkeras.explaining.attention import attention
from mmkeras.explaining.contributions import contributions
from mmkeras.explaining.explanation import Explanation
from mmkeras.explaining.marks import mark
from mmkeras.explaining.question import ask, said
from mmkeras.explaining.sample import (
    Sample,
    Usual,
    answer,
    manifest_of,
    of_line,
    of_sources,
    usual_of,
)
from mmkeras.explaining.scene import scene_of
from mmkeras.insight.gallery import words
from mmkeras.run import Run
from mmkeras.run import load as load_run

if TYPE_CHECKING:
    from mmkeras.manifest import Manifest


def explain(
    run: Run | str | os.PathLike[str],
    sample: int | Mapping[str, Any],
    output: str | None = None,
    label: str | None = None,
    rows: Manifest | str | os.PathLike[str] | None = None,
    usual: Usual | None = None,
) -> Explanation:
    """Why a run says this label, or this number, of one sample.

    `sample` is a line of the run's manifest, or raw inputs by name, {"image": "cat.png"}; `output`
    is the first one by default, `label` what is said. What the sample is compared with are rows of
    the run's manifest, or of another one, `rows`, which is then also where the line is looked up.
    `usual` has them prepared already, for several samples: `mmkeras.explaining.usual_of(run)`.
    Raises ValueError for a line without a row, and for an unknown output or label.
    """
    run = run if isinstance(run, Run) else load_run(run)
    usual = usual_of(run, rows) if usual is None else usual
    if isinstance(sample, Mapping):
        found = of_sources(run, sample)
    else:
        found = of_line(run, manifest_of(run, rows), int(sample))
    return _explained(usual, found, output, label)


def _explained(usual: Usual, sample: Sample, output: str | None, label: str | None) -> Explanation:
    run = usual.run
    answers = answer(run, sample.feed)
    question = ask(run.specs, answers, output, label)
    others = {n: words(run.specs[n], of[0]) for n, of in answers.items() if n != question.output}
    scenes = (scene_of(usual, sample, question, name) for name in sample.present)
    return Explanation(
        question,
        sample,
        said(question.spec, answers[question.output][0]),
        others,
        contributions(usual, sample, question),
        tuple(mark(scene) for scene in scenes),
        attention(run, sample),
        run.recipe.specs,
    )
