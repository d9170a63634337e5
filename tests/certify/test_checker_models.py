"""The parts of the checker one by one: what they return is neither too small nor needlessly large."""

import itertools
import math
import random
import struct
from fractions import Fraction

import pytest
import sympy as sp
from flint import arb, arb_series, ctx, fmpq

from relverify.certify import checker

t = sp.Symbol("t")
FUNCTIONS = {
    "exp": sp.exp(t), "log": sp.log(t), "sin": sp.sin(t), "cos": sp.cos(t), "tan": sp.tan(t), "sqrt": sp.sqrt(t),
    "erf": sp.erf(t), "atan": sp.atan(t), "tanh": sp.tanh(t), "sigmoid": 1 / (1 + sp.exp(-t)),
    "silu": t / (1 + sp.exp(-t)), "softplus": sp.log(1 + sp.exp(t)), "gelu": t * (1 + sp.erf(t / sp.sqrt(2))) / 2,
    "inverse": 1 / t,
}  # fmt: skip
CENTRE = sp.Rational(2, 3)
X, Y = 1, 1 << 4  # the monomials of two variables


def number(value, digits=50):
    return arb(str(sp.N(value, digits)))


def near(ball, value, slack=1e-7):
    """A ball whose radius and distance from a value are at most the slack; radii have 30 bits."""
    return float((abs(ball - value)).upper()) <= slack


@pytest.mark.parametrize("name", checker.SERIES)
def test_series_are_those_of_the_derivatives(name):
    with ctx.workprec(128):
        found = checker.SERIES[name](arb_series([arb(fmpq(2, 3)), 1], prec=6)).coeffs()
        wide = checker.SERIES[name](arb_series([arb(fmpq(2, 3), arb(1) / 64), 1], prec=6)).coeffs()
        for k in range(6):
            expected = number(sp.diff(FUNCTIONS[name], t, k).subs(t, CENTRE) / sp.factorial(k))
            assert near(found[k], expected, 1e-25), k
            for shift in (-1, 0, 1):
                at = sp.diff(FUNCTIONS[name], t, k).subs(t, CENTRE + sp.Rational(shift, 64)) / sp.factorial(k)
                assert wide[k].contains(number(at, 60).mid())
            assert float(wide[k].rad()) < 2


def test_series_have_no_value_at_a_pole():
    with ctx.workprec(64):
        assert not checker.SERIES["inverse"](arb_series([arb(0), 1], prec=3))[0].is_finite()
        assert not checker.SERIES["inverse"](arb_series([arb(0, 1), 1], prec=3))[0].is_finite()


@pytest.mark.parametrize("order", [1, 2, 3, 4, 6])
def test_compositions_have_taylor_coefficients_and_lagrange_rests(order):
    """exp on [1/4, 3/4]: the rest is between those with the least and the largest derivative, for every degree."""
    with ctx.workprec(128):
        half, centre = arb(1) / 4, arb(1) / 2
        z = [{0: centre}, {X: half}, *({} for _ in range(order - 1))]
        found = checker.compose(arb_series.exp, z)
        for k in range(1, order + 1):
            assert near(found[k][k * X], centre.exp() * half**k / arb(math.factorial(k)), 1e-25)
        power = half ** (order + 1) / arb(math.factorial(order + 1))
        low, high = found[0][0].lower() - centre.exp(), found[0][0].upper() - centre.exp()
        top = (centre + half).exp() * power
        assert high >= top and high <= top * 1.000001
        # an odd rest has one sign, up to what balls lose in a product
        assert (-low <= top / 4) if order % 2 else (-low >= top and -low <= top * 1.000001)


def test_compositions_of_constants_and_of_wide_models():
    with ctx.workprec(64):
        assert checker.compose(arb_series.exp, [{0: arb(0)}, {}, {}]) == [{0: arb(1)}, {}, {}]
        wide = checker.compose(arb_series.exp, [{0: arb(0)}, {X: arb(30)}])
        assert wide[1] == {} and wide[0][0].contains(arb(30).exp()) and wide[0][0].upper() < arb(30).exp() * 1.01
        # up to a reach of 100 in pieces, of which there are 16 at most; beyond at once
        wave = checker.compose(arb_series.sin, [{0: arb(0)}, {X: arb(1000)}])
        assert wave[1] == {} and wave[0][0].upper() <= 1.01


