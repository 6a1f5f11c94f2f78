"""`make bench`: every figure in one run on one machine, each beside what it is compared with.

Prints one table and writes it, and every figure behind it, to .build/bench.json. Nothing fails here
when a target is missed: the table says so.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from bench import crowd, gate, rate, start
from bench.table import Figures, rows
from tests.e2e_stack import ROOT

PARTS: dict[str, Callable[[Path], Figures]] = {
    "start": lambda _folder: start.measure(),
    "rate": rate.measure,
    "crowd": crowd.measure,
    "gate": gate.measure,
}


def main() -> None:
    """Measure, print, and keep the figures."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--only", choices=PARTS, help="one part of the bench")
    only = parser.parse_args().only
    figures: Figures = {}
    for name, measure in PARTS.items():
        if only in (None, name):
            print(f"measuring: {name}", file=sys.stderr)
            with tempfile.TemporaryDirectory() as folder:
                figures |= measure(Path(folder))
    table = rows(figures)
    print("\n".join(map(str, table)))
    machine = {
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "arch": platform.machine(),
    }
    kept = {"machine": machine, "figures": figures, "rows": [asdict(row) for row in table]}
    path = ROOT / ".build" / "bench.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(kept, indent=2) + "\n")


if __name__ == "__main__":
    main()
