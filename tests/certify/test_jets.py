"""Taylor models: the function at exact points lies within the model, on every cell where the remainder is finite."""

import math

import numpy as np
import pytest
import sympy as sp
from flint import arb, ctx
from hypothesis import given, settings
from hypothesis import strategies as st

from relverify.certify import jets as module
from relverify.certify.jets import Jet, constant, variables
from relverify.certify.taylor import compile_jets, taylor_model
from relverify.core.symbols import x as X
from relverify.core.symbols import y as Y
from relverify.errors import UnknownNode
from relverify.relations.parse import parse_relation
from relverify.rigor.enclose import compile_arb
from relverify.rigor.parse import parse_expression

NAMES = {"x": X, "y": Y}
SMOOTH = [
    "exp(-2*(x-y)**2)", "tanh(3*x*y+x)", "sin(3*x)*cos(2*y)+x*y", "1/(1+(x-y)**2)", "log(3+x*y)", "sqrt(2+x+y/3)",
    "(1+x*y)**3/7", "erf(x-2*y)", "atan(3*x-y)", "sinh(x)*cosh(y)", "tan(x*y/2)", "(2+x)**(1/3)*(3+y)**(5/2)",
    "exp(x*y)/(2+sin(x))-pi*E/3", "(2+x)**y", "(x-y)**7+2**x", "cosh(x-y)**(-2)", "1e8*x*y+1e-8*x",
]  # fmt: skip
KINKED = [
    "abs(x-y)", "exp(-abs(x-y))", "min(x,y)", "max(x,y)*min(1-x,y/3)", "abs(sin(5*x*y))", "max(x*y-1/10,0)**2",
    "(1+3*abs(x-y))*exp(-3*abs(x-y))", "max(x,y,x*y,1/3)", "sqrt((x-y)**2)", "sqrt((x-y)**2+(x+y)**2/9)",
    "abs(x)**(3/2)+y", "exp(-sqrt((x-y)**2+x**2))",
]  # fmt: skip
PARTIAL = [
    "1/(x-y)", "log(x-y)", "sqrt(x-y)", "tan(5*x+5*y)", "tanh(1/(x-y))", "exp(1/(x*y))", "(x+y)**(1/3)", "log(x)*y",
    "sin(log(x-y))", "max(log(x),0)", "abs(1/(x-y))", "atan(sqrt(x*y-1/4))", "1/sin(4*x*y)", "x**x", "min(1/(x-y),1)",
]  # fmt: skip


def grid(half, rng, n=9, m=8):
    centres = [
        rng.uniform(-3, 3, (n, 1)) / 3,
        rng.uniform(-3, 3, (1, m)) / 3,
    ]  # with all bits, so that sums are rounded
    return centres, [np.full((n, 1), half), np.full((1, m), half * 0.7)]


def offence(expression, centres, halves, model, rng, samples=4):
    """The least relative slack of the model over exact points of all cells; None if no cell is decided."""
    code, slack = compile_arb(expression, (X, Y)), None
    shape = model.remainder.shape
    cx, cy, hx, hy = (np.broadcast_to(a, shape) for a in (*centres, *halves))
    with ctx.workprec(300):
        for index in np.ndindex(shape):
            if not math.isfinite(model.remainder[index]):
                continue
            for s, t in [(-1, 1), (1, 1), *rng.choice([-1, 1, 0.5, 0.1875, 0, -0.75], (samples, 2)).tolist()]:
                u, v = arb(hx[index]) * s, arb(hy[index]) * t
                value = code(arb(cx[index]) + u, arb(cy[index]) + v)
                assert value.is_finite(), (expression, index, "finite where the expression may be undefined")
                (gx, gy), h = (
                    (arb(g[index]) for g in model.gradient),
                    {k: arb(c[index]) for k, c in model.hessian.items()},
                )
                model_value = arb(model.value[index]) + gx * u + gy * v
                model_value += h[0, 0] * u * u / 2 + h[0, 1] * u * v + h[1, 1] * v * v / 2
                off = float(abs(value - model_value).lower())
                room = 1 - off / model.remainder[index] if model.remainder[index] else -float(off > 0)
                slack = room if slack is None else min(slack, room)
    return slack


@pytest.mark.parametrize("text", SMOOTH + KINKED + PARTIAL)
@pytest.mark.parametrize("half", [0.25, 0.02, 1e-4, 0.0])
def test_points_lie_within_the_model(text, half):
    rng = np.random.default_rng(3)
    expression = parse_expression(text, NAMES)
    centres, halves = grid(half, rng)
    centres[0][0, 0] = centres[1][0, 0] = 0.5  # on the diagonal
    model = taylor_model(expression, (X, Y), centres, halves)
    slack = offence(expression, centres, halves, model, rng)
    assert slack is None or slack >= 0
    if text not in PARTIAL:
        assert np.isfinite(model.remainder).all() or (text == "(2+x)**y" and half == 0.25)


