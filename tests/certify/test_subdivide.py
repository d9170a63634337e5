"""The certification of whole problems: soundness, targets, limits, memory, degenerate input, planted errors."""

import flint
import numpy as np
import pytest
from flint import arb, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from relverify.activations import activations
from relverify.certify import axis, subdivide
from relverify.certify.cells import Axis
from relverify.certify.engine import certify, matrix_certificate
from relverify.certify.point import PointError
from relverify.certify.result import as_dict
from relverify.certify.vertex import vertex_certificate
from relverify.core.box import parse_box
from relverify.errors import Disagreement, InputError
from relverify.networks.construct import grid_network
from relverify.networks.mlp import MLP
from relverify.relations.parse import parse_relation
from relverify.rigor.decide import Verdict
from relverify.rigor.exact import dyadic
from relverify.rigor.pictures import compile_numpy

TEXTS = {
    1: ["exp(-2*(x-y)^2)", "tanh(4*(x-y))", "min(x,y)", "abs(sin(5*x+y))", "1/(3+x*y)", "sqrt(x^2+y^2+1/10)", "1/7"],
    2: ["exp(-(x1-y1)^2-(x2-y2)^2)", "max(x1*y1,x2*y2)", "sin(x1+2*y2)*x2*y1"],
    3: ["tanh(x1*y1+x2*y2+x3*y3)"],
}
ACTIVATIONS = sorted(activations())
GAUSS = parse_relation("exp(-2*(x-y)^2)")
LINE = MLP(([[1.0]],), ([0.0],))


def network(rng, p, d, name=None, depth=None, scale=1.0):
    sizes = [p, *rng.integers(1, 10, size=rng.integers(0, 3) if depth is None else depth), d]
    weights = tuple(rng.normal(size=(b, a)) * scale for a, b in zip(sizes[:-1], sizes[1:], strict=True))
    biases = tuple(rng.normal(size=w.shape[0]) for w in weights)
    return MLP(weights, biases, name or str(rng.choice(ACTIVATIONS)))


def largest_found(relation, phi, psi, box, rng, samples=2000):
    """Largest |e| that sampling and a local search find, as a ball at 200 bits."""
    error = PointError(relation, phi, phi if psi is None else psi)
    axes = phi.in_features + (phi if psi is None else psi).in_features
    ends = [(dyadic(float(v)) if isinstance(v, float) else v) for v in box]
    lo, hi = float(ends[0].p) / float(ends[0].q), float(ends[1].p) / float(ends[1].q)
    points = rng.uniform(lo, hi, size=(samples, axes))
    points = np.where(rng.random(points.shape) < 0.15, rng.choice([lo, hi], size=points.shape), points)
    best = points[np.argsort(np.abs(error.floats(points)))[-4:]]
    point, _ = error.climb(best, np.full(best.shape, 0.02 * (hi - lo)), np.full(axes, lo), np.full(axes, hi), 15)
    exact = [min(max(dyadic(float(v)), ends[0]), ends[1]) for v in point]
    return abs(error.ball(exact, 200)), error


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 1, 2, 3]))
def test_no_point_is_above_upper_nor_lower_above_the_error(seed, p):
    rng = np.random.default_rng(seed)
    relation, d = parse_relation(str(rng.choice(TEXTS[p]))), int(rng.integers(1, 4))
    phi = network(rng, p, d)
    psi = None if rng.random() < 0.4 else network(rng, p, d)
    lo = fmpq(int(rng.integers(-10, 5)), 7)
    hi = lo + fmpq(int(rng.integers(1, 12)), 7)
    box = f"[{lo},{hi}]" + (f"^{p}" if p > 1 else "")
    found = matrix_certificate(relation, phi, psi, box, within="1.3", max_cells=10_000)
    size, error = largest_found(relation, phi, psi, (lo, hi), rng)
    assert not size > arb(found.upper)
    assert all(lo <= v <= hi for v in found.argmax)
    assert abs(error.ball(found.argmax, 200)) >= arb(found.lower) and found.lower <= found.upper
    assert found.ratio <= 1.3 or found.reason != "target met"


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_within_is_met(name):
    rng = np.random.default_rng(4)
    phi, psi = network(rng, 1, 2, name, 1), network(rng, 1, 2, name, 2)
    found = matrix_certificate(GAUSS, phi, psi, "[-1,1]", within="1.05")
    assert found.reason == "target met" and 1 <= found.ratio <= 1.05


