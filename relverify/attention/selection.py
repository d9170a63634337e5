"""Attention that selects the best item of a preorder: networks built, temperature predicted, output checked."""

from __future__ import annotations

import functools
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sympy as sp
from flint import arb, fmpq

from relverify.attention.execution import execute
from relverify.attention.interpolation import point_network
from relverify.attention.preorders import QueryPreorders
from relverify.attention.softmax import attention_error
from relverify.errors import InputError, MissingDependency
from relverify.networks.mlp import MLP
from relverify.rigor.decide import Decision, Verdict, compare, overall
from relverify.rigor.decimals import decimal_string
from relverify.rigor.enclose import endpoints
from relverify.rigor.exact import dyadic, exact, from_fmpq, to_fmpq
from relverify.rigor.intervals import float_above

LEAST_THETA = fmpq(1, 2**30)
PREC = 256


@dataclass(frozen=True)
class Selector:
    """Query and key networks with the temperature at which their attention selects.

    Parameters
    ----------
    preorders : QueryPreorders
    queries, keys : tuple of fmpq
        Points of the line, lengths q and m.
    values : tuple of tuple of fmpq, shape (m, p)
    phi, psi : MLP
        Query and key network, one input, the same number d of outputs.
    eta : fmpq or None
        The least margin, over the queries, of the best item above those of another value; None if all values are equal.
    eps_u : fmpq
        Exact error of the scores up to functions of the query: the largest half-oscillation over the items of
        ``<phi(x), psi(y)> - u(x, y)``.
    theta : fmpq
        A number in (0, 1) with eps_u <= theta*eta/2.
    diameter : Expr
        Euclidean diameter of the values.
    eps : Expr
        The output error that was asked for.
    beta : fmpq
        Inverse temperature, a float64, not below the predicted one.
    proven : fmpq
        What *attention-selection* proves of the output error at this temperature, rounded up.
    """

    preorders: QueryPreorders
    queries: tuple[fmpq, ...]
    keys: tuple[fmpq, ...]
    values: tuple[tuple[fmpq, ...], ...]
    phi: MLP
    psi: MLP
    eta: fmpq | None
    eps_u: fmpq
    theta: fmpq
    diameter: sp.Expr
    eps: sp.Expr
    beta: fmpq
    proven: fmpq

    @property
    def hidden_units(self) -> int:
        """Hidden units of both networks together."""
        return self.phi.hidden_units + self.psi.hidden_units

    @functools.cached_property
    def scores(self) -> list[list[fmpq]]:
        """The exact scores ``<phi(x_i), psi(y_j)>``, shape (q, m)."""
        return exact_scores(self.phi, self.psi, self.queries, self.keys)

    @functools.cached_property
    def best(self) -> list[int]:
        """An item of the best class for each query."""
        return [p.best[0] for p in self.preorders.preorders]

    def error(self, query: int, prec: int = PREC) -> arb:
        """Enclosure of the output error of exact attention for one query."""
        return attention_error(self.scores[query], self.values, self.best[query], self.beta, prec)

    def decide(self) -> Decision:
        """Whether the error of exact attention is at most what is proven, for every query."""
        decisions = [
            compare(functools.partial(self.error, i), "<=", lambda prec: arb(self.proven), start=PREC)
            for i in range(len(self.queries))
        ]
        verdict = overall(d.verdict for d in decisions)
        return next(d for d in decisions if d.verdict is verdict)


@dataclass(frozen=True)
class SelectionResult:
    """What a selection proved and what was observed.

    Parameters
    ----------
    correct : bool
        Whether the best item of every query has the greatest score of the exact networks.
    proven : fmpq
        Proved upper bound of the output error of exact attention.
    observed : fmpq
        Enclosed upper end of the output error of exact attention.
    executed : fmpq or None
        Enclosed upper end of the output error of torch in float64; None without torch.
    rounding : fmpq or None
        Stated bound of what float64 adds; see :func:`relverify.attention.execution.execute`.
    beta : fmpq
        Inverse temperature used.
    eps_u : fmpq
        Exact error of the scores.
    units : int
        Hidden units of both networks.
    features : int
        Feature dimension d.
    verdict : Verdict
        Whether `observed` <= `proven` and, with torch, `executed` <= `proven` + `rounding`.
    executor : str
        What ran.
    """

    correct: bool
    proven: fmpq
    observed: fmpq
    executed: fmpq | None
    rounding: fmpq | None
    beta: fmpq
    eps_u: fmpq
    units: int
    features: int
    verdict: Verdict
    executor: str

    def as_dict(self) -> dict[str, Any]:
        """For JSON: upper bounds as decimals that are rounded up."""

        def up(value: fmpq | None) -> str | None:
            return None if value is None else decimal_string(value, 20, "up")

        return {
            "correct": self.correct,
            "proven": up(self.proven),
            "observed": up(self.observed),
            "executed": up(self.executed),
            "rounding": up(self.rounding),
            "beta": up(self.beta),
            "eps_u": up(self.eps_u),
            "units": self.units,
            "features": self.features,
            "verdict": str(self.verdict),
            "executor": self.executor,
        }


