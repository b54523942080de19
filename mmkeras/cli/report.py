"""`mmkeras report`: one page and a model card about a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mmkeras.cli.options import AsJson, RunPath, Strict, listed
from mmkeras.cli.printing import hint, print_json


def report(
    run: RunPath,
    data: Annotated[
        Path | None,
        typer.Argument(metavar="[DATA]", help="A manifest of other rows than the run's own."),
    ] = None,
    export: Annotated[
        list[Path], typer.Option(metavar="FILE", help="An exported file of this run; repeatable.")
    ] = [],  # noqa: B006  Typer copies it
    out: Annotated[Path, typer.Option("-o", "--out", help="The page to write.")] = Path(
        "report.html"
    ),
    card: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also the model card, in Markdown.")
    ] = None,
    full: Annotated[
        bool,
        typer.Option(
            "--full", help="Also noise, slices, curves, thresholds, uncertainty: minutes."
        ),
    ] = False,
    column: Annotated[list[str], typer.Option(help="With --full, slice by it; repeatable.")] = [],  # noqa: B006
    say: Annotated[
        list[str],
        typer.Option(
            metavar="WORD=TEXT",
            help="What you alone can say in the card: name, authors, contact, licence, use, users, "
            "not_for, data, data_licence, factors, ethics or caveats; repeatable.",
        ),
    ] = [],  # noqa: B006
    strict: Strict = False,
    as_json: AsJson = False,
) -> None:
    """Write one page about a run: how good it is, what each input brings, where it fails, why, what
    its exported files cost; it needs no network and no file beside it."""
    from mmkeras.quiet import import_keras

    import_keras()
    import mmkeras
    from mmkeras.insight import Options
    from mmkeras.reporting.files import open_file
    from mmkeras.reporting.gathering import QUICK_ROWS
    from mmkeras_export import savings_without

    loaded = mmkeras.load(run)
    beside = open_file(export[0]).shipped if export and full else None
    words = dict(_word(said) for said in say)
    found = mmkeras.report(
        loaded,
        None if data is None else loaded.manifest(data, strict, listed(data)),
        files=export,
        full=full,
        options=Options(
            rows=Options.rows if full else QUICK_ROWS,
            columns=tuple(column),
            prices=None if beside is None else lambda _: savings_without(beside),
        ),
        words=words,
    )
    found.save(out, card)
    if as_json:
        evaluation = found.evaluation.to_dict() if found.evaluation else None
        print_json({"page": str(out), "card": card, "evaluation": evaluation, "gaps": found.gaps})
        return
    for name, why in found.gaps.items():
        print(f"not in it: {name}: {why}")
    hint(f"{out}: open it in a browser" + (f"; {card}: the model card" if card else ""), as_json)


def _word(said: str) -> tuple[str, str]:
    word, sign, text = said.partition("=")
    if not sign or not text:
        raise ValueError(f'--say wants WORD=TEXT, as --say use="sorting toys". Received: {said!r}')
    return word, text