def test_agrees_with_vertices():
    """Two independent engines: their intervals of the same error overlap, and both are narrow."""
    rng = np.random.default_rng(8)
    for text in TEXTS[1][:4]:
        phi, psi = network(rng, 1, 3, "relu", 1), network(rng, 1, 3, "relu", 2)
        relation = parse_relation(text)
        one = vertex_certificate(relation, phi, psi, "[-1,1]", within="1.01")
        two = matrix_certificate(relation, phi, psi, "[-1,1]", within="1.01", max_cells=400_000)
        assert max(one.lower, two.lower) <= min(one.upper, two.upper) and two.ratio <= 1.05


def test_known_error():
    """|x y - sin(x) sin(y)| on [-1, 1]^2 is largest at a corner: 1 - sin(1)^2."""
    net = MLP(([[1.0]], [[1.0]]), ([0.0], [0.0]), "sin")
    found = matrix_certificate(parse_relation("x*y"), net, None, "[-1,1]", within="1.000001")
    with flint.ctx.workprec(128):
        true = 1 - arb(1).sin() ** 2
        assert arb(found.lower) <= true and true <= arb(found.upper)
    assert found.ratio < 1.00001


@pytest.mark.parametrize("symmetric", [True, False])
def test_eps_decides(symmetric):
    net = MLP(([[1.0]], [[1.0]]), ([0.0], [0.0]), "sin")
    relation, psi = parse_relation("x*y"), None if symmetric else MLP(([[1.0]], [[1.0]]), ([0.0], [0.0]), "sin")
    proved = matrix_certificate(relation, net, psi, "[-1,1]", eps="0.3")
    assert proved.verdict is Verdict.PROVED and proved.upper <= fmpq(3, 10)
    refuted = matrix_certificate(relation, net, psi, "[-1,1]", eps="0.29")
    assert refuted.verdict is Verdict.REFUTED and refuted.lower > fmpq(29, 100)
    both = matrix_certificate(relation, net, psi, "[-1,1]", eps="0.29", within="1.01")
    assert both.verdict is Verdict.REFUTED and both.ratio <= 1.01


def test_eps_equal_to_the_error_is_undecided():
    zero = MLP(([[0.0]],), ([0.0],))
    relation = parse_relation("x*y/3")
    found = matrix_certificate(relation, zero, zero, "[-1,1]", eps="1/3", max_cells=50_000)
    assert found.verdict in (Verdict.UNDECIDED, Verdict.PROVED)  # 1/3 is no float64 number: never refuted
    assert matrix_certificate(relation, zero, zero, "[-1,1]", eps="1e-15").verdict is Verdict.REFUTED


def test_eps_below_rounding_is_undecided_at_once():
    relation = parse_relation("x*y")
    found = matrix_certificate(relation, LINE, None, "[-1,1]", eps="1e-18")
    assert found.verdict is Verdict.UNDECIDED and found.cells <= 64 * 65 // 2 and "rounding" in found.reason