EXPRESSIONS = st.recursive(
    st.sampled_from(["x", "y", "x-y", "x*y", "1/3", "2", "(x+2)"]),
    lambda inner: st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from("+-*/"), inner),
        st.builds(
            "{}({})".format,
            st.sampled_from(["sqrt", "exp", "log", "sin", "cos", "tan", "tanh", "sinh", "cosh", "atan", "erf", "abs"]),
            inner,
        ),
        st.builds("{}({}, {})".format, st.sampled_from(["min", "max"]), inner, inner),
        st.builds("({})**{}".format, inner, st.sampled_from(["2", "3", "4", "(1/2)", "(-1)", "(2/3)"])),
    ),
    max_leaves=6,
)


@given(EXPRESSIONS, st.integers(0, 10**6), st.sampled_from([0.3, 0.05, 1e-3, 1e-6]))
@settings(max_examples=150, deadline=None)
def test_random_expressions(text, seed, half):
    rng = np.random.default_rng(seed)
    expression = parse_expression(text, NAMES)
    centres, halves = grid(half, rng, 3, 3)
    try:
        model = taylor_model(expression, (X, Y), centres, halves)
    except UnknownNode:
        assert not expression.is_extended_real or expression.has(sp.I, sp.zoo, sp.nan, sp.oo, sp.re, sp.im, sp.arg)
        return
    slack = offence(expression, centres, halves, model, rng, 2)
    assert slack is None or slack >= 0


@pytest.mark.parametrize("text", [t for t in SMOOTH if "e-8" not in t])
def test_the_remainder_is_cubic(text):
    expression = parse_expression(text, NAMES)
    centres, _ = grid(0, np.random.default_rng(4))
    coarse, fine = (
        taylor_model(expression, (X, Y), centres, [np.full_like(c, h) for c in centres]).remainder for h in (2e-3, 2e-4)
    )
    assert (fine < coarse / 800 + 1e-14).all() and (coarse < 1e-3).all()


def test_kinks_are_first_order():
    model = taylor_model(
        sp.Abs(X - Y), (X, Y), [np.zeros((2, 1)), np.array([[0.0, 0.2, 0.05]])], [np.full((2, 1), 0.05)] * 2
    )
    assert np.allclose(model.remainder[0, 0], 0.05, rtol=1e-6) and (model.remainder[:, 1] < 1e-15).all()
    assert model.remainder[0, 2] < 0.05 and (model.gradient[0][:, 1] == -1).all()


def test_exact_parts_have_no_remainder_beyond_rounding():
    model = taylor_model(X * Y + X**2 / 4 - 3 * Y, (X, Y), *grid(0.5, np.random.default_rng(1)))
    assert (model.remainder < 1e-14).all() and (model.hessian[0, 1] == 1).all() and (model.hessian[0, 0] == 0.5).all()


def test_unbounded_and_undefined_cells_are_infinite():
    centres = [np.array([[0.0], [0.5]]), np.array([[0.0, 0.5, -3.0]])]
    halves = [np.full((2, 1), 0.1), np.full((1, 3), 0.1)]
    for text in ("1/(x-y)", "tanh(1/(x-y))", "log(x-y)", "min(log(x-y),0)", "sin(log(x-y))", "0*x+abs(1/(x-y))"):
        remainder = taylor_model(parse_expression(text, NAMES), (X, Y), centres, halves).remainder
        assert np.isinf(remainder[0, 0]) and np.isinf(remainder[1, 1]) and np.isfinite(remainder[:, 2]).all(), text
        assert "log" not in text or np.isinf(remainder[0, 1])


def test_degenerate_cells():
    cells = np.array([0.0, 1.0, 5e-324, 1e300, np.inf, np.nan, 1.0, 1.0])
    halves = np.array([0.0, 0.0, 0.0, 1.0, 1.0, 1.0, -1.0, np.nan])
    model = taylor_model(sp.exp(-(X**2)) + X * Y, (X, Y), [cells, np.zeros(8)], [halves, np.zeros(8)])
    assert (model.remainder[:3] < 1e-14).all() and np.isinf(model.remainder[4:]).all()
    assert (model.value[4:] == 0).all() and (model.gradient[0][4:] == 0).all()


