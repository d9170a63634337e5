"""Relations with known bounds of their second derivatives, and members of the catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sympy as sp
from hypothesis import strategies as st

from relverify.core.box import Box
from relverify.core.symbols import x, y
from relverify.relations.parse import parse_relation
from relverify.relations.relation import Relation
from relverify.rigor.exact import exact
from relverify.rigor.parse import parse_expression
from relverify.strategies.boxes import boxes
from relverify.strategies.numbers import positives, rationals


@dataclass(frozen=True)
class SmoothRelation:
    """A relation on boxes with proved bounds of its second derivatives.

    Parameters
    ----------
    relation : Relation
        Its ``second_derivative_sup`` gives the bounds.
    x, y : Box
    M_x, M_y : Expr
        ``sup|∂²r/∂x²| <= M_x`` and ``sup|∂²r/∂y²| <= M_y`` on x × y.
    attained : bool
        Whether both are equalities.
    """

    relation: Relation
    x: Box
    y: Box
    M_x: sp.Expr
    M_y: sp.Expr
    attained: bool


@st.composite
def smooth_relations(draw: Any, max_terms: int = 3) -> SmoothRelation:
    """Sums Σ c_i sin(a_i x + b_i y + t_i), or polynomials in x and y on a box, with bounds term by term.

    Parameters
    ----------
    max_terms : int

    Returns
    -------
    SearchStrategy of SmoothRelation
        Shrinks to one term.

    Examples
    --------
    >>> from hypothesis import Phase, find, settings
    >>> quick = settings(phases=(Phase.generate, Phase.shrink), database=None)
    >>> found = find(smooth_relations(), lambda s: s.M_x > 0, settings=quick)
    >>> bool(found.relation.second_derivative_sup("x", found.x, found.y) == found.M_x)
    True
    """
    x_box, y_box = draw(boxes()), draw(boxes())
    number = draw(st.integers(1, max_terms))
    if draw(st.booleans()):
        return _polynomial(draw, x_box, y_box, number)
    terms, bounds = [], [sp.Integer(0), sp.Integer(0)]
    for _ in range(number):
        c, t = draw(positives(3)), draw(rationals(-2, 2))
        frequencies = [draw(rationals(-3, 3)) for _ in range(2)]
        terms.append(f"({c})*sin(({frequencies[0]})*x + ({frequencies[1]})*y + ({t}))")
        bounds = [bound + exact(c * f**2) for bound, f in zip(bounds, frequencies, strict=True)]
    return _with_bounds(" + ".join(terms), x_box, y_box, bounds, attained=not any(bounds))


def _polynomial(draw: Any, x_box: Box, y_box: Box, number: int) -> SmoothRelation:
    tops = [max(abs(box[0].lo), abs(box[0].hi)) for box in (x_box, y_box)]
    terms, bounds = [], [sp.Integer(0), sp.Integer(0)]
    for _ in range(number):
        c, i, j = draw(rationals(-2, 2)), draw(st.integers(0, 3)), draw(st.integers(0, 3))
        terms.append(f"({c})*x**{i}*y**{j}")
        size = abs(exact(c))
        # the powers of degree i - 2 are present only for i >= 2
        bounds[0] += size * i * (i - 1) * tops[0] ** max(i - 2, 0) * tops[1] ** j
        bounds[1] += size * j * (j - 1) * tops[0] ** i * tops[1] ** max(j - 2, 0)
    # a monomial is largest at a corner
    return _with_bounds(" + ".join(terms), x_box, y_box, bounds, attained=number == 1)


def _with_bounds(text: str, x_box: Box, y_box: Box, bounds: list[sp.Expr], attained: bool) -> SmoothRelation:
    m_x, m_y = bounds

    def stated(value: sp.Expr, first: Box, second: Box) -> Any:
        return lambda one, other: value if (one, other) == (first, second) else None

    relation = Relation(
        parse_expression(text, {"x": x, "y": y}),
        text,
        "expression",
        sup_dxx=stated(m_x, x_box, y_box),
        sup_dyy=stated(m_y, x_box, y_box),
    )
    return SmoothRelation(relation, x_box, y_box, m_x, m_y, attained)


def _call(name: str, **values: Fraction | int) -> Relation:
    given = ",".join(f"{key}={value}" for key, value in values.items())
    return parse_relation(f"{name}({given})" if values else name)


def catalogue_relations() -> st.SearchStrategy[Relation]:
    """Members of the built-in families of two numbers, with random exact parameters.

    Returns
    -------
    SearchStrategy of Relation
        With all that the family knows: definiteness, bounds, expansion, facts.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(catalogue_relations(), lambda r: r.name == "laplace").text
    'laplace(ell=1)'
    """
    size, number = positives(2), rationals(-3, 3)
    half, rough = st.sampled_from((Fraction(3, 2), Fraction(5, 2))), st.sampled_from((1, 3, 5))
    return st.one_of(
        st.builds(lambda ell: _call("gaussian", ell=ell), size),
        st.sampled_from(("brownian", "brownian_bridge")).map(_call),
        st.builds(lambda order: _call("arc_cosine", order=order), st.integers(0, 1)),
        st.builds(lambda a: _call("bilinear", A=a), number),
        st.builds(lambda w: _call("exponential", w=w), number),
        st.builds(lambda ell: _call("laplace", ell=ell), size),
        st.builds(lambda nu, ell: _call("matern", nu=nu, ell=ell), half, size),
        st.builds(lambda n, ell: _call("periodic_matern", nu=Fraction(n, 2), ell=ell), rough, size),
        st.builds(lambda m: _call("periodic_sobolev", m=m), st.integers(1, 3)),
        st.builds(lambda k: _call("poisson", rho=Fraction(k, 10)), st.integers(1, 9)),
        st.builds(lambda p, c: _call("polynomial", p=p, c=c), st.integers(0, 5), number),
        st.builds(lambda ell, s: _call("shifted_gaussian", ell=ell, s=s), size, number),
        st.builds(lambda a, b: _call("sine", a=a, b=b), number, number),
        st.builds(lambda c: _call("tanh_order", c=c), number),
        st.builds(lambda kappa: _call("von_mises", kappa=kappa), size),
    )


st.register_type_strategy(SmoothRelation, smooth_relations())