@pytest.mark.parametrize("p", [1, 2])
def test_progress_says_what_is_proved_for_how_much_of_the_domain(p, monkeypatch):
    """Each part of the domain is settled once: the share never falls, and ends at the whole."""
    monkeypatch.setattr(subdivide, "PAUSE", 0.0)
    monkeypatch.setattr(subdivide, "CHUNK", 512)
    searches, lines = [], []
    run = subdivide.Search.run
    monkeypatch.setattr(subdivide.Search, "run", lambda self: (searches.append(self), run(self)))
    rng = np.random.default_rng(3)
    phi = network(rng, p, 4, "tanh", 1)
    relation = parse_relation("99*cos(9*x+9*y)" if p == 1 else TEXTS[2][0])
    for psi in (None, network(rng, p, 4, "relu", 1)):
        lines.clear()
        box = "[-1,1]" if p == 1 else "[-1,1]^2"
        options = {"within": "1.001", "max_cells": 60_000, "progress": lines.append}
        found = matrix_certificate(relation, phi, psi, box, **options)
        assert abs(searches[-1].settled - 1) < 1e-9
        shares = [float(line.split("proved on ")[1].split(" %")[0]) for line in lines if "proved on" in line]
        claims = [float(line.split()[2]) for line in lines if "proved on" in line]
        assert len(shares) >= 3 and max(shares) <= 100
        same = [b - a for a, b, c, d in zip(shares, shares[1:], claims, claims[1:], strict=False) if c == d]
        assert all(step >= 0 for step in same) and all(" pairs of cells, level " in line for line in lines)
        assert found.cells > 1500 and (found.reason != "target met" or abs(searches[-1].met - 1) < 1e-9)


def test_symmetric_problems_do_half_the_work():
    rng = np.random.default_rng(3)
    phi = network(rng, 1, 4, "tanh", 1)
    half = matrix_certificate(GAUSS, phi, None, "[-1,1]", within="1.01")
    copy = MLP(phi.weights, (phi.biases[0], phi.biases[1] + 2.0**-40), "tanh")
    full = matrix_certificate(GAUSS, phi, copy, "[-1,1]", within="1.01")
    assert half.cells < 0.7 * full.cells
    assert max(half.lower, full.lower) <= min(half.upper, full.upper) + fmpq(1, 10**9)


def test_limits_return_the_best_proved_bounds():
    rng = np.random.default_rng(15)
    phi, psi = network(rng, 2, 3, "tanh", 1), network(rng, 2, 3, "relu", 1)
    relation = parse_relation(TEXTS[2][0])
    loose = matrix_certificate(relation, phi, psi, "[-1,1]^2", eps="1.5", within="1.000001", max_cells=4096)
    tight = matrix_certificate(relation, phi, psi, "[-1,1]^2", eps="1.5", within="1.000001", max_cells=100_000)
    assert "limit of 4096" in loose.reason and loose.verdict is not Verdict.PROVED
    assert loose.ratio > tight.ratio or tight.ratio <= 1.000001
    assert loose.lower <= tight.upper <= loose.upper
    out_of_time = matrix_certificate(relation, phi, psi, "[-1,1]^2", eps="1e-9", within="1.0001", time_limit=0.0)
    assert out_of_time.upper is None and out_of_time.reason.startswith("time limit reached")
    assert out_of_time.verdict is not Verdict.PROVED


def test_bounds_do_not_depend_on_the_memory(monkeypatch):
    """Parts, chunks and depth-first order reach the same bound."""
    rng = np.random.default_rng(6)
    phi, psi = network(rng, 2, 3, "tanh", 1), network(rng, 2, 3, "gelu", 1)
    relation = parse_relation(TEXTS[2][2])
    plain = matrix_certificate(relation, phi, psi, "[-1,1]^2", within="1.02")
    monkeypatch.setattr(subdivide, "CHUNK", 300)
    small = matrix_certificate(relation, phi, psi, "[-1,1]^2", within="1.02", memory=300_000)
    assert plain.ratio <= 1.02 and small.ratio <= 1.02
    assert max(plain.lower, small.lower) <= min(plain.upper, small.upper)


def test_children_cover_their_parents():
    rng = np.random.default_rng(0)
    net = network(rng, 2, 1, "tanh", 1)
    axis = Axis(net, net, [(fmpq(-1, 3), fmpq(2, 3))] * 2)
    parents = np.arange(axis.count)
    lo, hi = axis.corners(0, parents)
    assert dyadic(float(lo.min())) <= fmpq(-1, 3) and dyadic(float(hi.max())) >= fmpq(2, 3)
    children = [axis.corners(1, 4 * parents + k) for k in range(4)]
    assert np.array_equal(np.min([c[0] for c in children], axis=0), lo)
    assert np.array_equal(np.max([c[1] for c in children], axis=0), hi)
    areas = sum(np.prod(c[1] - c[0], axis=1) for c in children)
    assert np.allclose(areas, np.prod(hi - lo, axis=1), rtol=1e-12)


