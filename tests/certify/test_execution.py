"""Executions in float32 and float64: real runs by numpy and torch against exact values, and every term of the bound."""

from dataclasses import replace

import flint
import numpy as np
import pytest
from flint import arb, fmpq
from hypothesis import example, given, settings
from hypothesis import strategies as st

from relverify.activations import activations
from relverify.certify import execution
from relverify.certify.engine import certify
from relverify.certify.execution import FORMATS, cast, rounding_bound
from relverify.certify.point import network_ball
from relverify.certify.result import as_dict, outcome
from relverify.errors import InputError
from relverify.networks.mlp import MLP
from relverify.relations.parse import parse_relation
from relverify.rigor.decide import Verdict
from relverify.rigor.exact import dyadic

torch = pytest.importorskip("torch", reason="executions are run by torch, which is not installed")
F = torch.nn.functional
RUN = {
    "identity": lambda z: z, "relu": torch.relu, "leaky_relu": F.leaky_relu, "tanh": torch.tanh, "gelu": F.gelu,
    "sigmoid": torch.sigmoid, "silu": F.silu, "softplus": F.softplus, "sin": torch.sin, "square": torch.square,
}  # fmt: skip
NUMPY = {"identity": lambda z: z, "relu": lambda z: np.maximum(z, 0), "tanh": np.tanh, "sin": np.sin}
FORMAT_NAMES = sorted(FORMATS)
SCALES = (1.0, 1.0, 1.0, 30.0, 1e8, 1e-8, 1e-25, 1e-42)


def test_every_activation_says_how_it_is_executed():
    assert set(RUN) == {name for name, record in activations().items() if record.rounding is not None}


def network(rng, p, d, name):
    sizes = [p, *rng.integers(1, 12, size=rng.integers(0, 3)), d]
    weights = [rng.normal(size=(b, a)) for a, b in zip(sizes[:-1], sizes[1:], strict=True)]
    weights = [w * rng.choice(SCALES) * rng.choice([0.0, 1.0, 1.0, 1.0], size=w.shape) for w in weights]
    biases = [rng.normal(size=w.shape[0]) * rng.choice(SCALES) * rng.integers(0, 2) for w in weights]
    return MLP(tuple(weights), tuple(biases), name)


def run_torch(net, points, kind, act):
    h = torch.tensor(points.astype(kind))
    for k, (w, b) in enumerate(zip(net.weights, net.biases, strict=True)):
        h = F.linear(act(h) if k else h, torch.tensor(w.astype(kind)), torch.tensor(b.astype(kind)))
    return h


def run_numpy(net, points, kind, act, rng):
    """Sums in a random order, bias first or last."""
    h = points.astype(kind)
    for k, (w, b) in enumerate(zip(net.weights, net.biases, strict=True)):
        h = act(h) if k else h
        assert h.dtype == kind
        terms = h[:, None, :] * w.astype(kind)[None]
        terms = np.concatenate([terms, np.broadcast_to(b.astype(kind)[None, :, None], (*terms.shape[:2], 1))], axis=2)
        h = np.add.accumulate(terms[..., rng.permutation(terms.shape[2])], axis=2)[..., -1]
    return h


def exact(phi, psi, x, y):
    """The inner product of the real functions, enclosed far below any rounding."""
    with flint.ctx.workprec(400):
        return sum((a * b for a, b in zip(network_ball(phi, x), network_ball(psi, y), strict=True)), arb(0))


def farthest(phi, psi, xs, ys, computed):
    """Largest proved |computed - exact| over points given exactly."""
    worst = fmpq(0)
    with flint.ctx.workprec(400):
        for x, y, value in zip(xs, ys, computed, strict=True):
            mantissa, exponent = abs(arb(dyadic(float(value))) - exact(phi, psi, x, y)).lower().man_exp()
            if exponent > -5000:  # smaller distances are below every bound
                worst = max(worst, fmpq(mantissa) * fmpq(2) ** int(exponent))
    return worst


