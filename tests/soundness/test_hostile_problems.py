"""Extreme weights, boxes, targets, relations: a correct answer or a clear refusal, no wrong proof, and no hang."""

import time

import numpy as np
import pytest
from flint import arb, fmpq

from relverify.activations import activations
from relverify.certify.engine import certify
from relverify.certify.result import outcome
from relverify.errors import InputError
from relverify.networks.mlp import MLP
from relverify.relations import parse_relation
from relverify.rigor.decide import Verdict
from relverify.testing import soundness

LINE = MLP(([[1.0]],), ([0.0],))
ZERO = MLP(([[0.0]],), ([0.0],))
LIMIT = 4.0


def network(scale, name, p=1, seed=0):
    rng = np.random.default_rng(seed)
    return MLP((rng.normal(size=(5, p)) * scale, rng.normal(size=(2, 5)) * scale),
               (rng.normal(size=5) * scale, rng.normal(size=2) * scale), name)  # fmt: skip


def timed(relation, phi, psi, x, y=None, **options):
    """A certificate, within the time limit and a little more for the last chunk."""
    start = time.process_time()
    found = certify(parse_relation(relation), phi, psi, x, y, time_limit=LIMIT, **options)
    assert time.process_time() - start < 4 * LIMIT
    return found


@pytest.mark.parametrize("name", sorted(activations()))
@pytest.mark.parametrize("scale", [1e8, 1e150, 1e-310, 5e-324, 0.0])
def test_extreme_weights(name, scale):
    triple = soundness.Triple(1, parse_relation("exp(-(x-y)^2)"), network(scale, name), None, "[-1,1]", "[-1,1]")
    assert not soundness.check(triple, samples=300, exact=True).problem


def test_an_error_beyond_float64_is_not_said_to_be_bounded():
    net = network(1e150, "relu")
    found = timed("exp(-(x-y)^2)", net, None, "[-1,1]", within="1.1", max_cells=4000)
    assert found.upper is None and outcome(found) is Verdict.UNDECIDED


def test_weights_mixed_from_largest_to_smallest():
    net = MLP(([[1e300], [1e-300], [1.0]], [[1e-300, 1e300, -0.0]]), ([0.0, -0.0, 5e-324], [-0.0]), "tanh")
    triple = soundness.Triple(1, parse_relation("x*y"), net, None, "[-1,1]", "[-1,1]")
    assert not soundness.check(triple, samples=300).problem


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_weights_that_are_no_numbers(bad):
    for weights, biases in ((([[bad]],), ([0.0],)), (([[1.0]],), ([bad],))):
        with pytest.raises(InputError, match="NaN or an infinity"):
            MLP(weights, biases)


@pytest.mark.parametrize(
    ("text", "box"),
    [
        ("1/(x-y)", "[-1,1]"), ("1/(x-y)^2", "[0,1]"), ("log(x) + 0*y", "[-1,1]"), ("log(x*y)", "[0,1]"),
        ("sqrt(x) + y", "[-1,1]"), ("tan(2*x) + y", "[0,1]"), ("1/sqrt(x) + 0*y", "[0,1]"), ("1/(x*y)", "[-1,1]"),
        ("log(abs(x-y))", "[-1,1]"), ("(x-y)^(-1/3)", "[-1,1]"), ("exp(1/x)+0*y", "[-1,1]"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("eps", ["1", "1e30"])
def test_unbounded_and_undefined_relations_are_never_proved(text, box, eps):
    for net in (LINE, ZERO, network(1.0, "relu")):
        found = timed(text, net, None, box, eps=eps, max_cells=20_000)
        assert found.verdict is not Verdict.PROVED and found.upper is None


@pytest.mark.parametrize(("text", "jump"), [("(x-y)/abs(x-y)", 1), ("abs(x)/x + 0*y", 1), ("atan(1/(x-y))", 1)])
def test_discontinuous_relations(text, jump):
    """Undefined on the jump, so nothing bounds them; a point beside it is still a valid lower bound."""
    found = timed(text, ZERO, None, "[-1,1]", eps="1/2", max_cells=50_000)
    assert found.verdict is not Verdict.PROVED and found.lower <= 2 * jump


@pytest.mark.parametrize("text", ["sign(x-y)", "floor(x)+y", "Piecewise((1,x<y),(0,True))", "x if y else 0", "nan*x"])
def test_relations_with_steps_are_refused(text):
    with pytest.raises(InputError) as caught:
        timed(text, LINE, None, "[-1,1]")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("box", ["[1,1]", "[0,0]", "[2,1]", "[-1,1]^0", "[nan,1]", "[-inf,inf]", "[0,1e999]", "[0,1"])
def test_boxes_that_are_none(box):
    with pytest.raises(InputError) as caught:
        timed("x*y", LINE, None, box)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "box", ["[-1e300,1e300]", "[-1e100,1e100]", "[-1e10,1e10]", "[0,1e-300]", "[1,1+1e-300]", "[1e300,2e300]",
            "[1/3,1/3+1e-40]", "[0,1e-320]"]
)  # fmt: skip
@pytest.mark.parametrize("text", ["exp(-(x-y)^2)", "x*y", "x^9 - y^9", "sin(x)*y"])
def test_enormous_and_tiny_boxes(box, text):
    if "+" in box:
        lo, more = box[1:-1].split(",")
        base, _, small = more.partition("+")
        box = f"[{lo},({base})+{small}]" if "(" in more else _sum(lo, base, small)
    for net in (LINE, network(1.0, "tanh"), network(1.0, "relu")):
        triple = soundness.Triple(2, parse_relation(text), net, None, box, box)
        start = time.process_time()
        assert not soundness.check(triple, samples=200).problem
        assert time.process_time() - start < 4 * LIMIT


def _sum(lo, base, small):
    """An exact fraction for the upper end."""
    exponent = int(small.removeprefix("1e-"))
    a, _, b = base.partition("/")
    b = int(b or 1)
    return f"[{lo},{int(a) * 10**exponent + b}/{b * 10**exponent}]"


def test_targets_near_machine_precision():
    found = timed("x*y", LINE, None, "[-1,1]", eps="1e-15")
    assert found.verdict in (Verdict.PROVED, Verdict.UNDECIDED) and found.lower == 0
    assert timed("x*y", LINE, None, "[-1,1]", eps="1e-300").verdict is Verdict.UNDECIDED
    moved = MLP(([[1.0 + 2.0**-52]],), ([0.0],))
    close = timed("x*y", moved, None, "[-1,1]", eps="1e-16")
    assert close.verdict is not Verdict.PROVED and arb(close.lower) <= arb(2) ** -51 + arb(2) ** -104
    wrong = timed("x*y + 1/10^14", LINE, None, "[-1,1]", eps="1e-15")
    assert wrong.verdict is not Verdict.PROVED
    assert timed("x*y + 1/10^12", LINE, None, "[-1,1]", eps="1e-13").verdict is Verdict.REFUTED


def test_the_largest_relations_stay_within_the_time_limit():
    """Long sums, deep nesting and steep functions."""
    long = "+".join(f"sin({k}*x+y)/{k}" for k in range(1, 40))
    deep = "x"
    for _ in range(20):
        deep = f"sin({deep}+y)"
    for text in (long, deep, "exp(exp(exp(x*y)))", "tanh(10^9*(x-y))", "sin(10^9*x*y)", "exp(-10^12*(x-y)^2)"):
        found = timed(text, network(1.0, "gelu"), None, "[-1,1]")
        assert found.upper is None or found.lower <= found.upper
        assert found.lower >= 0 and all(abs(v) <= fmpq(1) for v in found.argmax)