def test_cells_of_piecewise_linear_networks_end_at_kinks():
    net = network(np.random.default_rng(2), 1, 2, "relu", 2)
    axis = Axis(net, net, [(fmpq(-1), fmpq(1))])
    lo, hi = axis.corners(0, np.arange(axis.count))
    assert axis.count % axis.group == 0 and np.array_equal(lo[1:], hi[:-1]) and lo[0] == -1 and hi[-1] == 1
    assert all(np.abs(lo - float(v.p) / float(v.q)).min() < 1e-9 for v in net.breakpoints(-1, 1))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1/(x-y)", "divides by x - y, which is 0 at (x, y) = ("),
        ("log(x-y)", "takes the logarithm of x - y, which is negative at (x, y) = ("),
        ("tan(3*x+y)", "divides by cos(3*x + y), which has both signs"),
    ],
)
def test_a_relation_that_is_undefined_in_the_box_ends_the_search(text, said):
    found = matrix_certificate(parse_relation(text), LINE, None, "[-1,1]")
    assert found.upper is None and said in found.reason and found.cells <= 64**2
    if text != "log(x-y)":
        # the error grows without bound beside the place: no eps is met
        found = matrix_certificate(parse_relation(text), LINE, None, "[-1,1]", eps="1e12")
        assert found.verdict is Verdict.REFUTED and found.lower > 10**12 and found.cells <= 64**2


def test_a_bound_that_stays_infinite_ends_the_search():
    """A double zero beside the points that are tried: the pairs without a bound only get more."""
    relation = parse_relation("1/(x^2-2*x*y+y^2+2/3*x-2/3*y+1/9)")
    found = matrix_certificate(relation, LINE, None, "[-1,1]", max_cells=1_000_000)
    assert found.upper is None and "r has no finite bound on" in found.reason and found.cells < 200_000


def test_a_limit_before_all_cells_are_bounded_does_not_blame_the_relation():
    found = matrix_certificate(parse_relation("x*y"), LINE, None, "[-1,1]", time_limit=0)
    assert found.upper is None and found.reason == "time limit reached"
    found = matrix_certificate(parse_relation("x*y"), LINE, None, "[1,2]", eps="1/100")
    assert found.reason == "target met" or "finite" not in found.reason


@pytest.mark.parametrize("text", ["sqrt(x+1)*y", "sqrt(1-x^2)*y", "sqrt((1-x^2)*(1-y^2))", "(x+1)^(1/3)"])
def test_roots_that_vanish_at_the_end_of_the_box_are_bounded(text):
    """Half-widths are rounded up, so that a cell might begin before the box does."""
    relation, x = parse_relation(text), np.linspace(-1, 1, 401)
    found = matrix_certificate(relation, LINE, None, "[-1,1]")
    code = compile_numpy(relation.expr, relation.x_symbols + relation.y_symbols)
    largest = np.abs(code(x[:, None], x) - LINE(x[:, None]) @ LINE(x[:, None]).T).max()
    assert found.reason == "target met" and found.ratio <= 1.1
    assert dyadic(float(largest) * (1 - 1e-12)) <= found.upper


@pytest.mark.parametrize("text", ["1/(x-y)", "log(x-y)", "1/(x*y)"])
def test_unbounded_relations_are_never_proved(text):
    found = matrix_certificate(parse_relation(text), LINE, None, "[-1,1]", eps="10", max_cells=100_000)
    assert found.verdict is not Verdict.PROVED and found.upper is None


