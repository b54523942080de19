"""`mmkeras recipes`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from mmkeras.cli.options import AsJson
from mmkeras.cli.printing import print_json


def recipes(
    save: Annotated[
        str | None, typer.Option(metavar="NAME", help="Write this one as YAML, to be changed.")
    ] = None,
    schema: Annotated[
        bool, typer.Option("--schema", help="Write the JSON schema of recipe files.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="File to write; else it is printed.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """The named recipes: what they take, how they fuse it, and what they are for."""
    if save is not None:
        _save(save, output)
    elif schema:
        _write(output, _schema())
    elif as_json:
        from mmkeras.recipes import RECIPES

        print_json({name: system.recipe.to_dict() for name, system in RECIPES.items()})
    else:
        _list()


def _list() -> None:
    from mmkeras.recipes import RECIPES

    for name, (recipe, about) in RECIPES.items():
        inputs = ", ".join(f"{n} {source.branch}" for n, source in recipe.inputs.items())
        fusion = recipe.fusion if isinstance(recipe.fusion, str) else recipe.fusion["name"]
        print(f"{name}\n  {about}\n  {inputs}; {fusion}\n")
    print("start from one: mmkeras train MANIFEST ... --recipe NAME --out RUN")
    print("change one: mmkeras recipes --save NAME -o my.yaml")


def _save(name: str, output: Path | None) -> None:
    """As YAML; beside a file, the schema that its first line names."""
    from mmkeras.recipes import RECIPES
    from mmkeras_edge.inputs import pick

    recipe, about = pick(RECIPES, name, "recipe")
    if output is not None and output.exists():
        raise FileExistsError(f"{str(output)!r} is there already; choose another file")
    schema = _schema()  # imports Keras, for the names in its tables
    from mmkeras.recipe_yaml import SCHEMA_FILE, as_yaml

    _write(output, as_yaml(recipe, about))
    if output is not None:
        _write(output.with_name(SCHEMA_FILE), schema)
        print(f"wrote {output}, and {SCHEMA_FILE}, by which editors check it")
        print(f"next: mmkeras train MANIFEST ... --recipe {output} --out RUN")


def _schema() -> str:
    from mmkeras.quiet import import_keras

    import_keras()
    from mmkeras.recipe_schema import recipe_schema

    return json.dumps(recipe_schema(), indent=1) + "\n"


def _write(output: Path | None, text: str) -> None:
    if output is None:
        print(text, end="")
    else:
        output.write_text(text, encoding="utf-8")
