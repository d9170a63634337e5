"""The closed forms of the catalogue against high-precision sums, known values and independent enclosures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import pytest
import sympy as sp
from flint import arb, ctx, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp

from relverify.core.box import interval, parse_box
from relverify.core.symbols import x, y
from relverify.errors import InputError
from relverify.relations import Relation, families, parse_relation
from relverify.relations.arc_cosine import harmonics, sphere_coefficient, sphere_tail
from relverify.relations.brownian_bridge import CHECKED, largest_at, rest
from relverify.relations.laplace import lower_tail, upper_tail
from relverify.relations.periodic_matern import geodesic_coefficient, quick_tail
from relverify.relations.properties import PROPERTIES
from relverify.relations.sup import supremum
from relverify.relations.von_mises import quick_tail as von_mises_quick_tail
from relverify.rigor.decide import Verdict
from relverify.rigor.enclose import enclose
from relverify.rigor.exact import to_fmpq
from relverify.rigor.quadrature import integral
from relverify.rigor.second_opinion import evaluate
from relverify.strategies.numbers import rationals

UNIT = parse_box("[0,1]")
# what is left after the first K blocks, each as the sum of its terms k > K
TERMS: dict[tuple[str, str], Callable[[Any], Any]] = {
    ("brownian", "[0,1]"): lambda k: 2 / (mp.pi * (k - mp.mpf(1) / 2)) ** 2,
    ("gaussian(ell=1/2)", "[0,1]"): lambda k: mp.exp(-1) / mp.factorial(k - 1),
    ("gaussian(ell=1,dim=2)", "[0,1]^2"): lambda k: mp.exp(-0.5) * mp.mpf(0.5) ** (k - 1) / mp.factorial(k - 1),
    ("exponential(w=2)", "[0,1]"): lambda k: mp.mpf(2) ** (k - 1) / mp.factorial(k - 1),
    ("arc_cosine(order=0)", "[0,1]"): lambda k: 4 / (mp.pi * (2 * (k - 1) - 1)) ** 2,
    ("arc_cosine(order=1)", "[0,1]"): lambda k: 8 / (mp.pi * ((2 * (k - 2)) ** 2 - 1)) ** 2,
    ("periodic_sobolev(m=1)", "[0,1]"): lambda k: 2 / (2 * mp.pi * (k - 1)) ** 2,
    ("periodic_sobolev(m=3)", "[0,1]"): lambda k: 2 / (2 * mp.pi * (k - 1)) ** 6,
    ("von_mises(kappa=1)", "[0,1]"): lambda k: 2 * mp.besseli(k - 1, 1),
    ("poisson(rho=1/3)", "[0,1]"): lambda k: 2 / mp.mpf(3) ** (k - 1),
    ("periodic_matern(nu=1/2,ell=1)", "[0,1]"): lambda k: 2 / (mp.pi * (1 + (k - 1) ** 2)),
    ("periodic_matern(nu=3/2,ell=1)", "[0,1]"): lambda k: 4 * mp.sqrt(27) / (mp.pi * (3 + (k - 1) ** 2) ** 2),
    ("periodic_matern(nu=5/2,ell=1)", "[0,1]"): lambda k: 16 * mp.sqrt(5) ** 5 / (3 * mp.pi * (5 + (k - 1) ** 2) ** 3),
}


@pytest.mark.parametrize(("text", "ends"), TERMS)
@pytest.mark.parametrize("blocks", [3, 6])
def test_tails_are_the_sums_of_their_terms(text: str, ends: str, blocks: int) -> None:
    expansion = parse_relation(text).expansion(parse_box(ends))
    assert expansion is not None
    with mpmath.workdps(30):
        total = mpmath.nsum(lambda k: TERMS[text, ends](k), [blocks + 1, mpmath.inf])
        tail = evaluate(expansion.tail(expansion.cut(blocks)), digits=40)
        assert abs(total / tail - 1) < mp.mpf(10) ** -16


@pytest.mark.parametrize("dim", [2, 3, 4, 5])
@pytest.mark.parametrize("order", [0, 1])
def test_sphere_coefficients_are_those_of_the_kernel(order: int, dim: int) -> None:
    """b_k = N(dim, k) times the mean of κ(t) P_k(t), by certified quadrature over the angle."""
    angle = sp.Symbol("theta", real=True)
    kernel = 1 - angle / sp.pi if order == 0 else (sp.sin(angle) + (sp.pi - angle) * sp.cos(angle)) / sp.pi
    weight = sp.sin(angle) ** (dim - 2)
    mass = integral(weight, angle, 0, sp.pi)
    for k in range(5):
        t = sp.cos(angle)
        if dim == 2:
            polynomial = sp.cos(k * angle)
        else:
            alpha = sp.Rational(dim - 2, 2)
            polynomial = sp.gegenbauer(k, alpha, t) / sp.gegenbauer(k, alpha, 1)
        found = integral(kernel * sp.expand(polynomial) * weight, angle, 0, sp.pi) / mass
        assert (found * arb(int(harmonics(dim, k)))).overlaps(enclose(sphere_coefficient(order, dim, k)))


@pytest.mark.parametrize("order", [0, 1])
@pytest.mark.parametrize("dim", [2, 3, 6])
def test_sphere_tails_decrease_to_zero(order: int, dim: int) -> None:
    tails = [enclose(sphere_tail(order, dim, degree)) for degree in (1, 9, 41)]
    # ~ K^-1 for order 0, K^-3 for order 1
    assert all(t > 0 for t in tails) and tails[2] < tails[1] / (3 if order == 0 else 50)
    if dim == 2:
        relation = parse_relation(f"arc_cosine(order={order})")
        expansion = relation.expansion(UNIT)
        assert expansion is not None
        # all degrees up to 9 are the frequencies 1, 3, …, 9 or 1, 2, 4, …, 8
        assert enclose(expansion.tail(11)).overlaps(tails[1])


def test_sphere_values() -> None:
    assert [sphere_coefficient(0, 3, k) for k in range(6)] == [
        sp.S(1) / 2,
        sp.S(3) / 8,
        0,
        sp.S(7) / 128,
        0,
        sp.S(11) / 512,
    ]
    assert [sphere_coefficient(1, 3, k) for k in range(5)] == [
        sp.S(3) / 8,
        sp.S(1) / 2,
        sp.S(15) / 128,
        0,
        sp.S(3) / 512,
    ]


def test_the_first_maximum_of_the_bridge_is_the_largest() -> None:
    """Beyond 1/(d+½) the rest is at most (ψ'(d+1) + 1/((d+1)² sin πx))/π², largest at the left end."""
    for d in [*range(2, 40), 64, 100, 177, CHECKED]:
        largest = enclose(rest(d, largest_at(d)))
        beyond = sp.polygamma(1, sp.Integer(d + 1), evaluate=False) + 1 / (
            (d + 1) ** 2 * sp.sin(sp.pi / (d + sp.Rational(1, 2)))
        )
        assert enclose(beyond / sp.pi**2) < largest
    # for d = 1 the other candidate is the middle
    assert enclose(rest(1, sp.Rational(1, 2))) < enclose(rest(1, largest_at(1)))


@pytest.mark.slow
def test_the_first_maximum_of_the_bridge_is_the_largest_for_all_that_are_claimed() -> None:
    for d in range(40, CHECKED + 1):
        beyond = sp.polygamma(1, sp.Integer(d + 1), evaluate=False) + 1 / (
            (d + 1) ** 2 * sp.sin(sp.pi / (d + sp.Rational(1, 2)))
        )
        assert enclose(beyond / sp.pi**2) < enclose(rest(d, largest_at(d)))


@pytest.mark.parametrize(("d", "value"), [(1, "0.0899934"), (2, "0.0544031"), (3, "0.0389419")])
def test_tails_of_the_bridge(d: int, value: str) -> None:
    expansion = parse_relation("brownian_bridge").expansion(UNIT)
    assert expansion is not None
    assert abs(enclose(expansion.tail(d)) - arb(value)) < arb("6e-8")
    searched = supremum(rest(d, x).doit(), {x: (fmpq(0), fmpq(1))})
    assert enclose(expansion.tail(d)) <= arb(to_fmpq(searched)) <= enclose(expansion.tail(d)) * arb("1.002")


@pytest.mark.parametrize(("d", "low", "high"), [(5, "0.08855", "0.08870"), (20, "0.020765", "0.020767")])
def test_brackets_of_the_laplace_kernel(d: int, low: str, high: str) -> None:
    one = sp.Integer(1)
    below, above = enclose(lower_tail(d, one)), enclose(upper_tail(d, one))
    assert below <= above and abs(below - arb(low)) < arb("1e-5") and abs(above - arb(high)) < arb("1e-5")
    # the bound without roots: 4c/(π²d²+b²) + (4c/(πb)) arctan(b/(πd)), b² = c² + 2c
    b = sp.sqrt(3)
    assert above <= enclose(4 / (sp.pi**2 * d**2 + 3) + 4 / (sp.pi * b) * sp.atan(b / (sp.pi * d)))


@settings(max_examples=8)
@given(st.integers(1, 12), rationals("1/2", 3))
def test_quick_tails_are_upper_bounds(k: int, size) -> None:
    value = sp.Rational(size.numerator, size.denominator)
    cut = 2 * k + 1
    kernel = parse_relation(f"von_mises(kappa={value})").expansion(UNIT)
    assert kernel is not None
    if value < 2 * (k + 2):
        assert enclose(kernel.tail(cut), prec=400) <= enclose(von_mises_quick_tail(k, value), prec=400)
    for nu in (sp.Rational(1, 2), sp.Rational(3, 2), sp.Rational(5, 2)):
        periodic = parse_relation(f"periodic_matern(nu={nu},ell={value})").expansion(UNIT)
        assert periodic is not None
        assert enclose(periodic.tail(cut), prec=256) <= enclose(quick_tail(nu, sp.sqrt(2 * nu) / value, k), prec=256)


@pytest.mark.parametrize("name", sorted(n for n, f in families().items() if f.false_claims))
def test_false_claims_are_refuted(name: str) -> None:
    for claim in families()[name].false_claims:
        decision = claim.refute()
        assert decision.verdict is Verdict.REFUTED, claim.claim


def test_the_geodesic_kernel_of_smoothness_one_half_is_psd() -> None:
    """λ_k = a(1 - (-1)^k e^{-aπ})/(π(a² + k²)), so the refutation of the others is not an artefact."""
    with ctx.workprec(128):
        for k in range(5):
            a = sp.Rational(1, 2)
            exact = a * (1 - (-1) ** k * sp.exp(-a * sp.pi)) / (sp.pi * (a**2 + k**2))
            found = integral(sp.exp(-a * x) * sp.cos(k * x) / sp.pi, x, 0, sp.pi)
            assert found.overlaps(enclose(exact)) and found > 0
    assert geodesic_coefficient(sp.Rational(3, 2), sp.Rational(1, 2), 0, 64) > 0


CURVATURE = {
    "polynomial(p=3,c=1)": (12, 12), "polynomial(p=1,c=1)": (0, 0), "gaussian(ell=1/3)": (9, 9),
    "shifted_gaussian(ell=1/2,s=1/3)": (4, 4), "exponential(w=2)": (4 * sp.exp(2), 4 * sp.exp(2)),
    "exponential(w=-1)": (1, sp.E), "matern(nu=3/2,ell=1/2)": (12, 12),
    "matern(nu=5/2,ell=1/2)": (sp.Rational(20, 3),) * 2, "von_mises(kappa=2)": (2 * sp.exp(2),) * 2,
    "poisson(rho=1/3)": (3, 3), "arc_cosine(order=1)": (1, 1), "sine(a=1,b=1)": (1, 1),
    "sine(a=1,b=0)": (sp.sin(1), sp.sin(1)), "tanh_order(c=4)": (64 / (3 * sp.sqrt(3)),) * 2,
    "tanh_order(c=1/4)": (sp.tanh(sp.Rational(1, 4)) / sp.cosh(sp.Rational(1, 4)) ** 2 / 8,
                          sp.tanh(sp.Rational(1, 2)) / sp.cosh(sp.Rational(1, 2)) ** 2 / 8),
    "bilinear(A=3)": (0, 0),
}  # fmt: skip


@pytest.mark.parametrize("text", CURVATURE)
def test_suprema_of_second_derivatives(text: str) -> None:
    for ends, expected in zip(("[0,1]", "[-1,1]"), CURVATURE[text], strict=True):
        box = parse_box(ends)
        found = parse_relation(text).second_derivative_sup("x", box, box)
        assert enclose(found).overlaps(enclose(sp.sympify(expected))), (text, ends, found)


def test_a_shift_beyond_the_box() -> None:
    """Where x - y = s is not reached the supremum is at an end, or where (x-y-s)² = 3 ell²."""
    relation = parse_relation("shifted_gaussian(ell=1/2,s=3/2)")
    inside = relation.second_derivative_sup("x", UNIT, UNIT)
    assert enclose(inside).overlaps(enclose(8 * sp.exp(sp.Rational(-3, 2))))
    searched = supremum(relation.expr.diff(x, 2), {x: UNIT[0].ends, y: UNIT[0].ends})
    assert enclose(inside) <= arb(to_fmpq(searched)) <= enclose(inside) * arb("1.002")


STATED = ["brownian", "brownian_bridge", "laplace(ell=1/2)", "arc_cosine(order=0)", "periodic_sobolev(m=1)"]


@pytest.mark.parametrize("text", [*STATED, "periodic_matern(nu=1/2,ell=1)"])
@pytest.mark.parametrize("pieces", [1, 3])
def test_grid_slopes_bound_the_error_of_interpolation(text: str, pieces: int) -> None:
    """|r - I r| at the middles and quarters of the cells is at most c h, and the exact ones are attained."""
    relation, h = parse_relation(text), sp.Rational(1, pieces)
    slope = PROPERTIES["grid_slope"](relation, UNIT, UNIT)
    places = [fmpq(1, 4), fmpq(1, 2), fmpq(4, 5)]
    cells = [(i, j) for i in range(pieces) for j in range(pieces)]
    errors = [_interpolation_error(relation, pieces, i, j, s, t) for i, j in cells for s in places for t in places]
    worst = arb(0)
    for error in errors:
        worst = worst.max(abs(error))
    bound = enclose(slope * h)
    assert not worst > bound
    if text in ("brownian", "brownian_bridge", "arc_cosine(order=0)"):
        assert worst.overlaps(bound)


def _interpolation_error(relation: Relation, pieces: int, i: int, j: int, s: fmpq, t: fmpq) -> arb:
    def value(p: fmpq, q: fmpq) -> arb:
        return relation.functions.value(arb(p / pieces), arb(q / pieces))

    corners = [
        ((1 - s) * (1 - t), fmpq(i), fmpq(j)),
        ((1 - s) * t, fmpq(i), fmpq(j + 1)),
        (s * (1 - t), fmpq(i + 1), fmpq(j)),
        (s * t, fmpq(i + 1), fmpq(j + 1)),
    ]
    return value(i + s, j + t) - sum((weight * value(p, q) for weight, p, q in corners), arb(0))


@pytest.mark.parametrize("text", ["brownian", "brownian_bridge", "laplace(ell=1/2)"])
def test_variations_across_a_kink(text: str) -> None:
    """The section at the middle: the jump of the slope, and the variation of its two smooth parts."""
    relation, half = parse_relation(text), sp.Rational(1, 2)
    stated = enclose(PROPERTIES["slope_variation_x"](relation, UNIT, UNIT))
    sides = [
        relation.expr.subs(y, half).xreplace({sp.Min(x, half): a, sp.Abs(x - half): b})
        for a, b in ((x, half - x), (half, x - half))
    ]
    slopes = [side.diff(x) for side in sides]
    jump = abs(slopes[1].subs(x, half) - slopes[0].subs(x, half))
    smooth = [abs(slopes[0].subs(x, half) - slopes[0].subs(x, 0)), abs(slopes[1].subs(x, 1) - slopes[1].subs(x, half))]
    assert stated.overlaps(enclose(jump + sp.Add(*smooth)))


STATIONARY = [
    "gaussian(ell=1/2)", "matern(nu=3/2,ell=1/2)", "matern(nu=5/2,ell=2)", "von_mises(kappa=2)", "poisson(rho=1/3)",
    "periodic_sobolev(m=2)", "periodic_sobolev(m=3)", "periodic_matern(nu=3/2,ell=1)", "periodic_matern(nu=5/2,ell=1)",
    "arc_cosine(order=1)",
]  # fmt: skip


@pytest.mark.parametrize("text", STATIONARY)
def test_spectral_data_are_those_of_the_kernel_at_zero(text: str) -> None:
    """V = r(0), V Ω² = -r''(0), and in (x, y) the frequency is (w, -w)."""
    relation = parse_relation(text)
    mass, single, joint = (
        PROPERTIES[name](relation, UNIT, UNIT) for name in ("fourier_mass", "spectral_frequency", "fourier_frequency")
    )
    at_zero = relation.functions.value(arb(0), arb(0))
    curvature = relation.functions.dxx(arb(0), arb(0))
    assert enclose(mass).overlaps(at_zero)
    assert (enclose(mass * single**2) + curvature).contains(0)
    assert enclose(joint**2).overlaps(enclose(2 * single**2))


@pytest.mark.parametrize("text", ["gaussian(ell=1/2)", "matern(nu=5/2,ell=2)", "von_mises(kappa=2)", "poisson(rho=1/3)",
                                  "periodic_matern(nu=5/2,ell=1)"])  # fmt: skip
def test_stated_kernel_barron_norms_are_those_of_the_expression(text: str) -> None:
    from dataclasses import replace

    relation = parse_relation(text)
    stated = enclose(PROPERTIES["kernel_barron"](relation, UNIT, UNIT))
    general = enclose(PROPERTIES["kernel_barron"](replace(relation, facts={}), UNIT, UNIT))
    assert stated <= general * arb("1.00001") and general <= stated * arb("1.00001")


@pytest.mark.parametrize("text", [*STATED, "matern(nu=3/2,ell=1)", "arc_cosine(order=1)", "periodic_sobolev(m=2)"])
def test_infinite_kernel_barron_norms_are_refused_with_the_reason(text: str) -> None:
    with pytest.raises(InputError, match="on the diagonal"):
        PROPERTIES["kernel_barron"](parse_relation(text), UNIT, UNIT)


@pytest.mark.parametrize(
    "text", ["laplace(ell=1)", "periodic_sobolev(m=1)", "arc_cosine(order=0)", "periodic_matern(nu=1/2,ell=1)"]
)
def test_infinite_frequencies_are_refused_with_the_reason(text: str) -> None:
    with pytest.raises(InputError, match="decay"):
        PROPERTIES["fourier_frequency"](parse_relation(text), UNIT, UNIT)


KERNELS = sorted(
    n for n, f in families().items() if parse_relation(f.example).psd and parse_relation(f.example).one_dimensional
)


@pytest.mark.parametrize("name", KERNELS)
@settings(max_examples=5)
@given(places=st.lists(rationals(0, 1), min_size=2, max_size=4, unique=True))
def test_gram_matrices_have_no_negative_pivot(name: str, places: list) -> None:
    family = families()[name]
    relation, side = parse_relation(family.example), parse_box(family.box)[0]
    assert relation.psd_on(parse_box(family.box)) is True
    points = [to_fmpq(side.lo) + to_fmpq(side.length) * to_fmpq(p) for p in places]
    with ctx.workprec(256):
        rows = [[relation.functions.value(arb(p), arb(q)) for q in points] for p in points]
        for i in range(len(points)):
            rows[i][i] += arb(2) ** -100
        for k, pivot in enumerate(rows):
            assert pivot[k] > 0
            for row in rows[k + 1 :]:
                factor = row[k] / pivot[k]
                row[k:] = [a - factor * b for a, b in zip(row[k:], pivot[k:], strict=True)]


@pytest.mark.parametrize(
    ("text", "box"),
    [("brownian", "[-1,1]"), ("brownian_bridge", "[0,2]"), ("arc_cosine(order=1)", "[0,4]"),
     ("periodic_sobolev(m=1)", "[0,2]"), ("periodic_matern(nu=1/2,ell=1)", "[0,7]")],
)  # fmt: skip
def test_definiteness_is_claimed_only_where_it_holds(text: str, box: str) -> None:
    relation = parse_relation(text)
    assert relation.psd_on(parse_box(box)) is None and relation.psd_on(interval(0, "1/2")) is True


@pytest.mark.parametrize(
    ("text", "psd"),
    [("exponential(w=-1)", False), ("exponential(w=0)", True), ("exponential(w=[[1,1],[0,1]])", False),
     ("exponential(w=[[2,1],[1,1]])", True), ("polynomial(p=2,c=-1)", False), ("polynomial(p=0,c=-1)", True),
     ("shifted_gaussian(ell=1,s=0)", True), ("sine(a=0,b=0)", True), ("sine(a=1,b=1)", False), ("symplectic", False)],
)  # fmt: skip
def test_definiteness_of_special_members(text: str, psd: bool) -> None:
    relation = parse_relation(text)
    assert relation.psd is psd and relation.psd_reason and parse_relation(relation.text).expr == relation.expr


BAD = ["matern(nu=1/2,ell=1)", "periodic_matern(nu=1,ell=1)", "poisson(rho=1)", "poisson(rho=0)", "von_mises(kappa=0)",
       "arc_cosine(order=2)", "periodic_sobolev(m=0)", "periodic_sobolev(m=1/2)", "laplace(ell=0)", "polynomial(p=-1)",
       "polynomial(p=1/2)", "gaussian(ell=1,dim=4)", "exponential(w=[[1,2]])*x", "sine(a=[1],b=1)"]  # fmt: skip


@pytest.mark.parametrize("text", BAD)
def test_bad_parameters_get_one_line(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_relation(text)
    assert "\n" not in str(caught.value)
