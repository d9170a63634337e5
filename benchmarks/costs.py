"""What certification costs, from a stored table: against slack, and against the number of inputs."""

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
