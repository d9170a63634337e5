"""Values are read once, and what was read never lets a wrong value pass."""

from __future__ import annotations

from fractions import Fraction

import pytest
import sympy as sp
from flint import arb, ctx, fmpq
from hypothesis import given

from relverify.core.readings import CAPACITY, domains_of
from relverify.core.registry import theorem
from relverify.core.symbols import D, beta, eps, n, x
from relverify.errors import InputError
from relverify.rigor.enclose import enclose, endpoints
from relverify.strategies.numbers import rationals

PREC = 192


@given(rationals(-3, 3))
def test_every_spelling_is_the_same_number(value: Fraction) -> None:
    (real,) = domains_of((x,), PREC)
    numerator, denominator = value.as_integer_ratio()
    spelled = [value, str(value), f"({numerator})/{denominator}", fmpq(numerator, denominator), sp.Rational(value)]
    for given_as in [*spelled, *spelled]:
        ball = real.read(given_as, x)
        low, high = endpoints(ball)
        assert low <= fmpq(numerator, denominator) <= high and ball.rel_accuracy_bits() >= PREC - 4


@pytest.mark.parametrize("text", ["0.1", "-2.50", "1e-3", "sqrt(2)", "pi/4"])
def test_texts_are_exact(text: str) -> None:
    (real,) = domains_of((x,), PREC)
    wanted = enclose(sp.sympify(text, rational=True), prec=2 * PREC)
    assert real.read(text, x).overlaps(wanted) and real.read(text, x).rel_accuracy_bits() > PREC - 8


def test_the_precision_is_that_of_the_domain_not_the_current_one() -> None:
    (real,) = domains_of((x,), 300)
    with ctx.workprec(20):
        assert real.read("1/3", x).rel_accuracy_bits() > 290


@pytest.mark.parametrize(
    ("symbol", "value"),
    [
        (n, 0), (n, "1/2"), (n, Fraction(3, 2)), (n, "-4"), (n, "sqrt(2)"), (beta, -1), (beta, "-1/7"), (beta, "1-pi"),
        (eps, 0), (eps, "0"), (eps, "0.0"), (eps, "pi - pi"), (D, True), (D, 1.0), (D, None), (D, "1/0"), (D, "nan"),
        (D, float("inf")), (D, sp.Float(1)), (D, 1j),
    ],
)  # fmt: skip
def test_values_outside_the_domain_never_enter(symbol: sp.Symbol, value: object) -> None:
    (domain,) = domains_of((symbol,), PREC)
    domain.read(1, symbol)
    for _ in range(2):
        with pytest.raises(InputError) as caught:
            domain.read(value, symbol)
        assert str(caught.value).startswith(symbol.name) and "\n" not in str(caught.value)


@pytest.mark.parametrize("stranger", [True, 1.0, sp.Float(1), None, [1], {}])
def test_values_equal_to_one_that_was_read_are_still_refused(stranger: object) -> None:
    bound = theorem("perturbation").bound
    values = {"K_f": 1, "K_g": 1, "delta_f": 1, "delta_g": 1}
    assert bound.evaluate(30, values).value == "3"
    with pytest.raises(InputError, match="K_g"):
        bound.evaluate(30, {**values, "K_g": stranger})


def test_the_first_and_the_second_call_agree() -> None:
    bound = theorem("softmax-selection").bound
    values = {"n": 128, "beta": 30, "eta": "1/7"}
    first, second = bound.evaluate(61, values), bound.evaluate(61, values)
    assert (first.lo, first.hi) == (second.lo, second.hi)
    spelled = bound.evaluate(61, n=sp.Integer(128), beta="30.0", eta=Fraction(1, 7))
    assert spelled.ball.overlaps(first.ball) and spelled.values == first.values


def test_the_precision_of_the_caller_is_left_alone() -> None:
    bound = theorem("softmax-selection").bound
    with ctx.workprec(77):
        bound.evaluate(50, n=3, beta=1, eta=1)
        with pytest.raises(InputError):
            bound.evaluate(50, n=3, beta=1, eta=0)
        assert ctx.prec == 77


def test_hypotheses_are_tested_in_every_call() -> None:
    bound = theorem("softmax-selection").resource("beta")
    values = {"n": 3, "eta": 1, "eps_1": "1/2"}
    for _ in range(2):
        bound.evaluate(20, values)
        with pytest.raises(InputError, match="eps_1 < 1"):
            bound.evaluate(20, {**values, "eps_1": 1})


def test_memory_is_limited() -> None:
    (real,) = domains_of((x,), 64)
    for k in range(2 * CAPACITY + 10):
        real.read(k, x)
    assert len(real.balls) <= CAPACITY
    (precise,) = domains_of((x,), 100_000)
    assert isinstance(precise.read("1/3", x), arb) and not precise.balls