def selector(
    preorders: QueryPreorders,
    queries: Sequence[Any],
    keys: Sequence[Any],
    values: Sequence[Any] | None = None,
    eps: Any = "1/100",
    bits: int | None = None,
) -> Selector:
    """Build the networks and the temperature with which attention selects.

    The utilities of the preorders are factored, up to functions of the query, into at most ``min(q, m - 1)`` features;
    a query network of q - 1 units and a key network of m - 1 units take the factors at the given points.

    Parameters
    ----------
    preorders : QueryPreorders
        One preorder of the m keys a query.
    queries, keys : sequence of exact rational number
        Distinct points of the line, lengths q and m.
    values : sequence, optional
        What attention averages: m exact rational numbers, or m vectors of them; by default the keys.
    eps : exact number
        The output error that may remain.
    bits : int, optional
        Round the output weights of the networks to multiples of ``2**-bits``.

    Returns
    -------
    Selector

    Raises
    ------
    InputError
        If a query has two best keys with different values, or the rounded networks lose the margin.

    Examples
    --------
    >>> family = QueryPreorders.from_utility([[0, 1, 2], [2, 0, 1]])
    >>> built = selector(family, [0, 1], [0, 1, 2])
    >>> built.hidden_units, built.phi.out_features, built.eps_u, built.decide().verdict
    (3, 2, 0, <Verdict.PROVED: 'proved'>)
    """
    points = tuple(to_fmpq(x, "queries") for x in queries), tuple(to_fmpq(y, "keys") for y in keys)
    if len(points[0]) != preorders.queries:
        raise InputError("queries", f"has {len(points[0])} points", f"{preorders.queries} points, one a preorder")
    outputs = _values(points[1] if values is None else values, preorders.size)
    allowed = exact(eps, "eps")
    if not allowed.is_positive:
        raise InputError("eps", f"{allowed} is not positive", "a number > 0")
    utilities = preorders.utilities()
    left, right = factors(utilities)
    phi, psi = point_network(points[0], left, bits), point_network(points[1], right, bits)
    eps_u = score_error(exact_scores(phi, psi, *points), utilities)
    eta = _margin(preorders, utilities, outputs)
    if eta is not None and 2 * eps_u >= eta:
        raise InputError("bits", f"the rounded scores are off by {eps_u}, which loses the margin {eta}", "more bits")
    theta = LEAST_THETA if eta is None else max(2 * eps_u / eta, LEAST_THETA)
    diameter = _diameter(outputs)
    beta, proven = predict(preorders.size, eta, theta, diameter, allowed)
    return Selector(preorders, *points, outputs, phi, psi, eta, eps_u, theta, diameter, allowed, beta, proven)


def select(
    preorders: QueryPreorders,
    queries: Sequence[Any],
    keys: Sequence[Any],
    values: Sequence[Any] | None = None,
    eps: Any = "1/100",
    bits: int | None = None,
    use_torch: bool | None = None,
) -> SelectionResult:
    """Select by attention and check the output against what is proven.

    Parameters
    ----------
    preorders, queries, keys, values, eps, bits
        See :func:`selector`.
    use_torch : bool, optional
        Run ``torch.nn.functional.scaled_dot_product_attention`` as well; by default where torch is installed.

    Returns
    -------
    SelectionResult

    Raises
    ------
    MissingDependency
        If torch is asked for and not installed.

    Examples
    --------
    >>> family = QueryPreorders.from_utility([[0, 1, 2], [2, 0, 1]])
    >>> select(family, [0, 1], [0, 1, 2], use_torch=False).verdict
    <Verdict.PROVED: 'proved'>
    """
    built = selector(preorders, queries, keys, values, eps, bits)
    order = preorders.preorders
    correct = all(max(range(len(r)), key=r.__getitem__) in p.best for r, p in zip(built.scores, order, strict=True))
    observed = max(endpoints(built.error(i))[1] for i in range(len(order)))
    verdicts, executed, rounding = [built.decide().verdict], None, None
    executor = "exact softmax enclosed in balls"
    if use_torch is not False:
        try:
            run = execute(built.phi, built.psi, built.queries, built.keys, built.values, built.beta, built.diameter)
            executed, rounding = max(run.distance(i, b) for i, b in enumerate(built.best)), run.rounding
            verdicts.append(Verdict.PROVED if executed <= built.proven + rounding else Verdict.REFUTED)
            executor += "; torch scaled_dot_product_attention in float64, math backend"
        except MissingDependency:
            if use_torch:
                raise
            executor += "; torch is not installed"
    return SelectionResult(
        correct, built.proven, observed, executed, rounding, built.beta, built.eps_u, built.hidden_units,
        built.phi.out_features, overall(verdicts) if correct else Verdict.REFUTED, executor,
    )  # fmt: skip


