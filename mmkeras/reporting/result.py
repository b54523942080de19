"""What is known of a run, for people: the page and the model card are made of it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from mmkeras.evaluation import Evaluation
    from mmkeras.manifest import Manifest
    from mmkeras.reporting.files import File
    from mmkeras.run import Run

WORDS = {  # what a person alone can say of a model -> what it is
    "name": "what the model is called",
    "authors": "who made it",
    "contact": "where questions and complaints go",
    "licence": "under which licence the model is",
    "use": "what it is meant for",
    "users": "who is to use it",
    "not_for": "what it is not meant for",
    "data": "where the data came from, and how they were collected",
    "data_licence": "under which licence the data are",
    "factors": "groups, devices and surroundings over which it may be better or worse",
    "ethics": "what may go wrong for people",
    "caveats": "what else is to be known",
}


class Explained(NamedTuple):
    """A row whose answer was explained: what is said of it, why in words, and the picture, PNG."""

    caption: str
    words: str
    picture: bytes


@dataclass(frozen=True, eq=False)
class Report:
    """A run, its rows by split, its figures over the rows `judged`, files that were exported of it,
    explanations.

    `group` is the column by whose values those rows were drawn for the intervals, None: each alone.
    `gaps` says by section why it, or a part of it, could not be made; `words` are those of
    `WORDS` that somebody said.
    """

    run: Run
    splits: Mapping[str, Manifest]
    judged: str
    group: str | None = None
    evaluation: Evaluation | None = None
    files: tuple[File, ...] = ()
    explained: tuple[Explained, ...] = ()
    gaps: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What the model is called, or the folder of its run."""
        path = self.run.path
        return self.words.get("name") or (path.resolve().name if path else "A model")

    def page(self) -> str:
        """One page of HTML that needs nothing beside it."""
        from mmkeras.reporting.page import page

        return page(self)

    def card(self) -> str:
        """The model card in Markdown, by the sections of Mitchell et al., FAT* 2019."""
        from mmkeras.reporting.card import card
        from mmkeras.reporting.prose import markdown

        return markdown(self.name, card(self))

    def save(
        self, path: str | os.PathLike[str], card: str | os.PathLike[str] | None = None
    ) -> Path:
        """Writes the page, and the card where one is wanted, each complete or not at all."""
        from mmkeras.pages.document import write

        if card is not None:
            write(card, self.card())
        return write(path, self.page())
