"""What a check finds: its name, where it is, what it means and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from mmkeras_edge.inputs import pick

SEVERITIES = ("error", "warning", "note")  # cannot be used; will cost accuracy; good to know


class Kind(NamedTuple):
    """What all findings of one name have in common. `what` follows a number of rows."""

    severity: str
    what: str
    cure: str


FINDINGS: dict[str, Kind] = {  # in the order in which they are shown
    "missing_file": Kind("error", "name a file that is not there", "mend the path: it is relative "
        "to the manifest; or empty the cell, and the modality is absent"),
    "empty_file": Kind("error", "have a file of zero bytes", "copy it again, or empty the cell"),
    "truncated": Kind("error", "have a file that is cut short", "copy it again, or leave the row "
        "out"),
    "wrong_content": Kind("error", "have a file of another kind than its column", "see what it is: "
        "`file NAME` says; convert it, or empty the cell"),
    "unreadable": Kind("error", "have a file that cannot be read", "make the file again, or leave "
        "the row out"),
    "too_large": Kind("error", "have a file that is too large to open safely", "make it smaller: "
        "what a few kB unpack to would fill the memory"),
    "no_samples": Kind("error", "have a sound without samples", "record it again, or empty the "
        "cell"),
    "other_channels": Kind("error", "have a recording of other channels than most", "give all "
        "recordings the same channels, or empty the cell"),
    "unknown_file": Kind("error", "have a file of no known kind", "take it out of the folder, or "
        "write a manifest that says what it is"),
    "no_label": Kind("error", "have no label", "label them, or leave them out"),
    "no_input": Kind("error", "have no input at all", "leave them out"),
    "bad_cell": Kind("error", "have a cell that cannot be read", "mend the cell"),
    "slip": Kind("error", "have a word where nearly all others have a number", "mend the cell; "
        "--fix empties it; if they are names, say Table.of(..., categories=)"),
    "bad_row": Kind("error", "have too few or too many cells", "quote cells that hold separators"),
    "duplicate_across_splits": Kind("warning", "are the same in several splits: what is tested on "
        "was learned", "keep them in one split; --fix leaves the copies in training out, unless "
        "they are many"),
    "near_duplicate_across_splits": Kind("warning", "are nearly the same in several splits",
        "look at them; where they show one thing, keep them in one split, as by a column for "
        "--group"),
    "group_across_splits": Kind("warning", "belong to groups that are in several splits",
        "draw the split anew: mmkeras split --group COLUMN"),
    "contradiction": Kind("warning", "have the same inputs and different labels", "decide for one "
        "of the labels, or leave the rows out"),
    "duplicate_row": Kind("warning", "repeat another row: they count twice", "leave the copies "
        "out, as --fix does"),
    "text_across_splits": Kind("note", "have a text that is in several splits", "nothing where "
        "many things are described alike; where a text is one of a kind, keep its rows in one "
        "split, as by --group"),
    "duplicate_file": Kind("note", "have the same content as a file of another name",
        "before a split is drawn, give them one --group, or else it may part them"),
    "near_duplicate_file": Kind("note", "look or sound nearly like another file",
        "look at them; where they show one thing, give them one --group"),
    "label_typo": Kind("warning", "have a rare label that is spelled almost like a frequent one",
        "mend the label, as --fix does; a label of its own would want more rows"),
    "rare_class": Kind("warning", "are of a class too rare to be learned and tested",
        "gather more of them, or join the class with another"),
    "imbalance": Kind("warning", "are of the largest class", "training.class_weights=balanced; "
        "judge by balanced accuracy, not by accuracy"),
    "constant": Kind("warning", "have the same value: it tells nothing", "leave the column out"),
    "text_names_label": Kind("warning", "name their label in the text", "if the text will not do "
        "so in use, take the word out of it; otherwise the model reads it off"),
    "leaking_column": Kind("warning", "can be told by this column alone", "if it is known only "
        "after the label, leave it out"),
    "leaking_property": Kind("warning", "can be told by how the files were made", "make the files "
        "alike, in size, format and rate, or mix their sources: the model learns the camera"),
    "leaking_absence": Kind("warning", "can be told by which inputs are absent", "gather that "
        "modality for every class alike, or it is the absence that is learned"),
    "silent": Kind("warning", "have a sound that is silent", "record it again, or empty the cell, "
        "as --fix does: the modality is then absent"),
    "blank": Kind("warning", "have a picture of one colour", "take it again, or empty the cell, as "
        "--fix does: the modality is then absent"),
    "flat": Kind("warning", "have a recording that never changes", "see whether the sensor was on; "
        "or empty the cell, as --fix does"),
    "clipped": Kind("note", "have a sound that is clipped", "record it with less gain"),
    "mixed_rates": Kind("note", "have another sample rate than most", "nothing: all are resampled; "
        "what was recorded below the model's rate has no high tones"),
    "many_channels": Kind("note", "have a sound of more than two channels", "nothing: they are "
        "averaged; if one of them is the microphone, keep that"),
    "high_rate": Kind("note", "have a sound of 96 kHz or more", "nothing: it is resampled; "
        "resampled files are read faster"),
    "cmyk": Kind("note", "have a picture in the colours of print (CMYK)", "nothing: it is "
        "converted without its profile; save it as RGB where colours matter"),
    "deep_colour": Kind("note", "have a picture of 16 bits", "nothing: it is cut to 8; scale it "
        "yourself where it uses a part of the range"),
    "turned": Kind("note", "have a picture that EXIF turns", "nothing: it is turned as it says"),
    "animated": Kind("note", "have an animation in a column of pictures", "the first frame is "
        "taken; give the column as video= for all of them"),
    "transparent": Kind("note", "have a picture with transparency", "nothing: it is put on white"),
    "tiny": Kind("note", "have a picture of less than 32 pixels a side", "see whether it is an "
        "icon or a thumbnail"),
    "not_looked_at": Kind("note", "have a file that was not looked at", "install what it wants"),
}  # fmt: skip

SINGULAR = {  # of the words that `what` begins with
    "are": "is",
    "belong": "belongs",
    "can": "can",
    "have": "has",
    "look": "looks",
    "name": "names",
    "repeat": "repeats",
}


@dataclass(frozen=True)
class Finding:
    """Something that is to be known of some rows.

    `lines` are those of the manifest. `details` says more of a line, `groups` which lines belong
    together. `drop` and `cells` are the cure as `--fix` applies it: rows that are left out, and
    new cells of `column` by line.
    """

    name: str
    column: str
    lines: tuple[int, ...]
    message: str
    details: Mapping[int, str] = field(default_factory=dict)
    groups: tuple[tuple[int, ...], ...] = ()
    drop: tuple[int, ...] = ()
    cells: Mapping[int, str] = field(default_factory=dict)

    @property
    def severity(self) -> str:
        return FINDINGS[self.name].severity

    @property
    def cure(self) -> str:
        return FINDINGS[self.name].cure

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        fix = {"drop": list(self.drop), "cells": dict(self.cells)}
        return {
            "name": self.name,
            "severity": self.severity,
            "column": self.column,
            "lines": list(self.lines),
            "message": self.message,
            "cure": self.cure,
            "details": dict(self.details),
            "groups": [list(group) for group in self.groups],
            "fix": {name: of for name, of in fix.items() if of},
        }


def finding(name: str, column: str, lines: Iterable[int], more: str = "", **fields: Any) -> Finding:
    """Of some rows; `more` is what to say beside what all of this name have in common."""
    lines = tuple(map(int, lines))
    verb, _, what = pick(FINDINGS, name, "finding").what.partition(" ")
    rows = f"1 row {SINGULAR[verb]}" if len(lines) == 1 else f"{len(lines):,} rows {verb}"
    message = f"{rows} {what}{f': {more}' if more else ''}"
    return Finding(name, column, lines, message, **fields)
