"""Expansions of kernels in features, with the tails that are left when they are cut."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import sympy as sp

Point = tuple[sp.Expr, ...]


@dataclass(frozen=True)
class Spectrum:
    """The integral operator of which the features are eigenfunctions: f_i = √λ_i e_i with orthonormal e_i.

    Parameters
    ----------
    eigenvalue : callable
        Given i >= 1, λ_i.
    domain : tuple of Expr
        The ends of the interval of integration.
    density : Expr
        Of the measure, a constant.
    periodic : bool
        Whether the kernel is a function of x - y that has the length of the domain as a period. It may then be
        written in a way that holds for differences of at most half a period.
    """

    eigenvalue: Callable[[int], sp.Expr]
    domain: tuple[sp.Expr, sp.Expr]
    density: sp.Expr
    periodic: bool = False


@dataclass(frozen=True)
class Expansion:
    """A feature expansion r(x, y) = Σ f_i(x) f_i(y), cut after d features.

    Parameters
    ----------
    feature : callable
        Given ``i >= 1``, the expression f_i in the coordinates of x.
    tail : callable
        Given d >= 0, the expression of τ_d = sup_x Σ_{i>d} f_i(x)², or of an upper bound of it.
    energy : Expr
        sup_x r(x, x), which bounds K² for every cut.
    bib_key : str
        Where the expansion stands.
    cut : callable
        Given k >= 0, the number of features in the first k blocks, which belong together (eigenspaces, degrees).
        Between the cuts the tail is that of the cut before.
    attained : callable, optional
        Given k, a point x at which Σ_{i>d} f_i(x)² = τ_d for d = cut(k): there the tail is exact.
    lower : callable, optional
        Given d, a lower bound of τ_d, where the tail is an upper bound only.
    size : int or None
        The number of features, if it is finite.
    spectrum : Spectrum, optional
        Where the features are eigenfunctions.
    note : str
        For the reader, where the expressions are too long to say what they are.
    """

    feature: Callable[[int], sp.Expr]
    tail: Callable[[int], sp.Expr]
    energy: sp.Expr
    bib_key: str
    cut: Callable[[int], int] = lambda k: k
    attained: Callable[[int], Point] | None = None
    lower: Callable[[int], sp.Expr] | None = None
    size: int | None = None
    spectrum: Spectrum | None = None
    note: str = ""


def on_circle(
    coefficient: Callable[[int], sp.Expr],
    remainder: Callable[[int], sp.Expr],
    total: sp.Expr,
    angle: sp.Expr,
    point: sp.Expr,
    bib_key: str,
    frequency: Callable[[int], int] = lambda k: k,
    period: sp.Expr = 2 * sp.pi,
) -> Expansion:
    """The expansion of a kernel r(θ) = λ_0 + 2 Σ λ_k cos(kθ), θ the difference of two angles.

    Parameters
    ----------
    coefficient : callable
        Given k >= 0, λ_k at the frequency of the block k, positive; λ_0 of the constant.
    remainder : callable
        Given K >= 0, the sum of 2λ_k over the blocks k > K.
    total : Expr
        r(0).
    angle : Expr
        In the coordinate of x.
    point : Expr
        Any value of that coordinate: tails are the same everywhere.
    bib_key : str
    frequency : callable
        The frequency of the block k >= 1, if it is not k; the others have λ_k = 0.
    period : Expr
        Of the coordinate.

    Returns
    -------
    Expansion
        √λ_0, then √(2λ_k) cos and √(2λ_k) sin for each block. A cut within a block has the tail of the cut before.
    """

    def feature(i: int) -> sp.Expr:
        if i == 1:
            return sp.sqrt(coefficient(0))
        k = i // 2
        wave = sp.cos if i % 2 == 0 else sp.sin
        return sp.sqrt(2 * coefficient(k)) * wave(frequency(k) * angle)

    def tail(d: int) -> sp.Expr:
        return total if d == 0 else remainder((d - 1) // 2)

    spectrum = Spectrum(
        lambda i: coefficient(i // 2), (sp.Integer(0), sp.sympify(period)), 1 / sp.sympify(period), periodic=True
    )
    return Expansion(
        feature,
        tail,
        total,
        bib_key,
        cut=lambda k: max(0, 2 * k - 1),
        attained=lambda k: (point,),
        spectrum=spectrum,
    )