def test_poles_beside_the_box_are_resolved():
    """On the first cells 1/(x - y) is unbounded, on smaller ones it is not: the search goes on."""
    zero = MLP(([[0.0]],), ([0.0],))
    found = matrix_certificate(parse_relation("1/(x-y)"), zero, zero, "[1,2]", "[0,0.99]", eps="101")
    assert found.verdict is Verdict.PROVED and found.lower <= 100 <= found.upper


def test_exact_cells_meet_the_target():
    """min(x, y) on a grid network is exact on most cells, which must not count as limited by rounding."""
    relation = parse_relation("brownian")
    phi = grid_network(relation, "[0,1]", None, 16).phi
    found, same = (engine(relation, phi, None, "[0,1]") for engine in (matrix_certificate, vertex_certificate))
    # the weights are rounded, so the error is 1/64 up to a few units of rounding
    assert found.reason == "target met" and abs(found.lower - fmpq(1, 64)) < fmpq(1, 10**12)
    assert max(found.lower, same.lower) <= min(found.upper, same.upper)


def test_zero_and_constant_networks():
    zero = MLP(([[0.0]], [[0.0]]), ([0.0], [0.0]), "tanh")
    nothing = matrix_certificate(parse_relation("0*x"), zero, None, "[0,1]", eps="1e-9")
    assert nothing.verdict is Verdict.PROVED and nothing.lower == 0
    constant = matrix_certificate(parse_relation("1/7"), zero, None, "[0,1]")
    assert constant.lower <= fmpq(1, 7) <= constant.upper and constant.ratio < 1 + 1e-9


def test_huge_weights_and_denormals():
    for scale in (1e8, 1e-310):
        net = MLP(([[scale]], [[1.0]]), ([scale / 3], [0.0]), "tanh")
        found = matrix_certificate(GAUSS, net, None, "[-1,1]", within="1.1", max_cells=200_000)
        size, _ = largest_found(GAUSS, net, None, (fmpq(-1), fmpq(1)), np.random.default_rng(0))
        assert not size > arb(found.upper) and found.upper <= 3


def test_small_boxes():
    net = network(np.random.default_rng(0), 1, 2, "tanh", 1)
    box = "[1/3,333333333333333334/1000000000000000000]"
    found = matrix_certificate(GAUSS, net, None, box)
    assert all(fmpq(1, 3) <= v <= fmpq(333333333333333334, 10**18) for v in found.argmax) and found.ratio < 1.1


def test_bad_input_is_refused():
    two = MLP(([[1.0, 0.0]],), ([0.0],))
    pair = MLP(([[1.0], [1.0]],), ([0.0, 0.0],))
    for arguments, message in (
        ((GAUSS, two, None, "[0,1]"), "phi: has 2 inputs; accepted: 1"),
        ((GAUSS, two, None, "[0,1]^2"), "relation: has 1 and 1 coordinates; accepted: the 2 and 2"),
        ((GAUSS, LINE, pair, "[0,1]"), "psi: has 2 outputs; accepted: 1 outputs"),
        ((GAUSS, LINE, None, "[1,1]"), "empty"),
        ((GAUSS, LINE, None, "[0,1]", None, "-1"), "eps: -1 is not positive"),
        ((GAUSS, LINE, None, "[0,1]", None, None, "1"), "within: 1 is not above 1"),
        ((GAUSS, LINE, None, "[0,1]", None, None, None, 0), "memory: 0 is not positive"),
        ((GAUSS, LINE, None, "[0,1]", None, None, None, 1e9, float("nan")), "time_limit: nan is not"),
    ):
        with pytest.raises(InputError, match=message.replace("[", r"\[")):
            matrix_certificate(*arguments)
    with pytest.raises(InputError, match="NaN"):
        MLP(([[np.nan]],), ([0.0],))


def test_a_relation_of_fewer_coordinates_than_the_boxes():
    relation = parse_relation("x1*y1")
    nets = MLP(([[1.0, 0.0]],), ([0.0],))
    found = matrix_certificate(relation, nets, None, "[-1,1]^2", eps="1e-9")
    assert found.verdict is Verdict.PROVED and len(found.argmax) == 4