def nearest(value, dtype):
    """A rational rounded once."""
    near = dtype.type(int(value.p) / int(value.q))
    beside = [near, np.nextafter(near, dtype.type(-np.inf)), np.nextafter(near, dtype.type(np.inf))]
    return min(beside, key=lambda c: abs(dyadic(float(c)) - value))


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(FORMAT_NAMES), st.sampled_from(sorted(RUN)), st.integers(1, 3))
@example(0, "float32", "softplus", 1)
def test_real_executions_lie_within_the_bound(seed, name, kind, p):
    rng = np.random.default_rng(seed)
    form, dtype, d = FORMATS[name], np.dtype(name), int(rng.integers(1, 5))
    phi, psi = (cast(network(rng, p, d, kind), form) for _ in range(2))
    ends = [(fmpq(int(rng.integers(-30, 5)), 7), fmpq(int(rng.integers(6, 30)), 7)) for _ in range(p)]
    bound = rounding_bound(phi, psi, ends, ends, form)
    if bound is None:
        return
    xs, ys = ([[a + (b - a) * fmpq(int(t), 1000) for (a, b), t in zip(ends, row, strict=True)] for row in rows]
              for rows in (rng.integers(0, 1001, size=(12, p)), rng.integers(0, 1001, size=(12, p))))  # fmt: skip
    left, right = (np.array([[nearest(v, dtype) for v in row] for row in rows]) for rows in (xs, ys))
    outputs = [run_torch(net, points, dtype, RUN[kind]) for net, points in ((phi, left), (psi, right))]
    computed = [(outputs[0] * outputs[1]).sum(dim=1).numpy(), (outputs[0] @ outputs[1].T).diagonal().numpy()]
    if kind in NUMPY:
        with np.errstate(all="ignore"):
            one, two = (run_numpy(n, points, dtype, NUMPY[kind], rng) for n, points in ((phi, left), (psi, right)))
            computed.append(np.add.accumulate(one * two, axis=1)[:, -1])
    for values in computed:
        assert values.dtype == dtype
        assert farthest(phi, psi, xs, ys, values) <= bound


def test_overflow_is_never_excluded_wrongly():
    """Products beyond float32 give no bound there, and one in float64."""
    net = MLP(([[1e30]], [[1e30]]), ([0.0], [0.0]), "identity")
    one = MLP(([[1.0]],), ([0.0],))
    ends = [(fmpq(0), fmpq(1))]
    assert rounding_bound(net, one, ends, ends, FORMATS["float32"]) is None
    assert rounding_bound(net, one, ends, ends, FORMATS["float64"]) is not None
    hidden = MLP(([[1e30]], [[1e-30]]), ([0.0], [0.0]), "square")  # only the hidden unit overflows
    assert rounding_bound(hidden, one, ends, ends, FORMATS["float32"]) is None
    found = certify(parse_relation("x*y"), net, one, "[0,1]", eps="1e70", semantics="float32")
    assert found.upper is None and found.verdict is Verdict.UNDECIDED and "overflow" in found.reason


def test_the_bound_is_not_far_above_what_is_seen():
    """At float32, a network of 32 units is off by a hundredth of the bound at least: the bound says something."""
    rng = np.random.default_rng(3)
    phi, psi = (
        cast(MLP((rng.normal(size=(32, 1)), rng.normal(size=(4, 32)) / 8), (rng.normal(size=32), np.zeros(4)), "tanh"),
             FORMATS["float32"]) for _ in range(2)
    )  # fmt: skip
    ends = [(fmpq(-1), fmpq(1))]
    bound = rounding_bound(phi, psi, ends, ends, FORMATS["float32"])
    x = np.linspace(-1, 1, 200)[:, None].astype(np.float32)
    low = (run_torch(phi, x, np.float32, torch.tanh) @ run_torch(psi, x, np.float32, torch.tanh).T).numpy()
    high = phi(x.astype(float)) @ psi(x.astype(float)).T
    seen = np.abs(low - high).max()
    assert fmpq(1, 100) * bound <= dyadic(float(seen)) <= bound


# -- every term of the bound ----------------------------------------------------------------------------------------

