"""Random relations with exact data: positive semidefinite or asymmetric by construction."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

from relverify.core.symbols import x, y
from relverify.relations.relation import Relation
from relverify.rigor.parse import parse_expression
from relverify.strategies.matrices import symmetric_indefinite
from relverify.strategies.numbers import positives, rationals

Feature = Callable[[str], str]

# linearly independent functions, as texts in a variable
_BASIS: tuple[Feature, ...] = (
    lambda v: "1",
    lambda v: v,
    lambda v: f"{v}**2",
    lambda v: f"cos({v})",
    lambda v: f"sin({v})",
)


def _relation(text: str, psd: bool, reason: str) -> Relation:
    # read back from its own text, so that the two cannot differ
    return Relation(parse_expression(text, {"x": x, "y": y}), text, "expression", psd, reason)


@st.composite
def features(draw: Any) -> Feature:
    """Feature functions: polynomials of degree at most two, sines and cosines, with rational coefficients.

    Returns
    -------
    SearchStrategy of callable
        Given the name of a variable, the text of the function of that variable.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(features(), lambda f: "sin" in f("x"))("x")
    'sin(x)'
    """
    kind = draw(st.sampled_from(("polynomial", "cos", "sin")))
    if kind != "polynomial":
        return _wave(kind, draw(positives(3)))
    # the sign of a feature does not matter, so the leading coefficient is positive
    return _polynomial([*(draw(rationals(-2, 2)) for _ in range(draw(st.integers(0, 2)))), draw(positives(2))])


def _wave(kind: str, frequency: Fraction) -> Feature:
    return lambda v: f"{kind}({_times(frequency, v)})"


def _polynomial(coefficients: list[Fraction]) -> Feature:
    def text(v: str) -> str:
        powers = ("", v, f"{v}**2")
        terms = [_times(c, powers[k]) if k else f"({c})" for k, c in enumerate(coefficients) if c != 0]
        return " + ".join(terms)

    return text


def _times(factor: Fraction, text: str) -> str:
    return text if factor == 1 else f"({factor})*{text}"


@st.composite
def mercer_sums(draw: Any, max_terms: int = 3) -> Relation:
    """Kernels Σ λ_i f_i(x) f_i(y) with rational λ_i > 0.

    Parameters
    ----------
    max_terms : int

    Returns
    -------
    SearchStrategy of Relation
        With ``psd`` true.
    """
    terms = []
    for _ in range(draw(st.integers(1, max_terms))):
        feature, weight = draw(features()), draw(positives(3))
        terms.append(_times(weight, f"({feature('x')})*({feature('y')})"))
    return _relation(" + ".join(terms), True, "a finite Mercer sum with eigenvalues >= 0")


@st.composite
def fourier_sums(draw: Any, max_terms: int = 3) -> Relation:
    """Kernels Σ c_i cos(ω_i (x - y)) with rational ω_i and c_i > 0.

    Parameters
    ----------
    max_terms : int

    Returns
    -------
    SearchStrategy of Relation
        With ``psd`` true, by Bochner's theorem.

    Examples
    --------
    >>> from hypothesis import Phase, find, settings
    >>> find(fourier_sums(), lambda r: True, settings=settings(phases=(Phase.generate, Phase.shrink))).text
    'cos((x - y))'
    """
    terms = [
        _times(draw(positives(3)), f"cos({_times(draw(positives(4)), '(x - y)')})")
        for _ in range(draw(st.integers(1, max_terms)))
    ]
    return _relation(" + ".join(terms), True, "a finite Fourier sum with coefficients >= 0 (Bochner)")


def psd_relations(max_leaves: int = 3) -> st.SearchStrategy[Relation]:
    """Positive semidefinite kernels: Mercer and Fourier sums, their sums, products and nonnegative multiples.

    Parameters
    ----------
    max_leaves : int
        How many kernels may be combined.

    Returns
    -------
    SearchStrategy of Relation
        On all of R, with ``psd`` true and the reason; ``parse_relation(r.text)`` has the same expression.

    Examples
    --------
    >>> from hypothesis import Phase, find, settings
    >>> quick = settings(phases=(Phase.generate, Phase.shrink))
    >>> r = find(psd_relations(), lambda r: "Schur" in r.psd_reason, settings=quick)
    >>> r.psd, r.symmetric
    (True, True)
    """

    def combined(parts: st.SearchStrategy[Relation]) -> st.SearchStrategy[Relation]:
        return st.one_of(
            st.builds(lambda r, s: r + s, parts, parts),
            st.builds(lambda r, s: r * s, parts, parts),
            st.builds(lambda r, c: r * _exact(c), parts, rationals(0, 3)),
        )

    return st.recursive(st.one_of(fourier_sums(), mercer_sums()), combined, max_leaves=max_leaves)


def _exact(value: Fraction) -> Any:
    from relverify.rigor.exact import exact

    return exact(value)


@st.composite
def asymmetric_sums(draw: Any, max_size: int = 4) -> Relation:
    """Relations Σ C_ij b_i(x) b_j(y) with rational C that is not symmetric, b independent functions.

    Parameters
    ----------
    max_size : int
        At least 2, at most 5: how many of 1, x, x², cos x, sin x are used.

    Returns
    -------
    SearchStrategy of Relation
        With ``psd`` false: r(x, y) = r(y, x) would make C symmetric.
    """
    size = draw(st.integers(2, max_size))
    entries = [[draw(rationals(-2, 2)) for _ in range(size)] for _ in range(size)]
    gap = draw(positives(2))
    entries[0][1] = entries[1][0] + gap
    terms = [
        _times(c, f"{_BASIS[i]('x')}*{_BASIS[j]('y')}")
        for i, row in enumerate(entries)
        for j, c in enumerate(row)
        if c != 0
    ]
    return _relation(" + ".join(terms), False, "it is not symmetric")


@st.composite
def ridges(draw: Any) -> Relation:
    """Relations tanh(ax + by + c) and sin(ax + by + c) with rational a ≠ b.

    Returns
    -------
    SearchStrategy of Relation
        With ``psd`` false: exchanging x and y changes the argument, and no rational c makes up for it in a sine.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(ridges(), lambda r: r.expr.has(x) and r.expr.has(y)).symmetric
    False
    """
    function = draw(st.sampled_from(("tanh", "sin")))
    a = draw(rationals(-3, 3))
    b = a + draw(st.one_of(positives(3), positives(3).map(lambda gap: -gap)))
    return _relation(f"{function}(({a})*x + ({b})*y + ({draw(rationals(-2, 2))}))", False, "it is not symmetric")


@st.composite
def indefinite_relations(draw: Any, max_size: int = 4) -> Relation:
    """Symmetric relations Σ C_ij b_i(x) b_j(y) that are neither PSD nor the negative of a PSD kernel.

    C is rational, symmetric and has eigenvalues of both signs (Sylvester); the functions b are independent on every
    interval, so that some weights at some points of it give quadratic forms of both signs.

    Parameters
    ----------
    max_size : int
        At least 2, at most 5: how many of 1, x, x², cos x, sin x are used.

    Returns
    -------
    SearchStrategy of Relation
        With ``psd`` false.

    Examples
    --------
    >>> from hypothesis import Phase, find, settings
    >>> r = find(indefinite_relations(), lambda r: True, settings=settings(phases=(Phase.generate,)))
    >>> r.psd, r.symmetric
    (False, True)
    """
    matrix = draw(symmetric_indefinite(max_size))
    size = matrix.nrows()
    terms = [
        _times(Fraction(int(matrix[i, j].p), int(matrix[i, j].q)), f"{_BASIS[i]('x')}*{_BASIS[j]('y')}")
        for i in range(size)
        for j in range(size)
        if matrix[i, j] != 0
    ]
    return _relation(" + ".join(terms), False, "it has eigenvalues of both signs")


def asymmetric_relations() -> st.SearchStrategy[Relation]:
    """Relations that are not symmetric, proved so by construction: :func:`ridges` and :func:`asymmetric_sums`.

    Returns
    -------
    SearchStrategy of Relation
        With ``psd`` false.
    """
    return st.one_of(ridges(), asymmetric_sums())


def relations() -> st.SearchStrategy[Relation]:
    """Smooth relations: :func:`psd_relations`, :func:`indefinite_relations` and :func:`asymmetric_relations`."""
    return st.one_of(psd_relations(), indefinite_relations(), asymmetric_relations())


st.register_type_strategy(Relation, relations())