def test_a_weight_moved_by_1e9_relative_is_caught():
    """A certificate of the right network does not hold for the moved one, and the engine says so."""
    relation = parse_relation("x*y")
    moved = MLP(([[1.0 + 1e-9]],), ([0.0],))
    assert matrix_certificate(relation, LINE, None, "[-1,1]", eps="1e-10").verdict is Verdict.PROVED
    assert matrix_certificate(relation, LINE, moved, "[-1,1]", eps="1e-10").verdict is Verdict.REFUTED


def test_a_bound_that_loses_a_factor_contradicts_the_point(monkeypatch):
    true = subdivide.pair_bounds

    def halved(*arguments):
        found = true(*arguments)
        return found._replace(bound=found.bound / 2)

    monkeypatch.setattr(subdivide, "pair_bounds", halved)
    net = MLP(([[1.0]], [[1.0]]), ([0.0], [0.0]), "sin")
    with pytest.raises(Disagreement, match="below the error"):
        matrix_certificate(parse_relation("x*y"), net, None, "[-1,1]", within="1.01")


def test_the_choice_of_the_engine():
    relation = parse_relation("brownian")
    built = grid_network(relation, "[0,1]", None, 4)
    by_vertices = certify(relation, built.phi, None, "[0,1]")
    assert len(by_vertices.argmax) == 2 and by_vertices.ratio <= 1.1 and by_vertices.cells < 2000
    smooth = certify(relation, network(np.random.default_rng(0), 1, 2, "tanh", 1), None, "[0,1]", eps="100")
    assert smooth.verdict is Verdict.PROVED


def test_json_fields_are_rounded_outwards():
    found = matrix_certificate(parse_relation("1/7"), MLP(([[0.0]],), ([0.0],)), None, "[0,1]")
    fields = as_dict(found)
    assert fmpq(1, 7) <= found.upper and fields["semantics"] == "real" and fields["verdict"] == "proved"
    assert float(fields["lower"]) <= float(found.lower.p) / float(found.lower.q)
    assert float(fields["upper"]) >= float(found.upper.p) / float(found.upper.q)
    assert len(fields["argmax"]) == 2 and parse_box("[0,1]").dim == 1
    with flint.ctx.workprec(200):
        assert arb(found.lower) <= arb(1) / 7


@pytest.mark.parametrize(
    "limits", [{"memory": -1}, {"memory": float("nan")}, {"time_limit": float("nan")}, {"time_limit": -1}]
)
def test_limits_are_checked_whichever_method_decides(limits):
    net = MLP(([[1.0]], [[1.0]]), ([0.0], [0.0]))
    with pytest.raises(InputError, match=next(iter(limits))):
        certify(parse_relation("x*y"), net, None, "[0,1]", eps="1/2", **limits)


def wide_network(seed, p, name):
    rng = np.random.default_rng(seed)
    weights = rng.normal(size=(24, p)), rng.normal(size=(4, 24)) / 8
    return MLP(weights, (rng.normal(size=24), rng.normal(size=4)), name)


@pytest.mark.parametrize(("p", "text"), [(1, "min(x, y)"), (2, "sin(x1+2*y2)*x2*y1")])
def test_wide_networks_go_without_a_slack_and_keep_their_bounds(p, text, monkeypatch):
    box = "[-1,1]" if p == 1 else "[-1,1]^2"
    phi, psi = (wide_network(seed, p, name) for seed, name in ((1, "relu"), (2, "leaky_relu")))
    usual = matrix_certificate(parse_relation(text), phi, psi, box, within="1.2")
    monkeypatch.setattr(axis, "WIDEST", 23)
    wide = matrix_certificate(parse_relation(text), phi, psi, box, within="1.2")
    assert axis.taylor(phi, -np.ones((1, p)), np.ones((1, p))).slack is None
    assert wide.reason == usual.reason == "target met"
    assert wide.lower <= usual.upper and usual.lower <= wide.upper