SINGLE = FORMATS["float32"]
LITTLE = float(np.float32(0.999 * 2.0**-24))  # less than half of the last place of 1
ONE = MLP(([[0.0]],), ([1.0],))
ZERO = {
    "input_rounding": lambda size, form: 0.0 * size,
    "layer_rounding": lambda w, b, size, form: np.zeros((len(size), len(w))),
    "underflow": lambda w, size, form: np.zeros((len(size), len(w))),
    "activation_rounding": lambda known, value, argument, form: 0.0 * value,
    "product_rounding": lambda first, second, form: np.zeros((len(first), len(second))),
}


def most_rounded(factor):
    """A float32 c a little above 1 for which the product with a float32 is rounded down by nearly u, relatively."""
    c = (1 + np.random.default_rng(1).random(100_000) / 64).astype(np.float32)
    exact_product = c.astype(np.float64) * float(factor)
    return c[((exact_product - exact_product.astype(np.float32)) / exact_product).argmax()]


def inputs():
    """A number just below the middle of two floats, and products that are rounded down as far as possible."""
    x = np.float32(1 + 3 * 2.0**-23)
    w = most_rounded(x)
    c = most_rounded(w * x)
    phi, psi = MLP(([[float(w)]],), ([0.0],)), MLP(([[0.0]],), ([float(c)],))
    return phi, psi, dyadic(float(x)) + fmpq(999, 1000 * 2**24), (w * x) * c


def sums():
    """1 + u + u + ... from the left, each sum rounded down to 1."""
    phi = MLP((np.ones((64, 1)), np.full((1, 64), LITTLE)), (np.zeros(64), [1.0]), "relu")
    return phi, ONE, fmpq(1), np.float32(1)


def flushed():
    """64 products below the smallest normal number, each flushed to zero."""
    x = float(np.float32(0.999 * 2.0**-63))
    phi = MLP((np.ones((64, 1)), np.full((1, 64), 2.0**-63)), (np.zeros(64), [0.0]), "identity")
    return phi, ONE, dyadic(x), np.float32(0)


def library():
    """tanh, off by three of the four units that are assumed at most."""
    value = np.float32(np.tanh(3.0))
    for _ in range(3):
        value = np.nextafter(value, np.float32(0))
    return MLP(([[1.0]], [[1.0]]), ([0.0], [0.0]), "tanh"), ONE, fmpq(3), value


def products():
    """<(1, u, u, ...), (1, 1, ...)> from the left."""
    phi = MLP((np.zeros((64, 1)),), (np.where(np.arange(64) == 0, 1.0, LITTLE),))
    return phi, MLP((np.zeros((64, 1)),), (np.ones(64),)), fmpq(0), np.float32(1)


CASES = {
    "input_rounding": inputs, "layer_rounding": sums, "underflow": flushed, "activation_rounding": library,
    "product_rounding": products,
}  # fmt: skip


@pytest.mark.parametrize("term", sorted(CASES))
def test_a_dropped_term_is_caught(term, monkeypatch):
    """An execution that is allowed is within the bound, and outside of it without the term."""
    phi, psi, point, computed = CASES[term]()
    ends = [(point, point + fmpq(1, 2**80))]
    distance = farthest(phi, psi, [[point]], [[point]], [computed])
    assert distance <= rounding_bound(phi, psi, ends, ends, SINGLE)
    monkeypatch.setattr(execution, term, ZERO[term])
    assert distance > rounding_bound(phi, psi, ends, ends, SINGLE), f"without {term} the bound still holds"


def test_the_cut_of_softplus_is_counted(monkeypatch):
    """Above 20, torch returns z itself, which in float64 is far more than a few units in the last place off."""
    phi = MLP(([[1.0]], [[1.0]]), ([0.0], [0.0]), "softplus")
    point, form = fmpq(20) + fmpq(1, 2**30), FORMATS["float64"]
    ends = [(point, point + fmpq(1, 2**40))]
    computed = run_torch(phi, np.array([[float(point.p) / float(point.q)]]), np.float64, F.softplus).numpy().ravel()
    distance = farthest(phi, ONE, [[point]], [[point]], computed)
    assert fmpq(1, 10**9) < distance <= rounding_bound(phi, ONE, ends, ends, form)
    record = activations()["softplus"]
    without = replace(record, rounding=replace(record.rounding, cutoff=None))
    monkeypatch.setattr(execution, "activation", lambda _: without)
    assert distance > rounding_bound(phi, ONE, ends, ends, form)