def test_constants_and_single_cells():
    model = taylor_model(sp.pi / 3 + sp.Rational(1, 3), (X, Y), [np.zeros(()), np.zeros(3)], [np.zeros(()), np.ones(3)])
    assert (
        model.value.shape == (3,)
        and (model.remainder < 1e-14).all()
        and abs(model.value[0] - math.pi / 3 - 1 / 3) < 1e-15
    )
    assert constant(10**400).remainder == math.inf
    single = taylor_model(X * sp.tanh(Y), (X, Y), [np.float64(0.5)] * 2, [np.float64(0.1)] * 2)
    assert single.value.shape == () and 1e-5 < single.remainder < 1e-3


def test_parts_in_x_stay_arrays_over_x():
    x, y = variables([np.zeros((5, 1)), np.zeros((1, 4))], [np.full((5, 1), 0.1), np.full((1, 4), 0.1)])
    jet = compile_jets(sp.exp(X) * 3 + sp.sin(X), (X, Y))(x, y)
    assert np.shape(jet.remainder) == (5, 1) and set(jet.derivatives) == {(0,), (0, 0)}


def test_blocks_change_nothing(monkeypatch):
    centres, halves = grid(0.05, np.random.default_rng(5), 40, 30)
    expression = parse_expression("exp(-abs(x-y))*tanh(x)+1/(x+y)", NAMES)
    whole = taylor_model(expression, (X, Y), centres, halves)
    monkeypatch.setattr("relverify.certify.taylor.BLOCK", 64)
    parts = taylor_model(expression, (X, Y), centres, halves)
    assert np.array_equal(whole.remainder, parts.remainder) or np.allclose(whole.remainder, parts.remainder, rtol=0.5)
    assert np.array_equal(whole.value, parts.value)
    flat = [np.broadcast_to(a, (40, 30)).ravel() for a in (*centres, *halves)]
    pairs = taylor_model(expression, (X, Y), flat[:2], flat[2:])
    assert np.array_equal(whole.value.ravel(), pairs.value)


def test_three_dimensions():
    relation = parse_relation("exp(-(x1-y1)**2-(x2-y2)**2/3)*(x3+y3)")
    symbols = relation.x_symbols + relation.y_symbols
    rng = np.random.default_rng(6)
    centres = [rng.uniform(-1, 1, (4, 1)) for _ in range(3)] + [rng.uniform(-1, 1, (1, 5)) for _ in range(3)]
    halves = [np.full_like(c, 0.05) for c in centres]
    model = taylor_model(relation.expr, symbols, centres, halves)
    assert len(model.hessian) == 21 and (model.remainder < 5e-3).all()
    code = compile_arb(relation.expr, symbols)
    for _ in range(20):
        i, j, u = int(rng.integers(4)), int(rng.integers(5)), rng.choice([-0.05, 0.05, 0.025, 0.0], 6)
        full = [np.broadcast_to(c, (4, 5))[i, j] for c in centres]
        value = model.value[i, j] + sum(g[i, j] * d for g, d in zip(model.gradient, u, strict=True))
        value += sum(h[i, j] * u[a] * u[b] * (0.5 if a == b else 1) for (a, b), h in model.hessian.items())
        true = code(*(arb(float(c)) + arb(float(d)) for c, d in zip(full, u, strict=True)))
        assert abs(true - arb(float(value))) <= arb(float(model.remainder[i, j]) + 1e-13)


def broken(monkeypatch, name):
    original = Jet.apply

    def halved(self, function):
        result = original(self, function)
        result.remainder = result.remainder * 0.5
        return result

    def unrounded(self, other):
        result = Jet.__neg__(Jet.__neg__(self))
        return Jet(
            self.cells or other.cells, self.value + other.value, {**result.derivatives, **other.derivatives}, 0.0
        )

    if name == "halved":
        monkeypatch.setattr(Jet, "apply", halved)
    elif name == "unrounded sum":
        monkeypatch.setattr(Jet, "__add__", unrounded)
    else:
        monkeypatch.setattr(module, "UNIT", 0.0)


@pytest.mark.parametrize(
    ("name", "text", "half"),
    [("halved", "exp(x)", 0.05), ("unrounded sum", "x+y", 0.0), ("unrounded product", "x*y", 0.0)],
)
def test_planted_errors_are_caught(monkeypatch, name, text, half):
    rng = np.random.default_rng(8)
    centres, halves = grid(half, rng)
    expression = parse_expression(text, NAMES)
    if name == "unrounded product":
        monkeypatch.setattr(module, "TINY", 0.0)
    broken(monkeypatch, name)
    compile_jets.cache_clear()
    model = taylor_model(expression, (X, Y), centres, halves)
    slack = offence(expression, centres, halves, model, rng)
    assert slack is not None and slack < 0


def test_what_has_no_rigorous_evaluation_is_named():
    with pytest.raises(UnknownNode, match="gamma"):
        taylor_model(sp.gamma(X), (X,), [np.zeros(1)], [np.zeros(1)])
