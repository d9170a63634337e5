"""The stored tables of measurements: tools beside each other, and costs against slack and the number of inputs."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

SLACKS = (1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01)
FIXED = 0.5  # the slack of the plot against inputs
COLOURS = {1: "C0", 2: "C1", 3: "C2"}
MARKERS = "osv^D<>"


class Cost(NamedTuple):
    """Processor seconds until upper <= (1 + slack) lower; `met` says whether a limit was reached first."""

    problem: str
    inputs: int
    smooth: bool
    slack: float
    seconds: float
    met: bool


PROBLEM, RESULT = ("problem", "inputs", "smooth", "within"), ("seconds", "upper", "lower", "cells", "met", "note")


def write_comparison(path: Path, results: Sequence[tuple[dict[str, Any], dict[str, dict[str, Any]]]]) -> None:
    """Write what every tool reached on every problem, with four digits."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow([*PROBLEM, "tool", *RESULT])
        for problem, found in results:
            for tool, r in found.items():
                values = (f"{v:.4g}" if isinstance(v, float) else "" if v is None else v for v in
                          (r.get(k, "") for k in RESULT))  # fmt: skip
                writer.writerow([*(problem[k] for k in PROBLEM), tool, *values])


def comparison(path: Path) -> tuple[list[list[str]], list[str]]:
    """The rows of a table, the first being its head, and how the times of auto_LiRPA compare.

    The latter is for the smooth problems of one input a side.
    """
    with path.open(newline="", encoding="utf-8") as stream:
        found = list(csv.DictReader(stream))
    tools = list(dict.fromkeys(r["tool"] for r in found))
    table, ratios = [["problem", "inputs", "error at least", "within", *tools]], []
    for name in dict.fromkeys(r["problem"] for r in found):
        results = {r["tool"]: _numbers(r) for r in found if r["problem"] == name}
        ours, peer = results["relverify"], results.get("auto_LiRPA", {"note": "not run"})
        half = int(ours["inputs"]) // 2
        cells = [shown(results[t]) if t in results else "" for t in tools]
        table.append([name, f"{half} + {half}", f"{ours['lower']:.2e}", ours["within"], *cells])
        if half == 1 and ours["smooth"] == "1" and "note" not in peer:
            more = "" if peer["met"] else "more than "
            ratios.append(f"{name}: auto_LiRPA takes {more}{peer['seconds'] / ours['seconds']:.0f} times as long")
    return table, ratios


def _numbers(row: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {k: v for k, v in row.items() if v != ""}
    found |= {k: float(found[k]) for k in ("seconds", "upper", "lower") if k in found}
    return found | {"met": row["met"] == "True"}


def shown(r: dict[str, Any]) -> str:
    """A cell of the table: seconds, or how far the tool came."""
    if "note" in r:
        return r["note"]
    if r["met"]:
        return f"{r['seconds']:.3g} s"
    upper, lower = r.get("upper"), r.get("lower")
    ratio = upper / lower if upper and lower else float("inf")
    return f"{ratio:.3g}x at {r['seconds']:.0f} s"


def markdown(path: Path) -> str:
    """The table of a comparison in Markdown, and the ratios."""
    table, ratios = comparison(path)
    lines = ["| " + " | ".join(row) + " |" for row in table]
    lines.insert(1, "|---" * len(table[0]) + "|")
    return "\n".join([*lines, "", *(f"- {ratio}" for ratio in ratios)]) + "\n"


def write(path: Path, costs: Sequence[Cost]) -> None:
    """Write a table."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(Cost._fields)
        writer.writerows([c.problem, c.inputs, int(c.smooth), c.slack, f"{c.seconds:.4g}", int(c.met)] for c in costs)


def read(path: Path) -> list[Cost]:
    """Read a table."""
    with path.open(newline="", encoding="utf-8") as stream:
        return [
            Cost(r["problem"], int(r["inputs"]), r["smooth"] == "1", float(r["slack"]), float(r["seconds"]),
                 r["met"] == "1") for r in csv.DictReader(stream)
        ]  # fmt: skip


def draw(costs: Sequence[Cost], figure: Any) -> None:
    """Two plots beside each other; costs of searches that met a limit are left out."""
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    done = [c for c in costs if c.met]
    shapes: dict[int, int] = {}
    for name in dict.fromkeys(c.problem for c in done):
        line = sorted((c.slack, c.seconds, c.inputs) for c in done if c.problem == name)
        inputs = line[0][2]
        shape = shapes[inputs] = shapes.get(inputs, -1) + 1
        left.loglog(
            [v[0] for v in line], [v[1] for v in line], color=COLOURS[inputs // 2], marker=MARKERS[shape % 7],
            markersize=4, linewidth=1, label=name,
        )  # fmt: skip
    left.set(xlabel="slack: upper / lower - 1", ylabel="processor seconds", title="cost against slack")
    left.legend(fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    for smooth, marker, label in ((True, "o", "smooth"), (False, "^", "ReLU")):
        points = [(c.inputs + (0.0 if smooth else 0.12), c.seconds) for c in done
                  if c.smooth == smooth and c.slack == FIXED]  # fmt: skip
        if points:
            right.semilogy(*zip(*points, strict=True), marker=marker, linestyle="none", label=label, alpha=0.8)
    right.set(xlabel="inputs of both networks", ylabel="processor seconds", title="cost against dimension")
    right.set(xticks=sorted({c.inputs for c in done}))
    right.legend(fontsize=8, title=f"within {1 + FIXED:g}")
