"""The generated code says what the expression says, and nothing else."""

import itertools

import pytest
import sympy as sp
from flint import arb
from hypothesis import given
from hypothesis import strategies as st

from relverify.errors import UnknownNode
from relverify.rigor.enclose import ARB, compile_arb
from relverify.rigor.straightline import Arithmetic, compile_expression

x, y, k, j = sp.symbols("x y k j")

EXACT = Arithmetic(
    templates={
        "square": "{0} * {0}", "power_integer": "{0} ** {1}", "ratio": "ratio({0}, {1})", "Abs": "abs({0})",
        "Max": "max({0}, {1})", "Min": "min({0}, {1})", "Sum": "add({0}, {1}, {2})",
        "Product": "multiply({0}, {1}, {2})",
    },
    constants={},
    integer=sp.Integer,
    namespace={
        "ratio": lambda a, b: a / b,
        "abs": abs,
        "max": max,
        "min": min,
        "add": lambda f, a, b: sum((f(sp.Integer(i)) for i in range(a, b + 1)), sp.Integer(0)),
        "multiply": lambda f, a, b: sp.prod([f(sp.Integer(i)) for i in range(a, b + 1)]),
        "__builtins__": {},
    },
)  # fmt: skip

_LEAVES = st.one_of(
    st.sampled_from([x, y]),
    st.fractions(-9, 9, max_denominator=7).map(lambda q: sp.Rational(q.numerator, q.denominator)),
)
_TREES = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        st.builds(lambda a, b: a + b, inner, inner),
        st.builds(lambda a, b: a - 2 * b, inner, inner),
        st.builds(lambda a, b: a * b, inner, inner),
        st.builds(lambda a, n: a**n, inner, st.integers(0, 4)),
        st.builds(lambda a: 1 / (1 + a**2), inner),
        st.builds(lambda a, b: a / (3 + b**2) ** 3, inner, inner),
        st.builds(sp.Max, inner, inner),
        st.builds(lambda a: -abs(a), inner),
    ),
    max_leaves=8,
)


@given(_TREES, st.integers(-6, 6), st.integers(1, 6))
def test_rational_arithmetic_is_reproduced_exactly(tree, p, q):
    values = {x: sp.Rational(p, q), y: sp.Rational(-q, 5)}
    expected = tree.subs(values)
    assert compile_expression(tree, (x, y), EXACT)(*values.values()) == expected


def test_several_expressions_share_subexpressions():
    calls = []
    counting = Arithmetic(
        {"exp": "count({0})"}, {}, int, {"count": lambda v: calls.append(v) or v + 1, "__builtins__": {}}
    )
    both = compile_expression([sp.exp(x) + 1, sp.exp(x) * sp.exp(sp.exp(x))], (x,), counting)
    both(1)
    # exp(x) and exp(exp(x)), each once
    assert calls == [1, 2]


@pytest.mark.parametrize("bad", [sp.Float("0.5") * x, sp.Float(2) + x, x ** sp.Float(2), sp.oo * x, sp.exp(x) * 1.5])
def test_floats_and_infinities_are_never_dropped(bad):
    """A coefficient that is no rational number used to vanish: 0.5*x compiled to x."""
    with pytest.raises(UnknownNode):
        compile_arb(bad, (x,))


@pytest.mark.parametrize(
    "bad",
    [
        sp.I * x, sp.nan, sp.zoo, sp.oo, y, sp.Function("exp")(x), sp.Function("ratio")(x, x), sp.LambertW(x),
        sp.Integral(sp.exp(x * y), (y, 0, 1)), sp.Derivative(sp.Function("f")(x), x), sp.Sum(1 / k**2, (k, 1, sp.oo)),
        sp.re(sp.Symbol("w")), sp.Mod(x, 2), sp.Tuple(x, x),
    ],
)  # fmt: skip
def test_unknown_nodes_are_named(bad):
    with pytest.raises(UnknownNode, match="no rigorous evaluation"):
        compile_arb(bad, (x,))


def test_templates_must_use_all_arguments():
    """Heaviside(x, 1) was evaluated as Heaviside(x)."""
    careless = Arithmetic({"atan2": "{0}"}, {}, int)
    with pytest.raises(UnknownNode, match="2 arguments"):
        compile_expression(sp.atan2(x, y), (x, y), careless)


def test_a_bound_index_hides_an_argument_of_the_same_name():
    """Values computed outside from a symbol k were taken over into a sum over k."""
    total = sp.Sum(k**2, (k, 1, 3))
    assert compile_arb([k**2, total, k**2 + total], (k,))(arb(10)) == (100, 14, 114)
    nested = sp.Sum(k**2 + sp.Sum(k**2, (k, 1, 3)), (k, 1, 2))
    assert compile_arb(nested, ())() == 33


def test_loops_keep_the_order_of_their_limits():
    triangle = sp.Sum(k * j, (k, 1, j), (j, 1, 4))
    assert compile_arb(triangle, ())() == int(triangle.doit())
    grown = sp.Sum(sp.Product(k + j, (k, 1, 3)) + k, (j, 0, 3)) * sp.Sum(j, (j, 1, k))
    assert compile_arb(grown, (k,))(arb(2)) == int(grown.subs(k, 2).doit())


def test_names_of_symbols_never_reach_the_code():
    hostile = [sp.Symbol(name) for name in ("__import__('os')", "a0", "t1", "c1", "lambda", "x y", "arb", "")]
    expression = sum((i + 2) * s**2 for i, s in enumerate(hostile))
    result = compile_arb(expression, hostile)(*[arb(i) for i in range(len(hostile))])
    assert result == sum((i + 2) * i**2 for i in range(len(hostile)))


def test_long_integers_are_exact():
    long = sp.Integer(7) ** 9000 + 1
    assert compile_arb(long - sp.Integer(7) ** 9000 * x, (x,))(arb(0)).contains(arb(int(long)))
    assert compile_arb(long * x, (x,))(arb(0)) == 0


def test_powers_keep_their_meaning():
    for base, exponent in itertools.product((2, 4, -2, 0.5), (-3, -1, 0, 1, 2, 5)):
        assert compile_arb(sp.Pow(x, exponent, evaluate=False), (x,))(arb(base)) == arb(base**exponent)
    ones = compile_arb([1 / sp.sqrt(x), x ** sp.Rational(-3, 2), 2 ** (-x), x**-x], (x,))(arb(4))
    assert ones == (0.5, 0.125, 0.0625, arb(1) / 256)
    assert set(ARB.templates) >= {"square", "power_integer", "power", "sqrt", "ratio"}
