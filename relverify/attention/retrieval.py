"""Attention that retrieves by a continuous utility: networks built or trained, certified, with a proven error."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sympy as sp
from flint import arb, ctx, fmpq

from relverify.attention.execution import Execution, execute
from relverify.attention.margins import modulo_queries, required_gap
from relverify.attention.selection import LEAST_THETA, exact_scores, predict
from relverify.attention.softmax import attention_error
from relverify.certify.compiled import rational_ends
from relverify.certify.vertex import vertex_certificate
from relverify.core.box import Box, parse_box
from relverify.errors import InputError
from relverify.networks.construct import MAX_NODES, grid_network, spline_network
from relverify.networks.counts import grid_units
from relverify.networks.mlp import MLP
from relverify.relations.relation import Relation
from relverify.relations.sup import supremum
from relverify.rigor.decide import Decision, Verdict, compare
from relverify.rigor.enclose import endpoints
from relverify.rigor.exact import from_fmpq, to_fmpq

PREC = 128
ROOM = fmpq(99, 100)
PREFERENCES = {"temperature": fmpq(1, 16), "balance": fmpq(1, 3), "neurons": fmpq(15, 16)}
TIME_LIMIT = 300.0


@dataclass(frozen=True)
class Retriever:
    """Query and key networks with the temperature at which their attention retrieves the best item.

    Parameters
    ----------
    utility : Relation
        Without terms of the query alone.
    x, y : Box
        Of queries and items; the values are the items themselves.
    n : int
        Items in the context.
    eps : fmpq
        The output error that was asked for.
    eta : fmpq
        Gap of the utility of the best item above any other that is farther away than `near`.
    near : fmpq
        Items so close to the best one need no gap; 0 where they do.
    gamma : fmpq or None
        A random context, of independent uniform items, has a smaller gap with at most this probability; None where eta
        was given.
    theta : fmpq
        Fraction of the gap that the networks were allowed to use up.
    phi, psi : MLP
    eps_u : fmpq
        Proved upper bound of ``sup |u - <phi, psi>|`` on the boxes.
    predicted : int
        Hidden units that were predicted.
    beta : fmpq
        Inverse temperature, a float64.
    proven : fmpq
        Proved upper bound of the output error in every context with the gap, rounded up.
    """

    utility: Relation
    x: Box
    y: Box
    n: int
    eps: fmpq
    eta: fmpq
    near: fmpq
    gamma: fmpq | None
    theta: fmpq
    phi: MLP
    psi: MLP
    eps_u: fmpq
    predicted: int
    beta: fmpq
    proven: fmpq

    @property
    def hidden_units(self) -> int:
        """Hidden units of both networks together."""
        return self.phi.hidden_units + self.psi.hidden_units

    @property
    def diameter(self) -> fmpq:
        """Of the values."""
        low, high = rational_ends(self.y, "y")
        return high - low

    def best(self, x: fmpq, items: Sequence[fmpq]) -> int | None:
        """The best item of a context, where its gap is proved to exceed eta; None elsewhere."""
        with ctx.workprec(PREC):
            found = [self.utility.functions.value(arb(x), arb(y)) for y in items]
            top = max(range(len(items)), key=lambda j: found[j].mid())
            far = [j for j, y in enumerate(items) if j != top and not 0 < abs(y - items[top]) <= self.near]
            close = [j for j in range(len(items)) if j not in (top, *far)]
            best = all(found[top] > found[j] for j in close)
            return top if best and all(found[top] - found[j] > self.eta for j in far) else None

    def error(self, x: fmpq, items: Sequence[fmpq], best: int, prec: int = PREC) -> arb:
        """Enclosure of the distance of exact attention from an item."""
        (scores,) = exact_scores(self.phi, self.psi, [x], items)
        return attention_error(scores, [[y] for y in items], best, self.beta, prec)

    def decide(self, x: Any, items: Sequence[Any]) -> Decision:
        """Whether exact attention keeps the proven error in a context; undecided where the gap is not there."""
        query, keys = to_fmpq(x, "x"), [to_fmpq(y, "items") for y in items]
        best = self.best(query, keys)
        if best is None or len(keys) > self.n:
            return Decision(
                Verdict.UNDECIDED, f"the gap {self.eta} is not proved, or there are more than {self.n} items"
            )
        error = functools.partial(self.error, query, keys, best)
        return compare(error, "<=", lambda prec: arb(self.proven), start=PREC)

    def execute(self, queries: Sequence[Any], items: Sequence[Any], dtype: str = "float64") -> Execution:
        """Run torch's attention in a context; see :func:`relverify.attention.execution.execute`."""
        keys = [to_fmpq(y, "items") for y in items]
        return execute(
            self.phi, self.psi, [to_fmpq(x, "queries") for x in queries], keys, [[y] for y in keys], self.beta,
            from_fmpq(self.diameter), dtype,
        )  # fmt: skip


