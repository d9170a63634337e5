"""Attention that retrieves by a continuous utility: networks built or trained, certified, with a proven error."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sympy as sp
from flint import arb, ctx, fmpq

from relverify.attention.execution import Execution, execute
from relverify.attention.gap import gap_quantile
from relverify.attention.selection import LEAST_THETA, exact_scores, predict
from relverify.attention.softmax import attention_error
from relverify.certify.compiled import rational_ends
from relverify.certify.vertex import vertex_certificate
from relverify.core.box import Box, parse_box
from relverify.errors import InputError
from relverify.networks.construct import MAX_NODES, grid_network, spline_network
from relverify.networks.counts import grid_units
from relverify.networks.mlp import MLP
from relverify.relations.parse import parse_relation
from relverify.relations.relation import Relation, from_expression
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


def modulo_queries(utility: Any) -> Relation:
    """A utility without the terms that depend on the query alone, which attention does not see.

    Examples
    --------
    >>> modulo_queries("-(x-y)**2").expr
    2*x*y - y**2
    """
    found = parse_relation(utility, "utility")
    if not found.one_dimensional:
        raise InputError("utility", f"{found.text} has inputs of several dimensions", "a function of numbers x, y")
    (symbol,) = found.y_symbols
    kept = [t for t in sp.Add.make_args(sp.expand(found.expr)) if t.has(symbol)]
    if len(kept) == len(sp.Add.make_args(sp.expand(found.expr))):
        return found
    return from_expression(sp.Add(*kept))


def retrieval_gap(
    utility: Any, x: Box | str, y: Box | str | None = None, *, n: int, gamma: Any = None, eta: Any = None
) -> fmpq:
    """A gap that the best of n independent uniform items is proved to have with probability 1 - gamma, or eta itself.

    Parameters
    ----------
    utility : str or Relation
        Strictly monotone, or strictly concave or convex, in y for every x, with derivatives that prove it.
    x, y : Box or str
    n : int
    gamma, eta : exact number
        One of the two.

    Returns
    -------
    fmpq

    Raises
    ------
    InputError
        If neither is proved.

    Notes
    -----
    The distribution function F of u(x, Y) makes F(u(x, Y)) uniform, so its gap t has the law *gap-law*, and over a gap
    eta of u it differs by at most ``|{s - eta < u(x, .) <= s}|/L``. With ``|u_y| >= mu`` that set has a length of at
    most eta/mu; with ``|u_yy| >= m`` it consists of at most two intervals, each no longer than ``sqrt(2*eta/m)``. So
    eta is ``mu*t*L`` or ``m*(t*L)**2/8``, whichever is larger.

    Examples
    --------
    >>> found = retrieval_gap("exp(x*y)/2 + y", "[0,1]", n=8, gamma="1/10")
    >>> bool(fmpq(13, 1000) < found < fmpq(14, 1000))
    True
    """
    boxes = parse_box(x, "x"), parse_box(x if y is None else y, "y")
    reduced = modulo_queries(utility)
    if (gamma is None) == (eta is None):
        raise InputError("gamma", "or eta is needed, and not both", "one of the two")
    if eta is not None:
        margin = to_fmpq(eta, "eta")
        if margin <= 0:
            raise InputError("eta", f"{eta} is not positive", "a number > 0")
        return margin
    with ctx.workprec(PREC):
        quantile = endpoints(gap_quantile(n, to_fmpq(gamma, "gamma"), PREC))[0]
    low, high = rational_ends(boxes[1], "y")
    length, (slope, down, up) = (high - low) * quantile, _derivatives(reduced, *boxes)
    margin = max(slope * length, max(down, up) * length**2 / 8)
    if margin <= 0:
        problem = f"{reduced.text} is not proved to be strictly monotone, concave or convex in y"
        raise InputError("utility", problem, "eta in place of gamma")
    return _short(margin)


def required_gap(
    utility: Any, x: Box | str, y: Box | str | None = None, *, n: int, eps: Any, gamma: Any = None, eta: Any = None
) -> tuple[fmpq, fmpq]:
    """The gap to build for, and the distance within which items need none (*attention-selection-near*).

    Parameters
    ----------
    utility, x, y, n, gamma, eta
        See :func:`retrieval_gap`.
    eps : exact number > 0

    Returns
    -------
    eta, near : fmpq
        With ``near == 0`` the gap is one above all other items.

    Notes
    -----
    Let ``m <= -u_yy <= M`` and ``k = sqrt(M/m)``, and let y* be the greatest point of u(x, .). An item lies within r of
    y* with probability 1 - gamma, ``r = L(1 - gamma**(1/n))``, where r is at most L/2. With the slope g at y*, which is
    0 inside the interval, its utility is short of the greatest one by at most ``g*r + M*r**2/2``, that of an item at
    distance d by at least ``g*d + m*d**2/2``. So the best item lies within k*r of y*, and one farther than `near` from
    it is at least ``m*near*(near - 2*k*r)/2`` below it, for ``near >= 2*k*r``.

    Examples
    --------
    >>> wide, near = required_gap("-(x-y)**2", "[0,1]", n=512, eps="1/10", gamma="1/10")
    >>> wide > 10**5 * retrieval_gap("-(x-y)**2", "[0,1]", n=512, gamma="1/10"), bool(near < fmpq(1, 10))
    (True, True)
    """
    plain = retrieval_gap(utility, x, y, n=n, gamma=gamma, eta=eta)
    if gamma is None:
        return plain, fmpq(0)
    boxes, reduced = (parse_box(x, "x"), parse_box(x if y is None else y, "y")), modulo_queries(utility)
    (low, high), allowed = rational_ends(boxes[1], "y"), to_fmpq(eps, "eps")
    length, (_, down, _) = high - low, _derivatives(reduced, *boxes)
    choices = [(plain, fmpq(0))]
    if down > 0:
        (second,) = reduced.y_symbols
        most = supremum(reduced.expr.diff(second, 2), _cell(reduced, *boxes))
        with ctx.workprec(PREC):
            r = arb(length) * (1 - arb(to_fmpq(gamma)).root(n))
            reach = endpoints((arb(to_fmpq(most)) / arb(down)).sqrt() * r)[1]
            short = bool(r <= arb(length) / 2)
        for share in range(1, 16):
            near = allowed * fmpq(share, 16)
            if short and 2 * reach < near < length:
                choices.append((_short(down * near * (near - 2 * reach) / 2), near))

    def temperature(choice: tuple[fmpq, fmpq]) -> fmpq:
        margin, near = choice
        return predict(n, margin, fmpq(1, 2), from_fmpq(length - near), from_fmpq(allowed - near))[0]

    return min(choices, key=temperature)


def _short(value: fmpq) -> fmpq:
    """A positive number rounded down to 40 bits, for cheap exact arithmetic."""
    scale = fmpq(2) ** (40 + int(value.q).bit_length() - int(value.p).bit_length())
    return fmpq((value * scale).floor()) / scale


def _cell(utility: Relation, x: Box, y: Box) -> dict[Any, tuple[fmpq, fmpq]]:
    return {utility.x_symbols[0]: rational_ends(x, "x"), utility.y_symbols[0]: rational_ends(y, "y")}


def _derivatives(utility: Relation, x: Box, y: Box) -> tuple[fmpq, fmpq, fmpq]:
    """Lower bounds of inf |u_y|, inf -u_yy and inf u_yy, each 0 unless it is positive."""
    (second,), cell = utility.y_symbols, _cell(utility, x, y)
    slope = utility.expr.diff(second)
    curve = slope.diff(second)
    return max(_least(slope, cell), _least(-slope, cell)), _least(-curve, cell), _least(curve, cell)


def _least(expression: sp.Expr, cell: dict[Any, tuple[fmpq, fmpq]]) -> fmpq:
    """A lower bound of inf f, or 0."""
    try:
        size = supremum(expression, cell)
        return max(to_fmpq(size - supremum(size - expression, cell)), fmpq(0))
    except ArithmeticError:
        return fmpq(0)


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
