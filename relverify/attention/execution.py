"""Attention as torch executes it in float64 or float32, with a bound of what the rounding adds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sympy as sp
from flint import arb, ctx, fmpq

from relverify.attention.interpolation import nearest
from relverify.errors import InputError
from relverify.networks.mlp import MLP
from relverify.rigor.enclose import endpoints
from relverify.rigor.exact import dyadic

PREC = 256
EXP_ULPS = 4
# unit roundoff, smallest normal number
FORMATS = {"float64": (fmpq(1, 2**53), fmpq(1, 2**1022)), "float32": (fmpq(1, 2**24), fmpq(1, 2**126))}


@dataclass(frozen=True)
class Execution:
    """One run of ``scaled_dot_product_attention``.

    Parameters
    ----------
    outputs : tuple of tuple of fmpq, shape (q, p)
        The outputs in floating point, exactly.
    values : tuple of tuple of fmpq, shape (m, p)
        The exact values.
    rounding : fmpq
        Bound of the Euclidean distance of an output from that of exact attention with the exact networks, provided
        that floating-point operations are rounded correctly (sums in any order) and exp is accurate to 4 units in the
        last place.
    """

    outputs: tuple[tuple[fmpq, ...], ...]
    values: tuple[tuple[fmpq, ...], ...]
    rounding: fmpq

    def distance(self, query: int, item: int) -> fmpq:
        """Upper end of an enclosure of the distance of an output from the value of an item."""
        pairs = zip(self.outputs[query], self.values[item], strict=True)
        with ctx.workprec(PREC):
            return endpoints(arb(sum(((a - b) ** 2 for a, b in pairs), fmpq(0))).sqrt())[1]


def execute(
    phi: MLP,
    psi: MLP,
    queries: Sequence[fmpq],
    keys: Sequence[fmpq],
    values: Sequence[Sequence[fmpq]],
    beta: fmpq,
    diameter: sp.Expr,
    dtype: str = "float64",
) -> Execution:
    """Run the networks and attention in torch, on the math backend.

    Parameters
    ----------
    phi, psi : MLP
        One input, d outputs each.
    queries, keys : sequence of fmpq, lengths q and m
        Rounded for the run, as the weights are in float32; the bound covers that.
    values : sequence of sequence of fmpq, shape (m, p)
    beta : fmpq
        A float64, passed as ``scale``.
    diameter : Expr
        Euclidean diameter of the values.
    dtype : {"float64", "float32"}

    Returns
    -------
    Execution

    Raises
    ------
    InputError
        If the format is another one, or a number overflows in it.
    MissingDependency
        If torch is not installed.
    """
    from relverify.networks.torch_io import to_torch

    if dtype not in FORMATS:
        raise InputError("dtype", f"{str(dtype)[:40]!r} is not accepted", ", ".join(FORMATS))
    nets = to_torch(phi), to_torch(psi)
    import torch
    from torch.nn.attention import SDPBackend, sdpa_kernel

    kind = torch.float64 if dtype == "float64" else torch.float32
    nets = nets[0].to(kind), nets[1].to(kind)

    def column(points: Sequence[fmpq]) -> torch.Tensor:
        return torch.tensor([[nearest(p)] for p in points], dtype=kind)

    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH):
        left, right = nets[0](column(queries)), nets[1](column(keys))
        table = torch.tensor([[nearest(c) for c in v] for v in values], dtype=kind)
        scale = int(beta.p) / int(beta.q)
        output = torch.nn.functional.scaled_dot_product_attention(left[None], right[None], table[None], scale=scale)[0]

    if not all(bool(torch.isfinite(t).all()) for t in (left, right, table, output)):
        raise InputError("dtype", f"a number overflows in {dtype}", "float64")
    f, g, v = (_rows(t.tolist()) for t in (left, right, table))
    exact_f, exact_g = [phi.at_exact(x) for x in queries], [psi.at_exact(y) for y in keys]
    half = fmpq(0)
    for row, exact_row in zip(f, exact_f, strict=True):
        off = [_dot(row, w) - _dot(exact_row, exact_w) for w, exact_w in zip(g, exact_g, strict=True)]
        half = max(half, (max(off) - min(off)) / 2)
    size = max(_dot([abs(c) for c in a], [abs(c) for c in b]) for a in f for b in g)
    shift = max(abs(a - b) for w, e in zip(v, values, strict=True) for a, b in zip(w, e, strict=True))
    top = max(abs(c) for w in v for c in w)
    added = rounding(beta, size, top, shift, phi.out_features, len(keys), len(v[0]), dtype)
    bound = _features(beta, half, diameter) + added
    return Execution(_rows(output.tolist()), tuple(tuple(w) for w in values), bound)


def rounding(beta: fmpq, size: fmpq, top: fmpq, shift: fmpq, d: int, m: int, p: int, dtype: str = "float64") -> fmpq:
    """Bound of what rounding adds to attention with given features, in Euclidean norm.

    Parameters
    ----------
    beta : fmpq
        The scale; its square root multiplies both factors, as the math backend does.
    size : fmpq
        Bound of ``sum_k |phi_k psi_k|`` over queries and keys.
    top, shift : fmpq
        Largest magnitude of a value, and largest rounding of a value.
    d, m, p : int
        Numbers of features, keys and coordinates of a value.
    dtype : {"float64", "float32"}

    Returns
    -------
    fmpq

    Examples
    --------
    >>> rounding(fmpq(10), fmpq(2), fmpq(1), fmpq(0), 4, 8, 1) < fmpq(1, 10**13)
    True
    """
    with ctx.workprec(PREC):
        unit, tiny = map(arb, FORMATS[dtype])
        b, largest, scores = arb(beta), arb(top), arb(beta) * arb(size)
        # two square roots, two scalings and a sum of d products; underflow adds an absolute term
        score = _gamma(d + 6, unit) * scores + (b + 1) * (4 * d) * tiny
        # the greatest score is subtracted: both are at most scores + score
        exponent = score + 2 * (scores + score) * unit
        # log of the error of one weight: numerator and sum move by the exponent and by exp, then sum and division
        log_error = 2 * (exponent + (2 * EXP_ULPS + 1) * unit) + 2 * _gamma(m + 3, unit)
        weights = log_error.expm1() + 8 * m * tiny
        coordinate = largest * (weights + _gamma(m + 1, unit) * (1 + weights)) + 8 * m * tiny + arb(shift)
        return endpoints(coordinate * arb(p).sqrt())[1]


def _features(beta: fmpq, half: fmpq, diameter: sp.Expr) -> fmpq:
    """What wrong features add, by *attention-lipschitz*."""
    from relverify.rigor.enclose import to_arb
    from relverify.theorems.attention_lipschitz import THEOREM

    moved = THEOREM.bound.evaluate(20, beta=beta, eps_u=half)
    with ctx.workprec(PREC):
        return endpoints(to_arb(diameter) * moved.ball)[1]


def _gamma(k: int, unit: arb) -> arb:
    return k * unit / (1 - k * unit)


def _rows(table: list[list[float]]) -> tuple[tuple[fmpq, ...], ...]:
    return tuple(tuple(dyadic(c) for c in row) for row in table)


def _dot(a: Sequence[fmpq], b: Sequence[fmpq]) -> fmpq:
    return sum((p * q for p, q in zip(a, b, strict=True)), fmpq(0))
