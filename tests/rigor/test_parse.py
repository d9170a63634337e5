"""Text from outside: read exactly, or refused in one line, at once, and never evaluated."""

import contextlib
import time
import warnings

import mpmath
import pytest
import sympy as sp
from hypothesis import example, given, settings
from hypothesis import strategies as st

from relverify.errors import InputError
from relverify.rigor import parse
from relverify.rigor.enclose import enclose
from relverify.rigor.parse import (
    MAX_ARGUMENTS,
    MAX_DEPTH,
    MAX_LENGTH,
    MAX_OPERATIONS,
    decimal,
    parse_call,
    parse_expression,
)

x, y = sp.symbols("x y", real=True)
NAMES = {"x": x, "y": y}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1/7", sp.Rational(1, 7)),
        ("0.1", sp.Rational(1, 10)),
        ("1e-3", sp.Rational(1, 1000)),
        ("-.5", -sp.Rational(1, 2)),
        ("5.", sp.Integer(5)),
        ("1_000.5", sp.Rational(2001, 2)),
        ("0.1000000000000000055511151231257827", None),
        ("2^3^2", sp.Integer(512)),
        ("-2^2", sp.Integer(-4)),
        ("2**-2", sp.Rational(1, 4)),
        ("(-8)^(-1)", -sp.Rational(1, 8)),
        ("+--x", x),
        ("x-y-1", x - y - 1),
        ("x/y/2", x / y / 2),
        ("  exp ( x ) ", sp.exp(x)),
        ("(1.5\n+2.5)", sp.Integer(4)),
        ("sqrt(2)*sqrt(3)-sqrt(6)", sp.Integer(0)),
        ("max(1, x, 2)", sp.Max(2, x)),
        ("abs(-pi)", sp.pi),
        ("E", sp.E),
        ("exp(-(x-y)**2/2)", sp.exp(-((x - y) ** 2) / 2)),
        ("1e400 / 1e400", sp.Integer(1)),
        ("0x10", sp.Integer(16)),
    ],
)
def test_meaning(text, expected):
    if expected is None:
        expected = sp.Rational(text)
    found = parse_expression(text, NAMES)
    assert found == expected
    assert not found.has(sp.Float)


