"""Make a token base that looks like a real one: python examples/generate.py --contacts 20000 > base.csv

What is wrong in it is told on standard error as JSON.
"""

from __future__ import annotations

import argparse
import json
import sys

from tokenbase.uploader import sample


def main() -> None:
    """Write the base to standard output."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--contacts", type=int, default=20_000, help="how many people")
    arguments.add_argument("--seed", type=int, default=1, help="another number makes another base")
    arguments.add_argument("--format", choices=("csv", "jsonl"), default="csv")
    chosen = arguments.parse_args()
    made = sample.Sample(chosen.contacts, chosen.seed)
    for text in sample.csv_lines(made) if chosen.format == "csv" else sample.json_lines(made):
        sys.stdout.write(text)
    sys.stderr.write(json.dumps({"contacts": made.contacts, "rows": made.rows, **made.flaws}) + "\n")


if __name__ == "__main__":
    main()