def test_sums_and_products():
    with ctx.workprec(64):
        a, b = [{0: arb(2)}, {X: arb(3), Y: arb(-1)}, {}], [{0: arb(5)}, {X: arb(7)}, {2 * X: arb(1)}]
        assert checker.combine((arb(2), a), (arb(-1), b)) == [
            {0: arb(-1)}, {X: arb(-1), Y: arb(-2)}, {2 * X: arb(-1)}
        ]  # fmt: skip
        found = checker.times(a, b)
        assert found[1:] == [{X: arb(29), Y: arb(-5)}, {2 * X: arb(23), X + Y: arb(-7)}]
        # (3x - y)(7x² …) is beyond degree 2: 4·1 in size
        assert near(found[0][0].mid(), 10) and near(found[0][0].rad(), 4)
        assert near(checker.total(*a), 6) and near(checker.total(*a[1:]), 4)
        assert checker.times([{0: arb(2)}, {}], [{0: arb(3)}, {X: arb(1)}])[1] == {X: arb(2)}


def test_products_of_what_has_no_constant():
    with ctx.workprec(64):
        x = [{}, {X: arb(3)}, {}]
        found = checker.times(x, x)
        assert found == [{0: arb(0)}, {}, {2 * X: arb(9)}]
        cut = checker.times([{}, {X: arb(3)}], [{}, {X: arb(5)}])
        assert near(cut[0][0].rad(), 15) and cut[1] == {}


@pytest.mark.parametrize(("left", "right"), [(0, 1), (-1, 1), (fmpq(1, 100), 1)])
@pytest.mark.parametrize(
    ("middle", "half"),
    [(0, 1), (1, 3), (-2, 3), (3, 1), (-3, 1), (1, 1), (-1, 1), (-1, fmpq(1, 2)), (1, fmpq(1, 2))],
)
def test_kinks_have_the_chord_with_half_the_distance(left, right, middle, half):
    with ctx.workprec(64):
        found = checker.kinked(arb(left), arb(right), [{0: arb(middle)}, {X: arb(half)}])
        lo, hi = fmpq(middle) - half, fmpq(middle) + half

        def value(v):
            return (right if v > 0 else left) * v

        slope = (value(hi) - value(lo)) / (hi - lo)
        gap = value(lo) + slope * (0 - lo) if lo < 0 < hi else fmpq(0)
        assert near(found[1][X], arb(slope * half))
        # the upper end is that of the chord
        assert near(found[0][0].upper(), arb(value(lo) + slope * (middle - lo)))
        assert near(found[0][0].rad(), arb(gap) / 2)


def test_least_and_largest_of_two():
    with ctx.workprec(64):
        a, b = [{0: arb(1)}, {X: arb(1)}], [{0: arb(5)}, {Y: arb(1)}]
        assert checker.CALLS["Max"](a, b)[0][0] == 5 and checker.CALLS["Min"](a, b)[1][X] == 1
        assert checker.CALLS["Max"](b, a)[1][Y] == 1 and checker.CALLS["Min"](b, a)[0][0] == 1
        assert near(checker.CALLS["div"](b, [{0: arb(4)}, {}])[0][0], arb(5) / 4)


def test_monomials_are_all_of_a_degree():
    for variables, order in ((1, 3), (2, 2), (3, 2), (2, 0)):
        exponents = itertools.product(range(order + 1), repeat=variables)
        keys = [[], *([] for _ in range(order))]
        for es in exponents:
            if sum(es) <= order:
                keys[sum(es)].append(sum(e * 16**k for k, e in enumerate(es)))
        assert checker.monomials(variables, order) == keys


def test_coordinates_cover_their_cells():
    with ctx.workprec(64):
        first, second = checker.coordinates(((0.1, 0.3), (2.0, 2.0)), 3)
        assert len(first) == len(second) == 4 and second == [{0: arb(2)}, {}, {}, {}]
        middle, half = first[0][0], first[1][1]
        assert middle.is_exact() and middle - half <= arb(0.1) and middle + half >= arb(0.3) and near(half, 0.1)
        (third,) = checker.coordinates(((fmpq(1, 3), fmpq(1, 3)),), 0)
        assert len(third) == 1 and third[0][0].contains(fmpq(1, 3))
        assert set(checker.coordinates(((0.0, 1.0),) * 3, 1)[2][1]) == {16**2}
        assert len(checker.coordinates(((0.0, 1.0),), 6)[0]) == 7


def largest(slope, bend):
    peaks = [Fraction(1), Fraction(-1)]
    if bend and abs(slope / (2 * bend)) <= 1:
        peaks.append(-slope / (2 * bend))
    return max(slope * p + bend * p * p for p in peaks)


def exact(value):
    return arb(fmpq(value.numerator, value.denominator))