def retriever(
    utility: Any,
    x: Box | str,
    y: Box | str | None = None,
    *,
    n: int,
    eps: Any,
    gamma: Any = None,
    eta: Any = None,
    theta: Any = "balance",
    networks: str = "built",
    seed: int = 0,
) -> Retriever:
    """Build or train networks whose attention retrieves the best of n items, with a proven error.

    Parameters
    ----------
    utility : str or Relation
        u(x, y), one number each; only u modulo functions of x matters.
    x, y : Box or str
        Intervals; y defaults to x.
    n : int
        Items in the context, at least 2.
    eps : exact number > 0
        The output error that may remain.
    gamma : exact number, optional
        In (0, 1): the gap is then the largest that is proved to be exceeded with probability 1 - gamma.
    eta : exact number, optional
        The gap, in place of gamma.
    theta : {"balance", "neurons", "temperature"} or exact number in (0, 1)
        Fraction of the gap for the networks: the least product of neurons and temperature, few neurons, or a low
        temperature.
    networks : {"built", "trained"}
    seed : int
        Of training.

    Returns
    -------
    Retriever

    Raises
    ------
    InputError
        If an argument is not accepted, the gap has no proved law, or the networks are not proved to be good enough.
    MissingDependency
        If networks are to be trained and torch is not installed.

    Examples
    --------
    >>> built = retriever("-(x-y)**2", "[0,1]", n=4, eta="1/50", eps="1/10", theta="1/2")
    >>> built.hidden_units, built.decide("1/2", ["0.45", "0.9", "0.1", "0.2"]).verdict
    (10, <Verdict.PROVED: 'proved'>)
    """
    boxes = parse_box(x, "x"), parse_box(x if y is None else y, "y")
    allowed = to_fmpq(eps, "eps")
    if allowed <= 0:
        raise InputError("eps", f"{eps} is not positive", "a number > 0")
    if type(n) is not int or n < 2:
        raise InputError("n", f"{n!r} is not accepted", "an integer >= 2")
    reduced = modulo_queries(utility)
    margin, near = required_gap(reduced, *boxes, n=n, eps=allowed, gamma=gamma, eta=eta)
    share = PREFERENCES.get(theta) if isinstance(theta, str) else None
    share = to_fmpq(theta, "theta") if share is None else share
    if not 0 < share < 1:
        raise InputError("theta", f"{theta} is not accepted", f"{', '.join(PREFERENCES)} or a number in (0, 1)")
    target = share * margin / 2
    if networks == "built":
        predicted, phi, psi = _build(reduced, *boxes, target)
    elif networks == "trained":
        from relverify.networks.train import train

        trained = train(reduced, *boxes, eps=from_fmpq(target), seed=seed)
        predicted, phi, psi = trained.predicted, trained.phi, trained.psi or trained.phi
    else:
        raise InputError("networks", f"{str(networks)[:40]!r} is not accepted", "built, trained")
    proof = vertex_certificate(reduced, phi, psi, *boxes, eps=target, time_limit=TIME_LIMIT)
    if proof.verdict is not Verdict.PROVED or proof.upper is None:
        raise InputError("networks", f"are not proved to be within {target} ({proof.reason})", "another seed or theta")
    low, high = rational_ends(boxes[1], "y")
    used = max(2 * proof.upper / margin, LEAST_THETA)
    beta, proven = predict(n, margin, used, from_fmpq(high - low - near), from_fmpq(allowed - near))
    return Retriever(
        reduced, *boxes, n, allowed, margin, near, None if gamma is None else to_fmpq(gamma), share, phi, psi,
        proof.upper, predicted, beta, near + proven,
    )  # fmt: skip


