"""`mmkeras-edge info`: what a file says of itself."""

from __future__ import annotations

import argparse

from mmkeras_edge.chatter import quiet
from mmkeras_edge.cli.printing import described, flat, print_json, print_table
from mmkeras_edge.cli.verbs import OK, Verb, add_file


def info(options: argparse.Namespace) -> int:
    from mmkeras_edge.runner import load

    with quiet():
        model = load(options.file)
    facts = model.info()
    if options.json:
        print_json(facts)
        return OK
    card = model.file.card
    rows = [
        ("file", f"{facts['file']}, {facts['bytes']:,} bytes, of them {card.model_bytes:,} model"),
        ("precision", card.precision),
        ("runtime", f"{facts['runtime']}, {facts['threads']} threads"),
    ]
    for name, spec in card.inputs.items():
        rows.append((f"input {name}", described(spec, name in card.optional)))
    for name, output in card.outputs.items():
        rows.append((f"output {name}", f"{output.kind}, {output.about}"))
    rows += flat("metric", card.metrics) + flat("version", card.versions)
    print_table(rows + [("note", note) for note in card.notes])
    return OK


VERB = Verb("show what the file says of itself", add_file, info)
