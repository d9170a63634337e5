"""Look for points that contradict a certificate: dense sampling and local search, decided in Arb balls.

Usage::

    python -m relverify.testing.soundness [--count N] [--start SEED] [--jobs J] [--exact M]

certifies N random problems (:mod:`relverify.testing.triples`) and exits 1 if any bound is contradicted. M of them are
evaluated by code that shares nothing with the engine: a walk over the expression of the relation in Arb, and networks
layer by layer, at 200 bits.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import reduce
from typing import Any

import flint
import numpy as np
import sympy as sp
from flint import arb, fmpq

from relverify.certify.engine import certify
from relverify.certify.point import PointError
from relverify.core.box import parse_box
from relverify.networks.mlp import MLP
from relverify.rigor.decide import Verdict
from relverify.rigor.exact import dyadic, to_fmpq
from relverify.testing.triples import Triple, random_triple

PREC = 200
LIMITS = {1: 4000, 2: 12_000, 3: 12_000}
ACTIVATIONS: dict[str, Callable[[arb], arb]] = {
    "identity": lambda z: z,
    "relu": lambda z: z.max(arb(0)),
    "leaky_relu": lambda z: z.max(arb(0)) + arb(0.01) * z.min(arb(0)),
    "square": lambda z: z * z,
    "sin": lambda z: z.sin(),
    "tanh": lambda z: z.tanh(),
    "sigmoid": lambda z: 1 / (1 + (-z).exp()),
    "silu": lambda z: z / (1 + (-z).exp()),
    "softplus": lambda z: (1 + z.exp()).log(),
    "gelu": lambda z: z / 2 * (1 + (z / arb(2).sqrt()).erf()),
}
FUNCTIONS: dict[type, Callable[..., arb]] = {
    sp.exp: arb.exp, sp.log: arb.log, sp.sin: arb.sin, sp.cos: arb.cos, sp.tan: arb.tan, sp.tanh: arb.tanh,
    sp.sinh: arb.sinh, sp.cosh: arb.cosh, sp.atan: arb.atan, sp.erf: arb.erf, sp.Abs: abs,
    sp.Add: lambda *a: reduce(arb.__add__, a), sp.Mul: lambda *a: reduce(arb.__mul__, a),
    sp.Max: lambda *a: reduce(arb.max, a), sp.Min: lambda *a: reduce(arb.min, a),
}  # fmt: skip


def reference_value(expr: sp.Expr, values: dict[sp.Symbol, arb]) -> arb:
    """An expression in Arb by a walk over its tree, at the current precision.

    Examples
    --------
    >>> x = sp.Symbol("x")
    >>> bool(reference_value(sp.sqrt(x) + x**2, {x: arb(4)}).contains(18))
    True
    """
    if expr.is_Symbol:
        return values[expr]
    if isinstance(expr, sp.Rational):
        return arb(fmpq(int(expr.p), int(expr.q)))
    if expr in (sp.pi, sp.E):
        return arb.pi() if expr is sp.pi else arb.const_e()
    arguments = [reference_value(a, values) for a in expr.args]
    if isinstance(expr, sp.Pow):
        base, exponent = arguments
        if expr.exp.is_Integer:
            return base ** int(expr.exp)
        return base.sqrt() ** int(2 * expr.exp) if (2 * expr.exp).is_Integer else base**exponent
    return FUNCTIONS[type(expr)](*arguments)


def reference_network(network: MLP, point: Sequence[fmpq]) -> list[arb]:
    """The values of a network, unit by unit, at the current precision."""
    z = [arb(v) for v in point]
    for layer, (w, b) in enumerate(zip(network.weights, network.biases, strict=True)):
        if layer:
            z = [ACTIVATIONS[network.activation](v) for v in z]
        rows = zip(w.tolist(), b.tolist(), strict=True)
        z = [sum((arb(c) * v for c, v in zip(row, z, strict=True)), arb(shift)) for row, shift in rows]
    return z


def reference_error(triple: Triple, point: Sequence[fmpq], prec: int = PREC) -> arb:
    """r - <phi, psi> at a rational point of the joint box, by code of its own."""
    symbols = triple.relation.x_symbols + triple.relation.y_symbols
    split = len(triple.relation.x_symbols)
    with flint.ctx.workprec(prec):
        value = reference_value(triple.relation.expr, dict(zip(symbols, map(arb, point), strict=True)))
        phi = reference_network(triple.phi, point[:split])
        psi = reference_network(triple.psi or triple.phi, point[split:])
        return value - sum((a * b for a, b in zip(phi, psi, strict=True)), arb(0))


@dataclass(frozen=True)
class Outcome:
    """What the search for a contradiction found.

    Parameters
    ----------
    seed : int
    problem : str
        Empty if nothing contradicts the certificate.
    kind : str
        Activations and inputs, for counting.
    bounded : bool
        Whether there is a finite upper bound.
    tightness : float
        Largest error found over the upper bound; 0 without a bound.
    """

    seed: int
    problem: str
    kind: str
    bounded: bool
    tightness: float


def largest_found(triple: Triple, rng: np.random.Generator, samples: int) -> tuple[PointError, list[tuple[fmpq, ...]]]:
    """Points with large errors: random ones, faces and corners among them, and the tops of local searches."""
    error = PointError(triple.relation, triple.phi, triple.psi or triple.phi)
    sides = parse_box(triple.x).sides + parse_box(triple.y).sides
    ends = [(to_fmpq(s.lo), to_fmpq(s.hi)) for s in sides]
    lo, hi = (np.array([int(e[k].p) / int(e[k].q) for e in ends]) for k in (0, 1))
    points = lo + (hi - lo) * rng.random((samples, len(ends)))
    face = rng.random(points.shape)
    points = np.where(face < 0.1, lo, np.where(face > 0.9, hi, points))
    if triple.relation.one_dimensional:
        points[: samples // 8, 1] = np.clip(points[: samples // 8, 0], lo[1], hi[1])  # kinks on the diagonal
    best = points[np.argsort(np.abs(error.floats(points)))[-6:]]
    found = list(best[-2:])
    for step in (0.05, 0.002):
        found.append(error.climb(best, np.broadcast_to((hi - lo) * step, best.shape), lo, hi, 25)[0])
    exact = [tuple(min(max(dyadic(float(v)), a), b) for v, (a, b) in zip(q, ends, strict=True)) for q in found]
    return error, exact


def check(triple: Triple, samples: int = 3000, exact: bool = False) -> Outcome:
    """Certify a problem, and search for a point that contradicts the result.

    Parameters
    ----------
    triple : Triple
    samples : int
        Random points, before the local searches.
    exact : bool
        Evaluate by :func:`reference_error` too.

    Returns
    -------
    Outcome
    """
    rng = np.random.default_rng([triple.seed, 1])
    within = str(rng.choice(["1.05", "1.1", "1.5"]))
    eps = None if rng.random() < 0.7 else str(rng.choice(["1/10", "1", "3", "10"]))
    dim = len(triple.relation.x_symbols)
    found = certify(
        triple.relation, triple.phi, triple.psi, triple.x, triple.y, eps=eps, within=within, max_cells=LIMITS[dim]
    )
    error, points = largest_found(triple, rng, samples)
    problems: list[str] = []
    best = 0.0
    for point in [*points, found.argmax]:
        balls = [abs(error.ball(point, PREC))] + ([abs(reference_error(triple, point))] if exact else [])
        if len(balls) == 2 and balls[0].is_finite() and balls[1].is_finite() and not balls[0].overlaps(balls[1]):
            problems.append(f"two evaluations disagree at {point}")
        for ball in balls:
            if found.upper is not None and ball > arb(found.upper):
                problems.append(f"error {ball.str(20)} above upper {float(arb(found.upper))!r} at {point}")
            if point == found.argmax and ball < arb(found.lower):
                problems.append(f"lower {float(arb(found.lower))!r} above the error {ball.str(20)} at {point}")
        if balls[0].is_finite():
            best = max(best, float(balls[0].mid()))
    inside = zip(found.argmax, parse_box(triple.x).sides + parse_box(triple.y).sides, strict=True)
    if not all(to_fmpq(s.lo) <= v <= to_fmpq(s.hi) for v, s in inside):
        problems.append(f"argmax {found.argmax} outside the box")
    problems += _wrong_verdict(found, eps, within)
    kind = f"{triple.phi.activation}/{(triple.psi or triple.phi).activation} {dim}-D"
    upper = None if found.upper is None else float(arb(found.upper))
    tightness = 0.0 if upper is None else (best / upper if upper > 0 else 1.0)
    return Outcome(triple.seed, "; ".join(problems), kind, upper is not None, tightness)


def _wrong_verdict(found: Any, eps: str | None, within: str) -> Iterator[str]:
    limit = None if eps is None else to_fmpq(eps)
    if found.upper is not None and found.upper < found.lower:
        yield "upper below lower"
    if found.verdict is Verdict.PROVED and not (found.upper is not None and limit and found.upper <= limit):
        yield "proved with upper above eps"
    if found.verdict is Verdict.REFUTED and not (limit and found.lower > limit):
        yield "refuted with lower at most eps"
    refuted = found.verdict is Verdict.REFUTED
    near = found.upper is not None and found.upper <= to_fmpq(within) * found.lower
    if found.reason == "target met" and not (near or refuted or found.verdict is Verdict.PROVED):
        yield "target said to be met, and is not"


def check_seed(seed: int, exact: bool = False) -> Outcome:
    """Check the problem of a seed; see :func:`check`."""
    return check(random_triple(seed), exact=exact)


def main(arguments: list[str] | None = None) -> int:
    """Check many problems; 1 if one is contradicted."""
    parser = argparse.ArgumentParser(description="Search for contradictions to certificates of random problems.")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--start", type=int, default=0, help="the first seed")
    parser.add_argument("--exact", type=int, default=100, help="evaluate so many by independent code too")
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args(arguments)
    begin, kinds, bounded, tight, bad = time.perf_counter(), Counter[str](), 0, 0, 0
    seeds = range(options.start, options.start + options.count)
    every = max(1, options.count // max(options.exact, 1))
    exact = [bool(options.exact) and k % every == 0 for k in range(options.count)]
    with ProcessPoolExecutor(options.jobs) as pool:
        for k, outcome in enumerate(pool.map(check_seed, seeds, exact, chunksize=8)):
            kinds[outcome.kind[-3:]] += 1
            bounded += outcome.bounded
            tight += outcome.tightness > 0.9
            if outcome.problem:
                bad += 1
                print(f"CONTRADICTED {random_triple(outcome.seed)}: {outcome.problem}", flush=True)
            if (k + 1) % 500 == 0:
                print(f"{k + 1} checked, {bad} contradicted, {time.perf_counter() - begin:.0f} s", flush=True)
    print(
        f"{options.count} problems ({dict(kinds)}), {sum(exact)} by independent evaluation, {bounded} with a finite "
        f"bound, {tight} with an error above 0.9 of it; {bad} contradicted; {time.perf_counter() - begin:.0f} s"
    )
    return 1 if bad else 0


if __name__ == "__main__":
    raise SystemExit(main())
