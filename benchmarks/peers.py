"""Compare the certification of trained networks with other methods, and draw what it costs.

Usage: see benchmarks/README.md. Writes a Markdown table, CSV files and two plots. The task of every tool is a bound
within a factor of 1.1 of the largest error found (1.5 with three inputs a side); times are processor seconds after
start-up and compilation, on one thread. A run that takes less than a second is repeated, up to five runs in all, and
the shortest counts, for every tool alike.
"""

from __future__ import annotations

import argparse
import heapq
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import costs
import numpy as np
import problems
import sympy as sp
from flint import arb, ctx, fmpq

from relverify.activations import activation
from relverify.certify.engine import certify
from relverify.certify.point import network_ball
from relverify.core.box import parse_box
from relverify.networks.mlp import MLP
from relverify.relations import parse_relation
from relverify.rigor import elementary
from relverify.rigor.enclose import compile_arb
from relverify.rigor.exact import to_fmpq
from relverify.rigor.intervals import Intervals
from relverify.rigor.straightline import Arithmetic, compile_expression

NAMES = ("sqrt", "exp", "log", "sin", "cos", "tan", "tanh", "sinh", "cosh", "atan", "erf")
INTERVALS = Arithmetic(
    templates={**{n: f"{n}({{0}})" for n in NAMES}, "square": "{0}.square()", "power_integer": "{0} ** {1}",
               "ratio": "{0} / {1}", "Abs": "abs({0})", "power": "power({0}, {1})",
               "Max": "{0}.maximum({1})", "Min": "{0}.minimum({1})"},
    constants={"Pi": "pi", "Exp1": "e"}, integer=lambda v: Intervals.enclosing(fmpq(v)),
    namespace={**{n: getattr(elementary, n) for n in NAMES}, "abs": abs, "power": elementary.power,
               "pi": Intervals.enclosing(arb.pi()), "e": Intervals.enclosing(arb.const_e()), "__builtins__": {}},
)  # fmt: skip
Result = dict[str, Any]
RUNS, SHORT = 5, 1.0  # runs shorter than so many seconds are repeated; see peer_lirpa.py as well


def shortest(run: Callable[[], Result]) -> Result:
    """The shortest of up to `RUNS` runs; one that is not short is not repeated."""
    best = run()
    for _ in range(RUNS - 1):
        if best["seconds"] >= SHORT:
            break
        best = min(best, run(), key=lambda r: r["seconds"])
    return best


def ends(p: problems.Problem) -> tuple[np.ndarray, np.ndarray]:
    """The joint box."""
    sides = parse_box(p.x).sides + parse_box(p.y).sides
    return np.array([float(s.lo) for s in sides]), np.array([float(s.hi) for s in sides])


def factor(p: problems.Problem) -> str:
    """How close the bounds have to be."""
    return "1.5" if p.dim == 3 else "1.1"


def ours(p: problems.Problem, limit: float, within: str | None = None) -> Result:
    """relverify, after one call that compiles the relation."""
    phi, psi = problems.networks(p)
    relation = parse_relation(p.relation)
    certify(relation, phi, psi, p.x, p.y, within="1000", max_cells=1, threads=1)
    start = time.process_time()
    found = certify(relation, phi, psi, p.x, p.y, within=within or factor(p), time_limit=limit, threads=1)
    seconds = time.process_time() - start
    upper = None if found.upper is None else float(arb(found.upper))
    return {"upper": upper, "lower": float(arb(found.lower)), "cells": found.cells, "seconds": seconds,
            "met": found.reason == "target met"}  # fmt: skip


def lirpa(p: problems.Problem, limit: float, python: str) -> Result:
    """auto_LiRPA in its own environment; see peer_lirpa.py."""
    if p.activation == "gelu":
        return {"note": "no erf"}
    phi, psi = problems.networks(p)
    nets = [[(w.tolist(), b.tolist()) for w, b in zip(n.weights, n.biases, strict=True)] for n in (phi, psi or phi)]
    lo, hi = ends(p)
    given = {"relation": p.relation, "activation": p.activation, "dim": p.dim, "networks": nets, "lo": lo.tolist(),
             "hi": hi.tolist(), "factor": float(factor(p)), "time_limit": limit}  # fmt: skip
    script = Path(__file__).with_name("peer_lirpa.py")
    done = subprocess.run([python, str(script)], input=json.dumps(given), capture_output=True, text=True, check=False)
    if done.returncode:
        return {"note": (done.stderr.strip().splitlines() or ["failed"])[-1][:80]}
    return json.loads(done.stdout.splitlines()[-1])


