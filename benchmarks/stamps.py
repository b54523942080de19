"""The promise of the quickstart, over several seeds: accuracy, size and latency of every variant.

Each seed is another split, another start and another order of the rows. Prints Markdown tables;
milliseconds also as a ratio to the float file of the same run, because machines differ.

    python benchmarks/stamps.py --seeds 3
    python benchmarks/stamps.py --seeds 3 --pretrained
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from statistics import mean

from mmkeras.quiet import import_keras


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--pretrained", action="store_true")
    parser.add_argument("--data", choices=("stamps", "synthetic"), default="stamps")
    parser.add_argument("--epochs", type=int)
    options = parser.parse_args()
    import_keras()
    from mmkeras.quickstart import Tour, tour

    summaries = []
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(options.seeds):
            plan = Tour(
                Path(folder, str(seed)), options.data, options.pretrained, options.epochs, seed
            )
            summaries.append(tour(plan, quiet=True))
            print(f"seed {seed}: {summaries[-1]['seconds']} s", flush=True)
    _print_accuracy(summaries)
    _print_variants(summaries)


def _print_accuracy(summaries: list[dict]) -> None:
    seeds = range(len(summaries))
    outputs = list(next(iter(summaries[0]["alone"].values())))
    for output in outputs:
        print(f"\n| {output} | {' | '.join(f'seed {seed}' for seed in seeds)} | mean |")
        print("|---" * (len(summaries) + 2) + "|")
        for name in summaries[0]["alone"]:
            shares = [summary["alone"][name][output] for summary in summaries]
            cells = " | ".join(f"{share:.3f}" for share in shares)
            print(f"| {name} | {cells} | **{mean(shares):.3f}** |")


def _print_variants(summaries: list[dict]) -> None:
    outputs = list(summaries[0]["variants"][0]["accuracy"])
    titles = [
        "variant", "file kB", "model kB", "compressed kB", *outputs,
        *(f"{output} agrees" for output in outputs), "ms", "ms / float",
    ]  # fmt: skip
    print(f"\n| {' | '.join(titles)} |")
    print("|---" * len(titles) + "|")
    for rows in zip(*(summary["variants"] for summary in summaries), strict=True):
        ratio = mean(
            row["ms"] / summary["variants"][0]["ms"]
            for row, summary in zip(rows, summaries, strict=True)
        )
        cells = [
            rows[0]["variant"],
            *(f"{mean(row[size] for row in rows):,.0f}" for size in SIZES),
            *(f"{mean(row['accuracy'][output] for row in rows):.3f}" for output in outputs),
            *(f"{mean(row['agreement'][output] for row in rows):.3f}" for output in outputs),
            f"{mean(row['ms'] for row in rows):.2f}",
            f"{ratio:.2f}",
        ]
        print(f"| {' | '.join(cells)} |")


SIZES = ("file_kb", "model_kb", "compressed_kb")

if __name__ == "__main__":
    main()
