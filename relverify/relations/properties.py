"""The properties of a relation on boxes that theorems ask for by name.

A theorem names a property in ``Quantity.of_relation``. A family states it in closed form in ``Relation.facts`` where it
can, or says there why it has no finite value; otherwise it is enclosed here and rounded up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import sympy as sp

from relverify.core.box import Box
from relverify.core.theorem import Theorem
from relverify.errors import InputError
from relverify.relations import barron, bernstein
from relverify.relations.indefinite import negative_form
from relverify.relations.relation import Relation
from relverify.relations.sup import supremum
from relverify.rigor.calculus import derivative
from relverify.rigor.quadrature import integral


@dataclass(frozen=True)
class Property:
    """A number that a relation on boxes determines, or an upper bound of it.

    Parameters
    ----------
    name : str
        As theorems name it.
    meaning : str
        In words.
    compute : callable
        From a relation and the boxes of x and y to an exact number, where the family has no closed form.
    """

    name: str
    meaning: str
    compute: Callable[[Relation, Box, Box], sp.Expr]

    def __call__(self, relation: Relation, x: Box, y: Box) -> sp.Expr:
        """The value; raises :class:`relverify.errors.InputError` with the reason where it is infinite or not known."""
        known = relation.facts.get(self.name)
        if isinstance(known, str):
            problem = f"{relation.text} has no finite {self.name} ({self.meaning}): {known}"
            raise InputError("relation", problem, "a relation that has one, or the value itself")
        value = known(x, y) if known else None
        return self.compute(relation, x, y) if value is None else value


_FOUND: dict[str, Property] = {}


def _property(name: str, meaning: str) -> Callable[[Callable[[Relation, Box, Box], sp.Expr]], None]:
    def keep(compute: Callable[[Relation, Box, Box], sp.Expr]) -> None:
        _FOUND[name] = Property(name, meaning, compute)

    return keep


def _both(name: str, meaning: str) -> Callable[[Callable[[str, Relation, Box, Box], sp.Expr]], None]:
    """A property of each of the two variables."""

    def keep(compute: Callable[[str, Relation, Box, Box], sp.Expr]) -> None:
        for var in "xy":
            _property(f"{name}_{var}", meaning.format(var))(lambda r, x, y, v=var: compute(v, r, x, y))  # type: ignore[misc]

    return keep


def _one(relation: Relation, name: str) -> tuple[sp.Symbol, sp.Symbol]:
    if not relation.one_dimensional:
        raise InputError("relation", f"{relation.text} has several coordinates", f"numbers x and y for {name}")
    return relation.x_symbols[0], relation.y_symbols[0]


def _missing(relation: Relation, what: str) -> InputError:
    return InputError("relation", f"{relation.text} has no stored {what}", "a family that states it, or the value")


@_both("length", "length of the interval of {}")
def _(var: str, relation: Relation, x: Box, y: Box) -> sp.Expr:
    return (x if var == "x" else y)[0].length


@_both("second_derivative", "sup of the second derivative in {} (operator norm of the Hessian)")
def _(var: str, relation: Relation, x: Box, y: Box) -> sp.Expr:
    return relation.second_derivative_sup(var, x, y)


@_both("lipschitz", "sup of the slope in {}")
def _(var: str, relation: Relation, x: Box, y: Box) -> sp.Expr:
    pair = _one(relation, "lipschitz")
    slope = derivative(relation.expr, pair[0 if var == "x" else 1])
    return _bounded(relation, slope, x, y, f"slope in {var}", "Lipschitz")


@_both("slope_variation", "largest total variation of the slope in {} of a section, sup ∫|r''| where r is smooth")
def _(var: str, relation: Relation, x: Box, y: Box) -> sp.Expr:
    return _section(relation, var, x, y, curved=False)


@_both("curved_barron", "largest curved Barron norm in {} of a section, V' = sup ∫|r''(s)|√(1+s²)ds, for (x, 1)")
def _(var: str, relation: Relation, x: Box, y: Box) -> sp.Expr:
    return _section(relation, var, x, y, curved=True)


@_both("augmented_radius", "sup of ‖(x, 1)‖ over the interval of {}")
def _(var: str, relation: Relation, x: Box, y: Box) -> sp.Expr:
    side = (x if var == "x" else y)[0]
    return sp.sqrt(1 + max(abs(side.lo), abs(side.hi)) ** 2)


def _bend(relation: Relation, x: Box, y: Box, name: str) -> sp.Expr:
    from relverify.lower.curvature import bend
    from relverify.rigor.exact import from_fmpq

    _one(relation, name)
    found = bend(relation, x, y)
    if found is None:
        raise InputError("relation", f"{relation.text} has no proved {name}", "a relation that bends in x")
    return from_fmpq(found.mu if name == "bend" else found.length)


@_property("bend", "at most |∂²r/∂x²|, of one sign, on an interval of x for some y: the one with the largest bound")
def _(relation: Relation, x: Box, y: Box) -> sp.Expr:
    return _bend(relation, x, y, "bend")


@_property("bend_length", "length of that interval")
def _(relation: Relation, x: Box, y: Box) -> sp.Expr:
    return _bend(relation, x, y, "bend_length")


@_property("sup", "sup of |r|")
def _(relation: Relation, x: Box, y: Box) -> sp.Expr:
    return relation.sup(x, y)


@_property("third_derivative", "the larger of sup|∂³r/∂x³| and sup|∂³r/∂x²∂y|")
def _(relation: Relation, x: Box, y: Box) -> sp.Expr:
    pair = _one(relation, "third_derivative")
    second = derivative(relation.expr, pair[0], 2)
    return max(
        _bounded(relation, derivative(second, s), x, y, "third derivative", "three times differentiable") for s in pair
    )


@_property("diagonal_root", "sup of √r(x, x), at least the norm of every cut of the features")
def _(relation: Relation, x: Box, y: Box) -> sp.Expr:
    same = dict(zip(relation.y_symbols, relation.x_symbols, strict=True))
    cell = {s: side.ends for s, side in zip(relation.x_symbols, x.sides, strict=True)}
    return sp.sqrt(supremum(relation.expr.xreplace(same), cell))


@_property("kernel_barron", "∫ √(∂²_x∂²_y r(s,s)) √(1+s²) ds, the curved Barron norm of x ↦ r(x, ·) in its RKHS")
def _(relation: Relation, x: Box, y: Box) -> sp.Expr:
    symbol, other = _one(relation, "kernel_barron")
    known_psd(relation, x, y, "a PSD kernel for kernel_barron")
    mixed = derivative(derivative(relation.expr, symbol, 2), other, 2).subs(other, symbol)
    if mixed.has(sp.DiracDelta, sp.nan, sp.zoo):
        problem = f"{relation.text} has no finite kernel_barron: ∂⁴r/∂x²∂y² is not a function on the diagonal"
        raise InputError("relation", problem, "a kernel of that smoothness")
    density = sp.sqrt(sp.simplify(mixed))
    if not density.free_symbols:
        return density * barron.augmented_length(x[0])
    ball = integral(density * sp.sqrt(1 + symbol**2), symbol, x[0].lo, x[0].hi)
    if not ball.is_finite():
        raise InputError("relation", f"the Barron norm of {relation.text} is not enclosed", "a smooth PSD kernel")
    return barron.integral_bound(ball)


@_property("bernstein_rho", "ρ of an ellipse around the box of x on which r is analytic in x")
def _(relation: Relation, x: Box, y: Box) -> sp.Expr:
    return _ellipse(relation, x, y)[0]


@_property("bernstein_sup", "sup of |r| for x in that ellipse")
def _(relation: Relation, x: Box, y: Box) -> sp.Expr:
    return _ellipse(relation, x, y)[1]


@_property("circumradius", "radius of the ball around the box of (x, y)")
def _(relation: Relation, x: Box, y: Box) -> sp.Expr:
    return sp.sqrt(sum(side.length**2 for side in x.sides + y.sides)) / 2


@_property("diameter", "diameter of the box of x")
def _(relation: Relation, x: Box, y: Box) -> sp.Expr:
    return sp.sqrt(sum(side.length**2 for side in x.sides))


@_property("fourier_mass", "V with r = V E cos(ξ·(x, y) + θ)")
def _(relation: Relation, x: Box, y: Box) -> sp.Expr:
    raise _missing(relation, "Fourier representation")


@_property("fourier_frequency", "Ω = √E‖ξ‖² of that representation, ξ the frequency of (x, y)")
def _(relation: Relation, x: Box, y: Box) -> sp.Expr:
    raise _missing(relation, "Fourier representation")


@_property("spectral_frequency", "Ω = √E‖ω‖² of the spectral measure of a kernel r(x - y)")
def _(relation: Relation, x: Box, y: Box) -> sp.Expr:
    raise _missing(relation, "spectral measure")


@_property("grid_slope", "c with error at most c h of interpolation in both variables on equal grids of step h")
def _(relation: Relation, x: Box, y: Box) -> sp.Expr:
    # each variable: slopes of size S and linear interpolation between nodes h apart err by S h/2 at most
    return (PROPERTIES["lipschitz_x"](relation, x, y) + PROPERTIES["lipschitz_y"](relation, x, y)) / 2


PROPERTIES: Mapping[str, Property] = dict(_FOUND)


def _bounded(relation: Relation, expr: sp.Expr, x: Box, y: Box, what: str, wanted: str) -> sp.Expr:
    cell = {s: side.ends for s, side in zip(relation.x_symbols + relation.y_symbols, x.sides + y.sides, strict=True)}
    try:
        return supremum(expr, cell)
    except ArithmeticError:
        problem = f"{relation.text} has no bounded {what} on {x} x {y}"
        raise InputError("relation", problem, f"a relation that is {wanted} there") from None


def _section(relation: Relation, var: str, x: Box, y: Box, curved: bool) -> sp.Expr:
    pair, sides = _one(relation, "slope_variation"), (x[0], y[0])
    if var == "y":
        pair, sides = pair[::-1], sides[::-1]
    try:
        return barron.greatest_section(relation.expr, *pair, *sides, curved)
    except ArithmeticError:
        problem = f"the slope of {relation.text} in {var} has no variation that is bounded by |r''| on {x} x {y}"
        raise InputError("relation", problem, "a relation that is twice differentiable there") from None


@lru_cache(maxsize=16)
def _ellipse(relation: Relation, x: Box, y: Box) -> tuple[sp.Expr, sp.Expr]:
    symbol, other = _one(relation, "bernstein_rho")
    return bernstein.best_ellipse(relation.expr, symbol, x[0], {other: y[0]}, relation.text)


def known_psd(relation: Relation, x: Box, y: Box, accepted: str) -> bool:
    """Whether a relation is known to be PSD; False if that is neither proved nor refuted.

    Raises
    ------
    InputError
        If it is not symmetric, or not PSD.
    """
    what = f"{relation.text} is not symmetric positive semidefinite"
    if x != y:
        raise InputError("relation", f"{what}: its boxes {x} and {y} differ", accepted)
    if not relation.symmetric:
        if relation.asymmetric:
            raise InputError("relation", f"{what}: r(x, y) and r(y, x) differ", accepted)
        raise InputError("relation", f"{relation.text} is not known to be symmetric", accepted)
    psd = relation.psd_on(x)
    reason = relation.psd_reason if psd is False else "" if psd else negative_form(relation, x)
    if psd is False or reason:
        raise InputError("relation", f"{what} on {x}" + (f": {reason}" if reason else ""), accepted)
    return psd is True


def constants(
    theorem: Theorem, relation: Relation, x: Box, y: Box, wanted: set[str], assumed: list[str] | None = None
) -> dict[str, sp.Expr]:
    """The values of the quantities of a theorem that a relation on boxes determines.

    Parameters
    ----------
    theorem : Theorem
    relation : Relation
    x, y : Box
        One-dimensional.
    wanted : set of str
        The names of the symbols to compute.
    assumed : list of str, optional
        Receives the hypotheses that are neither proved nor refuted; without it they are refused.

    Returns
    -------
    dict
        Exact upper bounds, by the name of the symbol.

    Raises
    ------
    InputError
        If the relation does not have a property that the theorem needs, with the reason.

    Examples
    --------
    >>> from relverify.core.box import parse_box
    >>> from relverify.core.registry import theorem
    >>> from relverify.relations import parse_relation
    >>> unit = parse_box("[0,1]")
    >>> constants(theorem("grid-neurons"), parse_relation("gaussian(ell=1/2)"), unit, unit, {"L", "M"})
    {'L': 1, 'M': 4}
    """
    symmetric_only = any(isinstance(h, str) and "PSD" in h for h in theorem.formal().hypotheses)
    if symmetric_only:
        accepted = f"a PSD kernel for {theorem.label}"
        if not known_psd(relation, x, y, accepted):
            if assumed is None:
                problem = f"{relation.text} is not known to be positive semidefinite on {x}"
                raise InputError("relation", problem, accepted)
            assumed.append(f"{relation.text} is positive semidefinite on {x} (neither proved nor refuted)")
    found: dict[str, sp.Expr] = {}
    for quantity in theorem.formal().quantities:
        if quantity.symbol.name in wanted and quantity.of_relation:
            found[quantity.symbol.name] = PROPERTIES[quantity.of_relation](relation, x, y)
    return found