HOSTILE = {
    "power tower": "9**9**9",
    "long power tower": "9^" * 500 + "9",
    "import": "__import__('os')",
    "import call": "__import__('os').system('true')",
    "10 MB": "1" * 10_000_000,
    "10 MB of parentheses": "(" * 10_000_000,
    "nesting": "(" * 10_000 + "1" + ")" * 10_000,
    "short nesting": "(" * 1900 + "1" + ")" * 1900,
    "calls": "sin(" * 900 + "1" + ")" * 900,
    "brackets": "[" * 1900 + "]" * 1900,
    "lambda": "lambda: 1",
    "called lambda": "(lambda: 1)()",
    "attribute": "x.is_real",
    "dunder": "x.__class__.__mro__",
    "item": "x[0]",
    "comprehension": "[i for i in (1, 2)]",
    "generator": "sum(i for i in x)",
    "condition": "1 if x else 2",
    "exponent": "1e999999999",
    "negative exponent": "1e-999999999",
    "tiny power": "2^-99999999",
    "power of x": "x^(10^300)",
    "unary": "-" * 3900 + "1",
    "unary signs": "+-" * 1900 + "1",
    "nots": "not " * 900 + "1",
    "tilde": "~1",
    "unicode": "π",
    "full width": "１+１",
    "homoglyph": "ехр(1)",
    "bidi": "1+\u202e2",
    "surrogate": "\ud800",
    "NUL": "1\x002",
    "NUL at the end": "1\x00",
    "escape": "\x1b[2J",
    "backslash": "1\\\n+2",
    "string": "'a'",
    "bytes": "b'a'",
    "f-string": "f'{x}'",
    "walrus": "(x:=1)",
    "assignment": "x=1",
    "statement": "1;2",
    "two lines": "1\n2",
    "comparison": "1<2",
    "chain": "1<x<2",
    "and": "1 and 2",
    "bool": "True",
    "None": "None",
    "ellipsis": "...",
    "tuple": "1,2",
    "list": "[1,2]",
    "dict": "{1:2}",
    "set": "{1}",
    "star": "sqrt(*x)",
    "two stars": "sqrt(**x)",
    "keyword": "sqrt(x=2)",
    "await": "await x",
    "yield": "(yield)",
    "complex": "1j",
    "matmul": "x@y",
    "floor": "x//y",
    "mod": "x%y",
    "shift": "1<<9",
    "or": "x|y",
    "unknown name": "foo",
    "long name": "f" * 3999,
    "unknown function": "eval(1)",
    "trailing comment": "1#2",
    "named argument": "exp(x=1)",
    "exec": "exec(1)",
    "function name": "sqrt",
    "called number": "1(2)",
    "called name": "x(2)",
    "arity": "sqrt(1, 2)",
    "no argument": "exp()",
    "one maximum": "max(1)",
    "empty": "",
    "blank": " \t\n",
    "comment": "# 1",
    "touching word": "1if 2else 3",
    "0_o": "0o8",
    "bad decimal": "1.2.3",
    "many digits": "7" * 401,
    "many decimals": "0." + "7" * 500,
    "hex": "0x" + "f" * 3000,
    "products": "*".join(["10^399"] * 400),
    "power of products": "(" + "*".join(["10^399"] * 200) + ")^2",
    "repeated squares": "((((2^40)^40)^40)^40)",
    "sum of 500": "+".join(["x"] * 500),
    "oo": "1/0",
    "zero power": "0^(-1)",
    "hidden zero": "1/(x-x)",
    "algebraic zero": "1/(sqrt(2)+sqrt(3)-sqrt(5+2*sqrt(6)))",
    "log 0": "log(0)",
    "pole": "tan(pi/2)",
    "not real": "sqrt(-2)",
    "log of -1": "log(-1)",
    "root of -8": "(-8)^(1/3)",
    "irrational power": "2^pi",
    "exponentials": "exp(exp(exp(9)))",
    "sine of a tower": "max(sin(exp(exp(exp(9)))),0)",
    "exp": "exp(10^17)",
    "cosh": "cosh(-10^17)",
    "exponential of a root": "exp(sqrt(10^300))",
    "300 maxima": f"max({','.join(f'x-{i}*y' for i in range(300))})",
    "hidden maxima": "max(" + ",".join(f"max({','.join(f'{i}*x+{k}' for i in range(12))})" for k in range(12)) + ")",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_refused_in_one_short_line_at_once(name):
    parse_expression("sqrt(2)+exp(1)+max(x,1)", NAMES)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        start = time.process_time()
        with pytest.raises(InputError) as found:
            parse_expression(HOSTILE[name], NAMES, "eps")
        assert time.process_time() - start < 10
    message = str(found.value)
    assert message.startswith("eps: ") and message.isprintable() and len(message) < 300
    assert not caught


@pytest.mark.parametrize("value", [None, 1, 0.5, b"1", ["1"], {"a": 1}, object(), sp.Integer(1), type])
def test_what_is_not_text_is_refused(value):
    for function in (parse_expression, parse_call):
        with pytest.raises(InputError, match="accepted: text"):
            function(value)


def test_nothing_is_evaluated(monkeypatch):
    """No route leads to eval, exec, compile to code, or SymPy's own parser."""
    import ast
    import builtins

    def forbidden(*_, **__):
        raise AssertionError("evaluated")

    honest = builtins.compile

    def only_trees(source, filename, mode, flags=0, *args, **kwargs):
        assert flags & ast.PyCF_ONLY_AST
        return honest(source, filename, mode, flags, *args, **kwargs)

    enclose(sp.Rational(1, 3))
    with monkeypatch.context() as patch:
        patch.setattr(builtins, "eval", forbidden)
        patch.setattr(builtins, "exec", forbidden)
        patch.setattr(builtins, "compile", only_trees)
        patch.setattr(sp, "sympify", forbidden)
        for text in ("1/7 + sqrt(2)", "x*y", *list(HOSTILE.values())[:6]):
            with contextlib.suppress(InputError):
                parse_expression(text, NAMES)


ALPHABET = "xy0123456789.+-*/^()[], eE_sqrtexplogmaxinpi='\\:\"\n#@!<>{}%&|~`$;?\t\x00"


@settings(max_examples=250)
@given(st.one_of(st.text(ALPHABET, max_size=40), st.text(max_size=20)))
@example("1_")
@example("1__0")
@example(".")
@example("0_7")
@example("1e")
@example("1e+")
@example("0777")
@example("x" * 65)
@example("(1e400)^(1e400)")
@example("max(x,max(x,y),min())")
def test_any_text_is_read_or_refused(text):
    start = time.process_time()
    try:
        found = parse_expression(text, NAMES)
    except InputError as error:
        assert str(error).isprintable()
    else:
        assert isinstance(found, sp.Expr) and not found.has(sp.Float, sp.nan, sp.oo, sp.zoo, sp.I)
        assert found.free_symbols <= {x, y}
    assert time.process_time() - start < 10


_FORMULAS = st.recursive(
    st.sampled_from(["x", "y", "1", "2", "1/3", "0.25", "1e-2", "pi", "E"]),
    lambda inner: st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from("+-*"), inner),
        st.builds("{}({})".format, st.sampled_from(["sin", "cos", "tanh", "atan", "erf", "abs"]), inner),
        st.builds("({})^{}".format, inner, st.integers(0, 3)),
        st.builds("-{}".format, inner),
        st.builds("{}({}, {})".format, st.sampled_from(["min", "max"]), inner, inner),
        st.builds("sqrt(1 + ({})^2)".format, inner),
    ),
    max_leaves=6,
)


