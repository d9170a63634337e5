"""The margin that approximate scores keep."""

from __future__ import annotations

from typing import Any

from relverify.core.theorem import Formal, Instance, Mutant, Quantity, Resource, Source, Theorem, Witness


def formal() -> Formal:
    import sympy as sp

    from relverify.core.steps import Identity, Inequality
    from relverify.core.symbols import eps_u, eta, theta

    # utilities and errors of the best item k and of another item j; c is the shift of the query
    u_k, u_j, e_k, e_j, c = sp.symbols("u_k u_j e_k e_j c", real=True)
    bound = eta - 2 * eps_u
    return Formal(
        quantities=(
            Quantity(eta, "margin of the utility: that of the best item minus that of any other"),
            Quantity(eps_u, "error of the scores, up to a shift that depends on the query only"),
            Quantity(theta, "fraction of the margin that is given up"),
        ),
        bound=bound,
        bounded=r"\min_{j\ne k}(s_k-s_j)",
        hypotheses=(theta < 1, "u_k − u_j ≥ η for every j ≠ k, and |s_j − u_j − c| ≤ ε_u for every j with one c"),
        solve={
            "eps_u": Resource(
                theta * eta / 2, integer=False, meaning="error of the scores that keeps the margin (1 − θ)η"
            )
        },
        steps=(
            Identity(
                (u_k + e_k + c) - (u_j + e_j + c), "=", (u_k - u_j) + (e_k - e_j),
                "With s = u + e + c the shift of the query cancels.",
            ),
            Identity(
                eta - 2 * (theta * eta / 2), "=", (1 - theta) * eta, "The error θη/2 leaves the fraction 1 − θ."
            ),
            Inequality(
                (u_k - u_j) + (e_k - e_j), ">=", bound,
                "Each of the two errors takes at most its bound from the margin.",
                given=(u_k - u_j >= eta, sp.Abs(e_k) <= eps_u, sp.Abs(e_j) <= eps_u),
            ),
        ),
    )  # fmt: skip


def instances() -> Any:
    from fractions import Fraction

    from hypothesis import strategies as st

    from relverify.strategies.numbers import rationals
    from relverify.strategies.preorders import contexts

    @st.composite
    def approximations(draw: Any) -> Instance:
        context = draw(contexts(min_size=2))
        # below half the margin, where the statement says something
        eps_u = context.margin * draw(rationals(0, Fraction(11, 12))) / 2
        errors = [eps_u * draw(rationals(-1, 1)) for _ in context.scores]
        shift = draw(rationals(-3, 3))
        return _instance(context.scores, context.best, context.margin, eps_u, errors, [shift] * len(errors))

    return approximations()


def _instance(u: Any, best: int, eta: Any, eps_u: Any, errors: Any, shifts: Any) -> Instance:
    from flint import arb

    from relverify.rigor.exact import exact, to_fmpq

    scores = [to_fmpq(a) + to_fmpq(b) + to_fmpq(c) for a, b, c in zip(u, errors, shifts, strict=True)]
    margin = scores[best] - max(s for j, s in enumerate(scores) if j != best)
    return Instance(
        values={"eta": eta, "eps_u": eps_u},
        observed=lambda prec: arb(margin),
        text=f"u={[str(v) for v in u]}, s={[str(s) for s in scores]}, k={best}",
        exact=exact(margin),
    )


def extremal() -> Instance:
    """The best item scored too low, a competitor too high."""
    from fractions import Fraction

    e = Fraction(1, 5)
    return _instance([1, 0, -1], 0, 1, e, [-e, e, 0], [2, 2, 2])


def witness() -> Witness:
    """Scores rounded to multiples of 1/8, the error measured, the margin that is left."""
    import sympy as sp
    from flint import fmpq

    from relverify.attention.preorders import Preorder
    from relverify.attention.selection import score_error
    from relverify.rigor.decide import decide
    from relverify.rigor.exact import exact

    order = Preorder((3, 1, 0, 2, 1, 5, 4))
    utility = order.utility()
    scores = [fmpq(2 * round(8 * float(u)) + 6, 16) for u in utility]  # shifted by 3/8 as well
    error = score_error([scores], [utility])
    best = order.best[0]
    kept = scores[best] - max(s for j, s in enumerate(scores) if j != best)
    allowed = formal().bound.subs({formal().symbol("eta"): exact(order.margin), formal().symbol("eps_u"): exact(error)})
    return Witness(
        text=f"scores of {order.size} items rounded to 3 bits, off by {error}, margin {order.margin}",
        predicted=order.size,
        built=len(scores),
        decision=decide(sp.Ge(exact(kept), allowed, evaluate=False)),
        error=f"kept {kept}",
        allowed=f"at least {allowed}",
    )


def _shift_of_the_item() -> Instance:
    return _instance([1, 0], 0, 1, 0, [0, 0], [0, 2])


THEOREM = Theorem(
    label="approximate-margin",
    title="Margin of approximate scores",
    status="classical",
    sense="lower",
    constructive=True,
    sharp=True,
    statement=(
        "Scores within :math:`\\varepsilon_u` of a utility with margin :math:`\\eta`, up to a shift that "
        "depends on the query only, have a margin of at least :math:`\\eta-2\\varepsilon_u`. So only the "
        "utility modulo functions of the query matters, and :math:`\\varepsilon_u=\\theta\\eta/2` keeps "
        ":math:`(1-\\theta)\\eta`."
    ),
    source=Source("rudin1976"),
    formal=formal,
    instances=instances,
    extremal=extremal,
    witness=witness,
    mutants=(
        Mutant(
            "one-error",
            "only one of the two scores is off",
            extremal,
            lambda f: f.symbol("eta") - f.symbol("eps_u"),
        ),
        Mutant("no-loss", "the margin is kept whole", extremal, lambda f: f.symbol("eta")),
        Mutant("shift-of-the-item", "the shift may depend on the item", _shift_of_the_item),
    ),
    limits=("ε_u = 0: the margin is kept",),
)
