"""`mmkeras-edge verify`: does this machine answer like the one that trained?"""

from __future__ import annotations

import argparse

from mmkeras_edge.chatter import quiet
from mmkeras_edge.cli.printing import print_json, print_table, safe
from mmkeras_edge.cli.verbs import FAILED, OK, Verb, add_file

SAID = {True: "ok", False: "DIFFERS"}


def verify(options: argparse.Namespace) -> int:
    from mmkeras_edge.verify import verify

    with quiet():
        report = verify(options.file)
    if options.json:
        stages = [
            {
                "sample": stage.sample,
                "stage": stage.name,
                "difference": stage.difference if stage.difference < float("inf") else None,
                "tolerance": stage.tolerance,
                "passed": stage.passed,
                "error": stage.error,
            }
            for stage in report.stages
        ]
        verdict = {"passed": bool(report), "verdict": report.verdict}
        print_json({"file": options.file, **verdict, "stages": stages})
    else:
        print_table(
            [("sample", "stage", "difference", "allowed", "")]
            + [
                (str(s.sample), s.name, f"{s.difference:.3g}", f"{s.tolerance:.3g}", SAID[s.passed])
                for s in report.stages
            ]
        )
        print(f"\n{safe(report.verdict)}")
    return OK if report else FAILED


VERB = Verb("replay the file's golden samples", add_file, verify)