@settings(max_examples=50)
@given(_FORMULAS)
def test_formulas_have_the_value_that_python_gives_them(text):
    """Our own reading against Python's, in mpmath numbers."""
    expression = parse_expression(text, NAMES)
    with mpmath.workdps(60):
        third, half = mpmath.mpf(1) / 3, mpmath.mpf(1) / 2
        names = {"x": third, "y": -half, "pi": +mpmath.pi, "E": +mpmath.e, "min": min, "max": max, "abs": abs}
        names |= {name: getattr(mpmath, name) for name in ("sin", "cos", "tanh", "atan", "erf", "sqrt")}
        source = (
            text.replace("^", "**").replace("0.25", "(1/m(4))").replace("1e-2", "(1/m(100))").replace("1/3", "(1/m(3))")
        )
        value = mpmath.mpf(eval(source, names | {"m": mpmath.mpf}))
        ball = enclose(expression, {x: "1/3", y: "-1/2"} if expression.free_symbols else {}, 256)
        low, high = (mpmath.mpf(int(q.p)) / int(q.q) for q in (parse_end(ball.lower()), parse_end(ball.upper())))
        slack = mpmath.mpf(10) ** -45 * (1 + abs(value))
        assert low - slack <= value <= high + slack


def parse_end(ball):
    from relverify.rigor.enclose import arf_to_fmpq

    return arf_to_fmpq(ball)


def test_limits_accept_what_lies_within_them():
    assert parse_expression("(" * MAX_DEPTH + "1" + ")" * MAX_DEPTH) == 1
    assert parse_expression("1+" * 200 + "1") == 201
    assert parse_expression(" " * (MAX_LENGTH - 1) + "1") == 1
    many = ",".join(f"sin({i}*x)" for i in range(MAX_ARGUMENTS))
    assert len(parse_expression(f"max({many})", NAMES).args) == MAX_ARGUMENTS
    assert parse_expression("exp(-99999)") == sp.exp(-99999)
    assert parse_expression("7" * 400) == int("7" * 400)


def test_decimals_are_exact():
    assert decimal("0.1") == sp.Rational(1, 10)
    assert decimal("12.50E+2") == 1250
    for bad in ("", ".", "e5", "1e", "inf", "nan", "1e401", "0x1", "1.5.2"):
        with pytest.raises(InputError):
            decimal(bad)


@given(st.integers(-(10**30), 10**30), st.integers(0, 25))
def test_decimals_of_any_size(digits, places):
    text = str(abs(digits)).rjust(places + 1, "0")
    text = f"{text[: len(text) - places]}.{text[len(text) - places :]}0"
    assert parse_expression(text) == sp.Rational(abs(digits), 10**places)


def test_calls():
    assert parse_call("gaussian(ell=1/2)") == ("gaussian", {"ell": sp.Rational(1, 2)})
    assert parse_call("bilinear(A=[[1, 0.5], [-2, sqrt(2)]])") == (
        "bilinear",
        {"A": [[1, sp.Rational(1, 2)], [-2, sp.sqrt(2)]]},
    )
    assert parse_call("f(1, b=2)") == ("f", {"0": 1, "b": 2})
    assert parse_call("f") == ("f", {})


@pytest.mark.parametrize(
    "text",
    [
        "f(a=1, a=2)",
        "f(**x)",
        "f(*[1])",
        "f.g(1)",
        "f()()",
        "f(a=1e9999)",
        "f(a='x')",
        "f(a=None)",
        "f(a=x)",
        "1+1",
        "f[1]",
        "f(a=[exp(exp(exp(9)))])",
        "f(a=[" + "[" * 40 + "]" * 40 + "])",
        "f(a=__import__('os'))",
        "f(lambda=1)",
        "f(a={})",
    ],
)
def test_bad_calls(text):
    with pytest.raises(InputError):
        parse_call(text)


def test_trees_remember_their_source():
    tree = parse.parse_tree("gaussian(ell=0.1) + 0.1")
    assert tree.at(tree.node.right).expression({}) == sp.Rational(1, 10)
    assert tree.at(tree.node.left).call() == ("gaussian", {"ell": sp.Rational(1, 10)})


@pytest.mark.parametrize("sign", ["-", "+"])
def test_signs_count_as_operations(sign):
    assert parse_expression(sign * MAX_OPERATIONS + "x", NAMES) == NAMES["x"]
    with pytest.raises(InputError, match=f"more than {MAX_OPERATIONS} operations"):
        parse_expression(sign * (MAX_OPERATIONS + 1) + "x", NAMES)


@pytest.mark.parametrize("text", ["sin()", "sin(x, y)", "max()", "max(x)", "erf()", "exp(1, 2)"])
def test_functions_need_their_number_of_arguments(text):
    with pytest.raises(InputError, match="argument"):
        parse_expression(text, NAMES)


@pytest.mark.parametrize("text", ["x**401", "x**(-401)", "x**(801/2)"])
def test_powers_of_variables_are_limited(text):
    assert parse_expression("x**400", NAMES) == x**400
    with pytest.raises(InputError, match="power"):
        parse_expression(text, NAMES)