def _layer(w: np.ndarray, b: np.ndarray, z: Intervals) -> Intervals:
    """W z + b on intervals, rounded to nearest only."""
    middle, radius = 0.5 * (z.lo + z.hi), 0.5 * (z.hi - z.lo)
    m, r = middle @ w.T + b, radius @ np.abs(w).T
    return Intervals(m - r, m + r)


def network_gradient(net: MLP, z: Intervals) -> tuple[Intervals, list[Intervals]]:
    """Range of a network and of its partial derivatives on boxes, shape (n, p)."""
    zero = [np.zeros(len(w)) for w in net.weights]
    slopes = [Intervals(np.broadcast_to(net.weights[0][:, k], (len(z.lo), len(zero[0]))).copy())
              for k in range(net.in_features)]  # fmt: skip
    z = _layer(net.weights[0], net.biases[0], z)
    for w, b, nothing in zip(net.weights[1:], net.biases[1:], zero[1:], strict=True):
        value, slope = activation(net.activation).derivatives(z)[:2]
        z, slopes = _layer(w, b, value), [_layer(w, nothing, slope * s) for s in slopes]
    return z, slopes


def mean_value(p: problems.Problem, limit: float) -> Result:
    """Branch and bound on the joint box by e(c) + G (x - c) with an interval gradient G, in batches."""
    phi, psi = problems.networks(p)
    other, relation = psi or phi, parse_relation(p.relation)
    symbols = relation.x_symbols + relation.y_symbols
    gradient = [compile_expression(relation.expr.diff(s), symbols, INTERVALS) for s in symbols]
    value = compile_expression(relation.expr, symbols, INTERVALS)

    def bound(lo: np.ndarray, hi: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        centre, half = 0.5 * (lo + hi), 0.5 * (hi - lo)
        columns = [Intervals(lo[:, k].copy(), hi[:, k].copy()) for k in range(len(symbols))]
        f, fs = network_gradient(phi, Intervals(lo[:, : p.dim], hi[:, : p.dim]))
        g, gs = network_gradient(other, Intervals(lo[:, p.dim :], hi[:, p.dim :]))
        at = value(*(Intervals(c.copy()) for c in centre.T))
        e = np.abs(0.5 * (at.lo + at.hi) - (phi(centre[:, : p.dim]) * other(centre[:, p.dim :])).sum(axis=1))
        size = e.copy()
        for k in range(len(symbols)):
            own, foreign = (fs[k], g) if k < p.dim else (gs[k - p.dim], f)
            part = own * foreign
            slope = gradient[k](*columns) - Intervals(part.lo.sum(axis=1), part.hi.sum(axis=1))
            size += slope.magnitude * half[:, k]
        return e, size

    return _batches(bound, *ends(p), float(factor(p)), limit)


def _batches(bound: Callable[..., Any], lo: np.ndarray, hi: np.ndarray, within: float, limit: float) -> Result:
    start, lower, settled, cells, reached = time.process_time(), 0.0, 0.0, 0, np.inf
    los, his, met = lo[None], hi[None], True
    while len(los):
        sizes = []
        for k in range(0, len(los), 4096):
            if time.process_time() - start > limit:
                met = False
                break
            with np.errstate(all="ignore"):
                e, size = bound(los[k : k + 4096], his[k : k + 4096])
            lower, cells = max(lower, float(np.nanmax(e))), cells + len(e)
            sizes.append(size)
        if not met:
            break
        size = np.concatenate(sizes)
        fails = ~(size <= within * lower)
        settled = max([settled, *size[~fails].tolist()])
        reached = max([settled, *size[fails].tolist()])
        los, his = los[fails], his[fails]
        axis = (his - los).argmax(axis=1)
        rows = np.arange(len(axis))
        left, right = his.copy(), los.copy()
        left[rows, axis] = right[rows, axis] = 0.5 * (los[rows, axis] + his[rows, axis])
        los, his = np.concatenate([los, right]), np.concatenate([left, his])
    upper = settled if met else reached
    return {"upper": upper, "lower": lower, "cells": cells, "seconds": time.process_time() - start, "met": met}


def arb_balls(p: problems.Problem, limit: float) -> Result:
    """Branch and bound on the joint box by evaluation in Arb balls at 53 bits, largest bound first."""
    phi, psi = problems.networks(p)
    other, relation = psi or phi, parse_relation(p.relation)
    value = compile_arb(relation.expr, relation.x_symbols + relation.y_symbols)

    def error(box: list[arb]) -> arb:
        f, g = network_ball(phi, box[: p.dim]), network_ball(other, box[p.dim :])
        return abs(value(*box) - sum((a * b for a, b in zip(f, g, strict=True)), arb(0)))

    start, within = time.process_time(), float(factor(p))
    sides = parse_box(p.x).sides + parse_box(p.y).sides
    first = tuple((to_fmpq(s.lo), to_fmpq(s.hi)) for s in sides)
    lower, cells, heap = 0.0, 0, [(-np.inf, 0, first)]
    with ctx.workprec(53):
        while time.process_time() - start < limit and -heap[0][0] > within * lower:
            box = heapq.heappop(heap)[2]
            k = max(range(len(box)), key=lambda i: box[i][1] - box[i][0])
            middle = (box[k][0] + box[k][1]) / 2
            for half in ((box[k][0], middle), (middle, box[k][1])):
                child = (*box[:k], half, *box[k + 1 :])
                size = error([arb((a + b) / 2, (b - a) / 2) for a, b in child])
                lower = max(lower, float(error([arb((a + b) / 2) for a, b in child]).lower()))
                cells += 1
                heapq.heappush(heap, (-float(size.upper()) if size.is_finite() else -np.inf, cells, child))
    upper = -heap[0][0]
    return {"upper": upper, "lower": lower, "cells": cells, "seconds": time.process_time() - start,
            "met": upper <= within * lower}  # fmt: skip


def rows(
    chosen: list[problems.Problem], limit: float, python: str | None
) -> Iterator[tuple[dict[str, Any], dict[str, Result]]]:
    """Run every tool on every problem."""
    for p in chosen:
        found = {
            "relverify": shortest(lambda p=p: ours(p, max(limit, 120.0))),
            "mean-value form": shortest(lambda p=p: mean_value(p, limit)),
            "Arb balls": shortest(lambda p=p: arb_balls(p, limit)),
        }
        if python:
            found["auto_LiRPA"] = lirpa(p, limit, python)
        print(p.name, {k: costs.shown(v) for k, v in found.items()}, flush=True)
        yield {"problem": p.name, "inputs": 2 * p.dim, "smooth": int(p.smooth), "within": factor(p)}, found


def measured_costs(chosen: list[problems.Problem], limit: float) -> list[costs.Cost]:
    """Run relverify for every slack; when one is not reached, smaller ones are left out."""
    found = []
    for p in chosen:
        for slack in costs.SLACKS:
            within = str(1 + sp.Rational(str(slack)))
            run = shortest(lambda p=p, within=within: ours(p, limit, within))
            found.append(costs.Cost(p.name, 2 * p.dim, p.smooth, slack, run["seconds"], run["met"]))
            if not run["met"]:
                break
    return found


def plot(out: Path) -> None:
    """Draw the costs of a folder."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure = plt.figure(figsize=(11, 4.2), layout="constrained")
    costs.draw(costs.read(out / "cost.csv"), figure)
    figure.savefig(out / "cost.png", dpi=120)


def main(arguments: list[str] | None = None) -> int:
    """Run the comparison."""
    parser = argparse.ArgumentParser(description="Compare certification with other methods.")
    parser.add_argument("names", nargs="*", help="problems; by default all")
    parser.add_argument("--lirpa", metavar="PYTHON", help="the Python of an environment with auto_LiRPA")
    parser.add_argument("--limit", type=float, default=60.0, help="seconds a peer and problem")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    parser.add_argument("--no-plots", action="store_true")
    options = parser.parse_args(arguments)
    chosen = [p for p in problems.PROBLEMS if not options.names or p.name in options.names]
    options.out.mkdir(parents=True, exist_ok=True)
    results = list(rows(chosen, options.limit, options.lirpa))
    costs.write_comparison(options.out / "peers.csv", results)
    (options.out / "peers.md").write_text(costs.markdown(options.out / "peers.csv"))
    print((options.out / "peers.md").read_text())
    if not options.no_plots:
        costs.write(options.out / "cost.csv", measured_costs(chosen, max(options.limit, 60.0)))
        plot(options.out)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