# -- certificates -----------------------------------------------------------------------------------------------------

SINE = MLP(([[1.0]], [[1.0]]), ([0.0], [0.0]), "sin")  # on x y over [-1, 1]: error 1 - sin(1)^2 = 0.29192658...
PRODUCT = parse_relation("x*y")


@pytest.mark.parametrize("name", FORMAT_NAMES)
def test_verdicts_count_the_rounding(name):
    rounding = certify(PRODUCT, SINE, None, "[-1,1]", semantics=name).rounding
    with flint.ctx.workprec(200):
        mantissa, exponent = (1 - arb(1).sin() ** 2).mid().man_exp()
    true = fmpq(mantissa) * fmpq(2) ** int(exponent)
    for shift, verdict in ((3, Verdict.PROVED), (0, Verdict.UNDECIDED), (-3, Verdict.REFUTED)):
        eps = true + shift * max(rounding, fmpq(1, 10**10))
        found = certify(PRODUCT, SINE, None, "[-1,1]", eps=eps, semantics=name, max_cells=300_000)
        assert found.verdict is verdict, (shift, found.reason)
        if verdict is Verdict.PROVED:
            assert found.upper == found.real.upper + rounding <= eps
        if verdict is Verdict.REFUTED:
            assert found.lower == found.real.lower - rounding > eps


def test_within_counts_the_rounding():
    found = certify(PRODUCT, SINE, None, "[-1,1]", within="1.00002", semantics="float32")
    assert found.ratio <= 1.00002 and found.real.ratio < found.ratio and outcome(found) is Verdict.PROVED
    hopeless = certify(PRODUCT, SINE, None, "[-1,1]", within="1.000000001", semantics="float32", max_cells=300_000)
    assert outcome(hopeless) is Verdict.UNDECIDED and hopeless.upper is not None
    assert "rounding of float32 is too large" in hopeless.reason
    below = certify(PRODUCT, SINE, None, "[-1,1]", eps="1e-9", semantics="float32")
    assert below.verdict is Verdict.REFUTED and below.upper is not None


def test_the_network_that_runs_is_certified():
    """A weight that float32 cannot hold: the error of the cast network is reported, not that of the given one."""
    third = MLP(([[1 / 3]],), ([0.0],))
    relation, one = parse_relation("x/3"), MLP(([[0.0]],), ([1.0],))
    assert certify(relation, third, one, "[-1,1]", eps="1e-13").verdict is Verdict.PROVED
    found = certify(relation, third, one, "[-1,1]", eps="1e-9", semantics="float32")
    off = abs(dyadic(float(np.float32(1 / 3))) - fmpq(1, 3))
    assert found.verdict is not Verdict.PROVED and found.upper >= off and found.real.lower >= off * fmpq(99, 100)


def test_fields_name_the_semantics():
    fields = as_dict(certify(PRODUCT, SINE, None, "[-1,1]", eps="1/2", semantics="float32"))
    assert fields["semantics"] == "float32" and fields["verdict"] == "proved" and 0 < float(fields["rounding"]) < 1e-5
    assert any("sin" in line and "4 units" in line for line in fields["assumptions"])
    real = as_dict(certify(PRODUCT, SINE, None, "[-1,1]", eps="1/2"))
    assert real["semantics"] == "real" and real["rounding"] is None and real["assumptions"] == []


def test_bad_semantics_are_refused(monkeypatch):
    with pytest.raises(InputError, match="semantics: 'float16' is unknown; accepted: real, float32 or float64"):
        certify(PRODUCT, SINE, None, "[-1,1]", semantics="float16")
    with pytest.raises(InputError, match="phi: has a parameter beyond the range of float32"):
        certify(PRODUCT, MLP(([[1e39]],), ([0.0],)), None, "[-1,1]", semantics="float32")
    unknown = replace(activations()["sin"], rounding=None)
    monkeypatch.setattr(execution, "activation", lambda _: unknown)
    with pytest.raises(InputError, match="nothing is known of executions of sin"):
        certify(PRODUCT, SINE, None, "[-1,1]", semantics="float64")
