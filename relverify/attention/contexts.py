"""Attention that selects the best class of finite preorders in every context, checked without listing the contexts."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flint import arb, ctx, fmpq

from relverify.attention.interpolation import point_network
from relverify.attention.preorders import Preorder, QueryPreorders
from relverify.attention.selection import LEAST_THETA, exact_scores, factors, score_error
from relverify.errors import InputError
from relverify.networks.mlp import MLP
from relverify.rigor.decide import Decision, Verdict, compare, overall
from relverify.rigor.exact import dyadic, to_fmpq
from relverify.rigor.intervals import float_above

PREC = 128


@dataclass(frozen=True)
class ContextSelector:
    """Query and key networks whose attention gives the best class of any context a weight of at least 1 - eps_1.

    Parameters
    ----------
    preorders : QueryPreorders
    phi, psi : MLP
    scores : tuple of tuple of fmpq, shape (q, m)
        The exact scores of the networks.
    eta : fmpq or None
        The least margin 1/(m - 1) of the queries that have m >= 2 classes; None if no query has.
    eps_u : fmpq
        Exact error of the scores, up to functions of the query.
    eps_1 : fmpq
        Weight that items below the best class may keep.
    beta : fmpq
        Inverse temperature, a float64.
    note : str
        Which queries have no margin, if any.
    """

    preorders: QueryPreorders
    phi: MLP
    psi: MLP
    scores: tuple[tuple[fmpq, ...], ...]
    eta: fmpq | None
    eps_u: fmpq
    eps_1: fmpq
    beta: fmpq
    note: str

    def decide(self) -> Decision:
        """Whether the best class has its weight in every context, that is every nonempty set of items, of every query.

        A context in which class r is the best is hardest with one item of r, that of the lowest score, and all items of
        lower classes: more items of r, and fewer of the others, only raise the weight of r. So one context a class is
        enough.
        """
        wanted = 1 - self.eps_1
        found = [Decision(Verdict.PROVED, "no item is below another one")]
        for order, scores in zip(self.preorders.preorders, self.scores, strict=True):
            at = functools.partial(least_class_weights, scores, order, self.beta)
            for rank in range(1, order.number_of_classes):
                found.append(compare(lambda p, at=at, r=rank: at(p)[r], ">=", lambda p: arb(wanted), start=PREC))  # type: ignore[misc]
        verdict = overall(d.verdict for d in found)
        return next(d for d in found[::-1] if d.verdict is verdict)

    def selects(self, query: int, context: Sequence[int]) -> bool:
        """Whether the item of the greatest score in a context is one of the best of its preorder."""
        order, scores = self.preorders.preorders[query], self.scores[query]
        chosen = max(context, key=scores.__getitem__)
        return all(order.at_most(j, chosen) for j in context)


def least_class_weights(scores: Sequence[fmpq], order: Preorder, beta: Any, prec: int = PREC) -> list[arb]:
    """For each class the least weight that it has in a context of which it is the best class.

    Parameters
    ----------
    scores : sequence of fmpq, length m
    order : Preorder
    beta : exact number
    prec : int

    Returns
    -------
    list of arb
        Worst class first; the worst class has weight 1 wherever it is the best.

    Examples
    --------
    >>> least_class_weights([fmpq(0), fmpq(1), fmpq(1)], Preorder((0, 1, 1)), 0)
    [1.00000000000000, 0.500000000000000]
    """
    temperature = to_fmpq(beta, "beta")
    with ctx.workprec(prec):
        below, weights = arb(0), []
        for items in order.classes:
            lowest = min(scores[j] for j in items)
            weights.append(1 / (1 + below * arb(-temperature * lowest).exp()))
            below += sum((arb(temperature * scores[j]).exp() for j in items), arb(0))
        return weights


def context_selector(
    preorders: QueryPreorders,
    queries: Sequence[Any],
    keys: Sequence[Any],
    eps_1: Any = "1/100",
    bits: int | None = None,
) -> ContextSelector:
    """Build networks and the inverse temperature that select in every context.

    Parameters
    ----------
    preorders : QueryPreorders
        One preorder of the items a query, ties allowed everywhere.
    queries, keys : sequence of exact rational number
        Distinct points of the line.
    eps_1 : exact number
        In (0, 1).
    bits : int, optional
        Round the output weights of the networks to multiples of ``2**-bits``.

    Returns
    -------
    ContextSelector

    Raises
    ------
    InputError
        If eps_1 is out of range, the points do not fit, or the rounded networks lose the margin.

    Examples
    --------
    >>> family = QueryPreorders.from_utility([[0, 1, 1, 2], [3, 3, 3, 3]])
    >>> built = context_selector(family, [0, 1], [0, 1, 2, 3])
    >>> built.eta, built.note, built.decide().verdict
    (1/2, 'query 1 has one class, so no margin', <Verdict.PROVED: 'proved'>)
    """
    from relverify.theorems.softmax_selection import THEOREM

    share = to_fmpq(eps_1, "eps_1")
    if not 0 < share < 1:
        raise InputError("eps_1", f"{eps_1} is out of range", "an exact number in (0, 1)")
    points = tuple(to_fmpq(x, "queries") for x in queries), tuple(to_fmpq(y, "keys") for y in keys)
    if len(points[0]) != preorders.queries:
        raise InputError("queries", f"has {len(points[0])} points", f"{preorders.queries} points, one a preorder")
    utilities = preorders.utilities()
    left, right = factors(utilities)
    phi, psi = point_network(points[0], left, bits), point_network(points[1], right, bits)
    scores = exact_scores(phi, psi, *points)
    eps_u = score_error(scores, utilities)
    single = [i for i, p in enumerate(preorders.preorders) if p.number_of_classes == 1]
    margins = [p.margin for p in preorders.preorders if p.number_of_classes > 1]
    eta, beta = min(margins, default=None), fmpq(0)
    if eta is not None:
        if 2 * eps_u >= eta:
            raise InputError(
                "bits", f"the rounded scores are off by {eps_u}, which loses the margin {eta}", "more bits"
            )
        kept = eta - max(2 * eps_u, LEAST_THETA * eta)
        predicted = THEOREM.resource("beta").evaluate(30, n=preorders.size, eta=kept, eps_1=share)
        beta = dyadic(float_above(predicted.ends[1]))
    named = ", ".join(map(str, single))
    note = (
        f"quer{'ies' if len(single) > 1 else 'y'} {named} ha{'ve' if len(single) > 1 else 's'} one class, so no margin"
    )
    return ContextSelector(
        preorders, phi, psi, tuple(tuple(row) for row in scores), eta, eps_u, share, beta, note if single else ""
    )
