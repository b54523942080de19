"""Why a run answers as it does: `mmkeras explain`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mmkeras.cli.options import AsJson, Backend, RunPath
from mmkeras.cli.printing import hint, print_json

if TYPE_CHECKING:
    from mmkeras.run import Run


def _raw(what: str) -> Any:
    return typer.Option(metavar="[NAME=]" + what, help="In the place of a line.")


def explain(
    run: RunPath,
    sample: Annotated[
        int | None,
        typer.Argument(metavar="[LINE]", help="Of the run's manifest, as its errors name lines."),
    ] = None,
    image: Annotated[list[str], _raw("FILE")] = [],  # noqa: B006  Typer copies it
    text: Annotated[list[str], _raw("TEXT")] = [],  # noqa: B006
    audio: Annotated[list[str], _raw("FILE")] = [],  # noqa: B006
    video: Annotated[list[str], _raw("FILE")] = [],  # noqa: B006
    sensors: Annotated[list[str], _raw("FILE")] = [],  # noqa: B006
    table: Annotated[
        list[str], typer.Option(metavar="FIELD=VALUE", help="Of the only table; repeatable.")
    ] = [],  # noqa: B006
    output: Annotated[str | None, typer.Option(help="Usually the first one.")] = None,
    label: Annotated[
        str | None, typer.Option(help="Why not this one; usually what is said.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="Another manifest with the same columns.")
    ] = None,
    check: Annotated[
        bool,
        typer.Option("--check", help="Whether explanations of the run hold: the deletion test."),
    ] = False,
    samples: Annotated[int, typer.Option(min=2, help="Of --check.")] = 48,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the picture, JSON and what mattered in sounds.")
    ] = None,
    backend: Backend = None,
    as_json: AsJson = False,
) -> None:
    """Show what in each input of one sample speaks for the answer, and what each input added.

    The folder is by default `explained/LINE` within that of the run. Gradients want TensorFlow or
    JAX.
    """
    from mmkeras.quiet import import_keras

    import_keras(backend)
    from mmkeras.explaining import check as deletion_test
    from mmkeras.explaining import explain as explained
    from mmkeras.run import load

    loaded = load(run)
    raw = {"image": image, "text": text, "audio": audio, "video": video, "sensor": sensors}
    given = sources(loaded, {**raw, "table": table})
    if check:
        if given or sample is not None or label is not None:
            raise ValueError(
                "--check takes rows of a manifest by itself: leave out LINE and inputs"
            )
        found: Any = deletion_test(loaded, data, samples, output)
        where = "check"
    else:
        if bool(given) == (sample is not None):
            raise ValueError(
                "wanted a LINE of the manifest, or inputs as --image cat.png; not both"
            )
        what: Any = given or sample
        found = explained(loaded, what, output, label, data)
        where = "sample" if sample is None else str(sample)
    folder = run / "explained" / where if out is None else out
    paths = found.save(folder)
    if as_json:
        print_json(found.to_dict())
    elif check:
        from rich.console import Console

        Console().print(found.table())
    else:
        print(found.sentence())
    hint("\n".join(map(str, paths)), as_json)


def sources(run: Run, given: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Raw inputs by name, of what was given by kind.

    The name may be left out where there is one input of the kind. Several files of one name are
    the views of one thing. Raises ValueError where names are wanted, or unknown.
    """
    found: dict[str, Any] = {}
    for kind, values in given.items():
        names = [name for name, spec in run.recipe.specs.items() if spec.kind == kind]
        if not values:
            continue
        if not names:
            raise ValueError(f"the model has no input of the kind {kind}")
        if kind == "table":
            found[names[0]] = dict(value.partition("=")[::2] for value in values)
            continue
        views: dict[str, list[str]] = {}
        for value in values:
            name, equals, source = value.partition("=")
            if not equals or name not in names:
                if len(names) > 1:
                    raise ValueError(
                        f"of several inputs, each wants its name: {names[0]}=...; there are "
                        f"{', '.join(names)}. Received: {value!r}"
                    )
                name, source = names[0], value
            views.setdefault(name, []).append(source)
        found |= {name: of[0] if len(of) == 1 else tuple(of) for name, of in views.items()}
    return found