def units(utility: Relation, x: Box, y: Box, eps_u: fmpq) -> int:
    """Hidden units that are predicted for scores within eps_u of a utility."""
    terms = _terms(utility)
    if terms is None:
        return grid_units(utility, x, y, from_fmpq(eps_u)).units
    return sum(sum(pieces) for pieces in _pieces(terms, x, y, utility, eps_u))


def _build(utility: Relation, x: Box, y: Box, eps_u: fmpq) -> tuple[int, MLP, MLP]:
    terms = _terms(utility)
    if terms is None:
        found = grid_units(utility, x, y, from_fmpq(eps_u))
        built = grid_network(utility, x, y, max(found.n_x, 1), found.n_y or None)
        return found.units, built.phi, built.psi or built.phi
    pieces = _pieces(terms, x, y, utility, eps_u)
    phi = spline_network([f for f, _ in terms], x, pieces[0], "x")
    psi = spline_network([g for _, g in terms], y, pieces[1], "y")
    return sum(map(sum, pieces)), phi, psi


def _terms(utility: Relation) -> list[tuple[sp.Expr, sp.Expr]] | None:
    """A sum of products f(x)g(y), with few different factors, or None."""
    (first,), (second,) = utility.x_symbols, utility.y_symbols
    by_query: dict[sp.Expr, sp.Expr] = {}
    for term in sp.Add.make_args(sp.expand(utility.expr, trig=True)):
        f, g = term.as_independent(second, as_Add=False)
        if g.has(first):
            return None
        number, f = f.as_independent(first, as_Add=False)
        by_query[f] = by_query.get(f, sp.Integer(0)) + number * g
    return list(by_query.items())


def _pieces(
    terms: list[tuple[sp.Expr, sp.Expr]], x: Box, y: Box, utility: Relation, eps_u: fmpq
) -> tuple[list[int], list[int]]:
    """Pieces of each feature: interpolation is off by ``(sup|f| sup|g''| h_y^2 + sup|g| sup|f''| h_x^2)/8`` a term."""
    cells = {utility.x_symbols[0]: rational_ends(x, "x")}, {utility.y_symbols[0]: rational_ends(y, "y")}
    costs: list[list[fmpq]] = [[], []]
    for pair in terms:
        for side in (0, 1):
            symbol, (low, high) = next(iter(cells[side].items()))
            try:
                curve = supremum(pair[side].diff(symbol, 2), cells[side])
                size = supremum(pair[1 - side], cells[1 - side])
            except ArithmeticError:
                raise InputError(
                    "utility", f"{pair[side]} has no bounded second derivative", "smooth factors"
                ) from None
            costs[side].append(to_fmpq(curve * size) * (high - low) ** 2 / 8)
    curved = sum(c > 0 for side in costs for c in side)
    counts: tuple[list[int], list[int]] = ([], [])
    for side in (0, 1):
        symbol = next(iter(cells[side]))
        for pair, cost in zip(terms, costs[side], strict=True):
            if cost == 0:
                counts[side].append(int(pair[side].has(symbol)))
                continue
            with ctx.workprec(PREC):
                # an equal share of the error each
                pieces = int(endpoints((arb(cost) * curved / arb(ROOM * eps_u)).sqrt())[1].ceil())
            if pieces > MAX_NODES:
                raise InputError(
                    "eps", f"calls for {pieces} units for one feature", f"a gap that {MAX_NODES} units reach"
                )
            counts[side].append(max(pieces, 1))
    return counts