def test_parabolas_have_their_maximum():
    with ctx.workprec(64):
        for slope, bend in itertools.product(range(8), range(-6, 7)):
            found = checker.top(exact(Fraction(slope, 3)), exact(Fraction(bend, 2)))
            assert near(found, exact(largest(Fraction(slope, 3), Fraction(bend, 2))))
        # a curvature of unknown sign costs at most its size
        assert 1 <= checker.top(arb(1), arb(0, 0.25)).upper() <= 1.2501
        assert checker.top(arb(1), arb(-0.25, 0.25)).upper() <= 1.0001


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_bounds_of_models_are_those_of_the_formula(count):
    draw = random.Random(count)

    def some():
        return Fraction(draw.randint(-9, 9), 7)

    for _ in range(20):
        constant, cubic = some(), some()
        slopes, bends = [some() for _ in range(count)], [some() for _ in range(count)]
        mixed = {pair: some() for pair in itertools.combinations(range(count), 2) if draw.random() < 0.7}
        shares = [sum((abs(v) for pair, v in mixed.items() if k in pair), Fraction(0)) / 2 for k in range(count)]
        sizes = []
        for sign in (1, -1):
            plain = sum(largest(abs(s), sign * b) for s, b in zip(slopes, bends, strict=True))
            shared = sum(largest(abs(s), sign * b + c) for s, b, c in zip(slopes, bends, shares, strict=True))
            sizes.append(sign * constant + min(plain + sum(map(abs, mixed.values())), shared))
        with ctx.workprec(64):
            e = [
                {0: exact(constant)},
                {16**k: exact(s) for k, s in enumerate(slopes)},
                {2 * 16**k: exact(b) for k, b in enumerate(bends)}
                | {16**i + 16**j: exact(v) for (i, j), v in mixed.items()},
                {3: exact(cubic)},
            ]
            assert near(checker.bound(e, count), exact(max(0, *sizes) + abs(cubic)))
            assert checker.bound(e[:1], count) >= exact(abs(constant))


def test_exact_numbers_are_read():
    assert checker.rational("-12/30") == fmpq(-2, 5) and checker.rational("7") == 7
    assert checker.rational("1" * 1200) == int("1" * 1200) and checker.rational("1/1" + "0" * 1200) > 0
    for text in ("", "1/0", "1.5", "+1", "1/-2", " 1", "1\n", "--1", "1/", "1" * 1201, "1/1" + "0" * 1201, "1e3"):
        with pytest.raises(ValueError, match="not an exact number"):
            checker.rational(text)


def test_programs_spell_what_they_compute():
    tape = [
        ["variable", "x"], ["number", "1/3"], ["add", 0, 1], ["square", 2], ["number", "pi"], ["div", 3, 4],
        ["variable", "y"], ["Max", 5, 6], ["sub", 7, 0], ["exp", 8], ["number", "E"], ["mul", 9, 10],
    ]  # fmt: skip
    with ctx.workprec(64):
        steps, text = checker.program(tape, ["x", "y"], 0)
        assert text == "(exp((Max((((x + (1/3)) ** 2) / (pi)), y) - x)) * (E))"
        assert steps[0] == (0, []) and steps[6] == (1, [])
        assert near(steps[4][0]()[0][0], arb.pi()) and near(steps[10][0]()[0][0], arb(1).exp())
        assert near(steps[1][0]()[0][0], arb(fmpq(1, 3)))


@pytest.mark.parametrize("given", [[1], [2], [-1], [True], ["0"], [0.0]])
def test_programs_use_earlier_steps_only(given):
    with pytest.raises(ValueError, match="earlier step"):
        checker.program([["variable", "x"], ["exp", *given]], ["x"], 0)


def test_texts_of_programs_are_limited():
    tape = [["variable", "abcde"], *(["exp", k] for k in range(3998))]  # 5 characters each
    assert len(checker.program(tape, ["abcde"], 0)[1]) == 19_995
    with pytest.raises(ValueError, match="too long"):
        checker.program([*tape, ["exp", 3998]], ["abcde"], 0)


def test_floats_below_and_above():
    for numerator, denominator in ((1, 3), (-1, 3), (1, 10), (7, 4)):
        value = fmpq(numerator, denominator)
        lo, hi = checker.hull([value, value])
        assert Fraction(lo) <= Fraction(numerator, denominator) <= Fraction(hi)
        steps = struct.unpack("<q", struct.pack("<d", hi))[0] - struct.unpack("<q", struct.pack("<d", lo))[0]
        assert abs(steps) == (0 if denominator == 4 else 1)
