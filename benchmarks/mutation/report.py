"""Write the table of outcomes and the explained survivors: ``python benchmarks/mutation/report.py``."""

from __future__ import annotations

import json
import math
import tomllib
from collections import defaultdict
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
RESULTS = HERE / "results"


def interval(killed: int, total: int) -> tuple[float, float]:
    """Wilson's interval of a share, at 95 %."""
    z, share = 1.96, killed / total
    middle, half = share + z * z / (2 * total), z * math.sqrt(share * (1 - share) / total + (z / (2 * total)) ** 2)
    return (middle - half) / (1 + z * z / total), (middle + half) / (1 + z * z / total)


def main() -> None:
    records = {}
    for r in map(json.loads, (RESULTS / "outcomes.jsonl").read_text(encoding="utf-8").splitlines()):
        records[r["module"], r["operator"], r["occurrence"]] = r  # the last outcome of a mutant counts
    reasons = tomllib.loads((HERE / "survivors.toml").read_text(encoding="utf-8"))["survivor"]

    def reason(record: dict[str, Any]) -> dict[str, Any] | None:
        fits = (s for s in reasons if record["module"].endswith(s["module"]) and s["old"] in record["old"])
        return next((s for s in fits if any(new in record["new"] for new in s["new"])), None)

    groups, survivors = defaultdict(list), []
    for record in records.values():
        groups[record["target"]].append(record)
    head = ["Module", "Mutants", "Tried", "Killed", "Of these by time", "Survived", "Equivalent", "Killed of all",
            "95 % interval", "Killed of the others"]  # fmt: skip
    rows = [head, ["---"] + ["---:"] * (len(head) - 1)]
    for target, found in groups.items():
        left = [r for r in found if r["outcome"] == "survived"]
        survivors += left
        same = sum((s := reason(r)) is not None and s["equivalent"] for r in left)
        killed, tried = len(found) - len(left), len(found)
        low, high = interval(killed, tried)
        late = sum(r["outcome"] == "timeout" for r in found)
        rows.append([f"`{target}`", str(found[-1]["of"]), str(tried), str(killed), str(late), str(len(left)), str(same),
                     f"{killed / tried:.1%}", f"{low:.1%} to {high:.1%}" if tried < 0.95 * found[-1]["of"] else "all",
                     f"{killed / (tried - same):.1%}"])  # fmt: skip
    lines = ["# Results of mutation testing", "", (HERE / "preface.md").read_text(encoding="utf-8").strip(), ""]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    lines += ["", "## Survivors", ""]
    for record in sorted(survivors, key=lambda r: (r["module"], r["line"])):
        found = reason(record)
        why = f"{'' if found['equivalent'] else 'Not equivalent. '}{found['why']}" if found else "**Not explained.**"
        where = f"`{record['module']}`, line {record['line']}, {record['operator'].removeprefix('core/')}"
        lines += [f"- {where}: {why}", "", "      " + record["old"], "      " + record["new"], ""]
    (RESULTS / "results.md").write_text("\n".join(lines), encoding="utf-8")
    print("\n".join("  ".join(row) for row in rows[2:]))
    print(sum(reason(r) is None for r in survivors), "survivors are not explained")


if __name__ == "__main__":
    main()
