"""Random certification problems: a relation, one or two networks, and boxes, each determined by a seed.

Everything is exact by construction: relations are texts with integer coefficients, weights are float64 numbers, ends of
boxes are fractions. Relations may be unbounded or undefined on a part of the box: nothing must be claimed of them then.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from relverify.activations import activations
from relverify.errors import InputError
from relverify.networks.mlp import MLP
from relverify.relations import Relation, parse_relation

# u and v stand for polynomials in the coordinates
TOTAL = (
    "u", "u*v", "(u)^3", "exp(u)", "sin(u)", "cos(2*(u))", "tanh(2*(u))", "sinh((u)/2)", "cosh((u)/2)", "atan(u)",
    "erf(u)", "abs(u)", "max(u,v)", "min(u,v)", "sqrt(1+(u)^2)", "log(1+(u)^2)", "1/(1+(u)^2)", "(1+(u)^2)^(3/4)",
    "exp(-(u)^2)", "sqrt(abs(u))", "abs(sin(u))", "max(tanh(u),v,1/3)", "(u)^2*exp(-(v)^2)", "cos(u)/(2+sin(v))",
)  # fmt: skip
PARTIAL = ("1/(u)", "log(u)", "sqrt(u)", "tan(u)", "(u)^(1/3)", "log(2+u)", "sqrt(3-(u))", "1/(3+u)", "1/abs(u)^(1/2)")
FORMS = {
    True: ("x-y", "x*y", "x+y", "(x-y)^2", "x*y+1", "x^2+y^2", "x-y+1/7"),
    False: ("x-2*y", "3*x+y", "x*y-y", "x^2-y", "y", "x", "x*y^2+1/3"),
}


@dataclass(frozen=True)
class Triple:
    """A random problem.

    Parameters
    ----------
    seed : int
    relation : Relation
    phi : MLP
    psi : MLP or None
        None means phi on both sides.
    x, y : str
        Boxes.
    """

    seed: int
    relation: Relation
    phi: MLP
    psi: MLP | None
    x: str
    y: str

    def __str__(self) -> str:
        nets = [self.phi] if self.psi is None else [self.phi, self.psi]
        shown = ", ".join(f"{n.activation} {'-'.join(map(str, n.widths)) or 'linear'}" for n in nets)
        return f"seed {self.seed}: {self.relation.text} on {self.x} x {self.y}, {shown}"


def random_triple(seed: int) -> Triple:
    """The problem of a seed.

    Parameters
    ----------
    seed : int
        Not negative.

    Returns
    -------
    Triple
        With one to three inputs a side, up to three hidden layers, any activation, boxes of width 1e-6 to 10.

    Examples
    --------
    >>> random_triple(7).relation == random_triple(7).relation
    True
    """
    rng = np.random.default_rng([seed, 20_230_213])
    p = int(rng.choice([1, 2, 3], p=[0.55, 0.28, 0.17]))
    relation = _relation(rng, p)
    d = int(rng.integers(1, 5))
    phi = _network(rng, p, d)
    psi = None if rng.random() < 0.4 else _network(rng, p, d)
    x = _box(rng, p)
    y = x if rng.random() < 0.6 else _box(rng, p)
    return Triple(seed, relation, phi, psi, x, y)


def _relation(rng: np.random.Generator, p: int) -> Relation:
    while True:
        symmetric = bool(rng.random() < 0.5)
        parts = [_term(rng, p, symmetric) for _ in range(int(rng.choice([1, 2, 3], p=[0.5, 0.35, 0.15])))]
        text = f"({parts[0]})"
        for part in parts[1:]:
            text += f"{rng.choice(['+', '-', '*'])}({part})"
        try:
            found = parse_relation(f"{text} + 0*{'x' if p == 1 else f'x{p}'}")
        except InputError:  # the fixed numbers of a partial function may be outside its domain
            continue
        if found.expr.free_symbols:
            return found


def _term(rng: np.random.Generator, p: int, symmetric: bool) -> str:
    shape = str(rng.choice(PARTIAL if rng.random() < 0.12 else TOTAL))
    scale = str(rng.choice(["", "2*", "(1/3)*", "-"]))
    u, v = (_polynomial(rng, p, symmetric) for _ in range(2))
    return scale + "".join({"u": f"({u})", "v": f"({v})"}.get(c, c) for c in shape)


def _polynomial(rng: np.random.Generator, p: int, symmetric: bool) -> str:
    forms = FORMS[True] if symmetric else FORMS[True] + FORMS[False]
    if p == 1:
        return str(rng.choice(forms))
    count = int(rng.integers(1, p + 1))
    chosen = rng.choice(p, size=count, replace=False) + 1
    form = str(rng.choice(forms))
    return "+".join(f"({form.replace('x', f'x{k}').replace('y', f'y{k}')})" for k in chosen)


def _network(rng: np.random.Generator, p: int, d: int) -> MLP:
    depth = int(rng.choice([0, 1, 2, 3], p=[0.1, 0.5, 0.28, 0.12]))
    sizes = [p, *rng.integers(1, 13, size=depth).tolist(), d]
    scale = float(rng.choice([0.2, 1.0, 1.0, 3.0, 20.0]))
    weights, biases = [], []
    for size, count in pairwise(sizes):
        w = rng.normal(size=(count, size)) * scale / np.sqrt(size)
        b = rng.normal(size=count) * scale
        kind = rng.random()
        if kind < 0.1:  # integers, so that kinks fall on ends of cells
            w, b = np.rint(w), np.rint(b)
        elif kind < 0.2:
            w, b = w.astype(np.float32).astype(np.float64), b.astype(np.float32).astype(np.float64)
        elif kind < 0.3:
            w[rng.random(w.shape) < 0.5], b[rng.random(b.shape) < 0.5] = 0.0, 0.0
        weights.append(w)
        biases.append(b)
    return MLP(tuple(weights), tuple(biases), str(rng.choice(sorted(activations()))))


def _box(rng: np.random.Generator, p: int) -> str:
    if rng.random() < 0.3:
        return "[-1,1]" + (f"^{p}" if p > 1 else "")
    sides = []
    for _ in range(p):
        denominator = int(rng.choice([7, 8, 9, 10**3, 10**6]))
        lo = int(rng.integers(-2 * denominator, 2 * denominator))
        width = max(1, round(denominator * 10 ** float(rng.uniform(-6 if rng.random() < 0.2 else -1, 1))))
        sides.append(f"[{lo}/{denominator},{lo + width}/{denominator}]")
    return "x".join(sides)