def selection_demo(seed: int = 0, use_torch: bool | None = None) -> SelectionResult:
    """Random finite preorders, their utilities, networks and attention.

    Parameters
    ----------
    seed : int
    use_torch : bool, optional
        See :func:`select`.

    Returns
    -------
    SelectionResult

    Examples
    --------
    >>> selection_demo(0, use_torch=False).correct
    True
    """
    rng = random.Random(seed)
    q, m = rng.randint(2, 5), rng.randint(3, 7)
    table = []
    for _ in range(q):
        row = [rng.randint(0, m - 2) for _ in range(m)]
        row[rng.randrange(m)] = m  # one best key; the others may tie
        table.append(row)
    queries, keys = rng.sample(range(-12, 13), q), rng.sample(range(-12, 13), m)
    family = QueryPreorders.from_utility(table)
    return select(family, [fmpq(x, 8) for x in queries], [fmpq(y, 6) for y in keys], use_torch=use_torch)


def score_error(scores: Sequence[Sequence[fmpq]], utilities: Sequence[Sequence[fmpq]]) -> fmpq:
    """The distance of scores from utilities up to functions of the query: the largest half-oscillation of a row.

    Examples
    --------
    >>> score_error([[fmpq(5), fmpq(7)]], [[fmpq(0), fmpq(1)]])
    1/2
    """
    rows = ([s - u for s, u in zip(*pair, strict=True)] for pair in zip(scores, utilities, strict=True))
    return max((max(row) - min(row)) / 2 for row in rows)


def exact_scores(phi: MLP, psi: MLP, queries: Sequence[fmpq], keys: Sequence[fmpq]) -> list[list[fmpq]]:
    """The exact scores ``<phi(x_i), psi(y_j)>``, shape (q, m)."""
    right = [psi.at_exact(y) for y in keys]
    left = (phi.at_exact(x) for x in queries)
    return [[sum((a * b for a, b in zip(f, g, strict=True)), fmpq(0)) for g in right] for f in left]


def factors(u: list[list[fmpq]]) -> tuple[list[list[fmpq]], list[list[fmpq]]]:
    """Features whose inner products are u up to a function of the query; unit vectors on the shorter side."""
    q, m = len(u), len(u[0])
    zero, one = fmpq(0), fmpq(1)
    if q <= m - 1:
        units = [[one if i == k else zero for k in range(q)] for i in range(q)]
        return units, [[row[j] for row in u] for j in range(m)]
    if m == 1:
        return [[zero]] * q, [[zero]]
    left = [[row[k] - row[0] for k in range(1, m)] for row in u]
    return left, [[one if j == k else zero for k in range(1, m)] for j in range(m)]


def _margin(preorders: QueryPreorders, u: list[list[fmpq]], values: Sequence[tuple[fmpq, ...]]) -> fmpq | None:
    gaps = []
    for i, (order, row) in enumerate(zip(preorders.preorders, u, strict=True)):
        best = order.best[0]
        others = [j for j in range(order.size) if values[j] != values[best]]
        if tied := [j for j in others if j in order.best]:
            text = f"query {i} has the best keys {best} and {tied[0]} with different values"
            raise InputError("preorders", text, "one best value a query")
        gaps += [row[best] - row[j] for j in others]
    return min(gaps, default=None)


def _values(values: Sequence[Any], size: int) -> tuple[tuple[fmpq, ...], ...]:
    rows = tuple(
        tuple(to_fmpq(c, "values") for c in v) if isinstance(v, Sequence) and not isinstance(v, str)
        else (to_fmpq(v, "values"),)
        for v in values
    )  # fmt: skip
    if len(rows) != size or len({len(r) for r in rows}) != 1 or not rows[0]:
        raise InputError("values", f"has {len(rows)} rows for {size} keys", "one vector a key, all of one length")
    return rows


def _diameter(values: Sequence[tuple[fmpq, ...]]) -> sp.Expr:
    squares = [sum(((p - q) ** 2 for p, q in zip(v, w, strict=True)), fmpq(0)) for v in values for w in values]
    return sp.sqrt(from_fmpq(max(squares)))


def predict(n: int, eta: fmpq | None, theta: fmpq, diameter: sp.Expr, eps: sp.Expr) -> tuple[fmpq, fmpq]:
    """The inverse temperature of *attention-selection*, rounded up to a float64, and the error proven there.

    Without a margin (None) both are 0.
    """
    from relverify.theorems.attention_selection import THEOREM as record

    if eta is None:
        return fmpq(0), fmpq(0)
    solved = record.resource("beta").evaluate(30, n=n, D=diameter, eps=eps, eta=eta, theta=theta)
    beta = dyadic(float_above(solved.ends[1]))
    bound = record.bound.evaluate(30, n=n, D=diameter, beta=beta, eta=eta, eps_u=theta * eta / 2)
    return beta, bound.ends[1]
