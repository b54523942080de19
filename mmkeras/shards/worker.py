"""A process that makes shards: a setup, then jobs, each a line of JSON; a line for each answers."""

from __future__ import annotations

import json
import os
import sys

from mmkeras.shards.making import Job, Setup, known_of, make


def main() -> None:
    # What a decoder prints must not get between the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    setup = Setup(**json.loads(sys.stdin.readline()))
    known = known_of(setup)
    print(json.dumps({}), file=answers, flush=True)
    for line in sys.stdin:
        try:
            said = make(setup, Job(**json.loads(line)), known)
        except OSError as error:  # a full disk, no right to write
            said = {"error": str(error)}
        print(json.dumps(said), file=answers, flush=True)


if __name__ == "__main__":
    main()
