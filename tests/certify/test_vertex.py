"""Soundness of the vertex certificate: known exact errors, dense sampling, planted errors."""

from itertools import pairwise

import numpy as np
import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from relverify.certify import vertex
from relverify.certify.compiled import Compiled, compiled
from relverify.certify.vertex import vertex_certificate
from relverify.errors import Disagreement, InputError
from relverify.networks.construct import grid_network
from relverify.networks.mlp import MLP
from relverify.relations.parse import parse_relation
from relverify.rigor.decide import Verdict

FUNCTIONS = {
    "gaussian(ell=1/2)": lambda x, y: np.exp(-2 * (x - y) ** 2),
    "tanh_order(4)": lambda x, y: np.tanh(4 * (x - y)),
    "brownian": np.minimum,
    "x^2*y^2 - 3*x*y^3": lambda x, y: x**2 * y**2 - 3 * x * y**3,
    "abs(x-y) + max(x, 1/3)": lambda x, y: np.abs(x - y) + np.maximum(x, 1 / 3),
    "abs(sin(5*x+y))": lambda x, y: np.abs(np.sin(5 * x + y)),
}


def sampled(text, phi, psi, points):
    """Largest error over sampled points in float64, rounding far below the tolerances used here."""
    values = phi(points[:, None]) @ psi(points[:, None]).T
    return np.abs(FUNCTIONS[text](points[:, None], points[None, :]) - values).max()


@pytest.mark.parametrize("text", FUNCTIONS)
@pytest.mark.parametrize("shifted", [False, True])
def test_sampling_lies_between_the_bounds(text, shifted):
    relation = parse_relation(text)
    built = grid_network(relation, "[0,1]", None, 6, 7, shifted)
    result = vertex_certificate(relation, built.phi, built.psi, "[0,1]", within="1.1")
    found = sampled(text, built.phi, built.psi, np.linspace(0, 1, 1501))
    assert found <= float(result.upper) * (1 + 1e-12)
    assert float(result.lower) <= found * (1 + 1e-2) + 1e-12
    assert result.ratio <= 1.1


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(sorted(FUNCTIONS)), st.integers(1, 2))
def test_random_networks(seed, text, depth):
    rng = np.random.default_rng(seed)
    sizes = [1, *rng.integers(1, 5, size=depth), 2]
    nets = []
    for _ in range(2):
        weights = tuple(rng.normal(size=(b, a)) for a, b in pairwise(sizes))
        nets.append(MLP(weights, tuple(rng.normal(size=w.shape[0]) for w in weights)))
    result = vertex_certificate(parse_relation(text), *nets, "[0,1]", within="1.2", max_cells=20_000)
    assert sampled(text, *nets, rng.random(400)) <= float(result.upper) * (1 + 1e-12)
    # the reported point really has that error, by exact arithmetic where r is rational
    x, y = result.argmax
    product = sum(a * b for a, b in zip(nets[0].at_exact(x), nets[1].at_exact(y), strict=True))
    error = abs(FUNCTIONS[text](float(x), float(y)) - float(product))
    assert float(result.lower) <= error * (1 + 1e-9) + 1e-13


@pytest.mark.parametrize("n", [1, 2, 4, 16])
def test_brownian_error_is_exactly_a_quarter_step(n):
    relation = parse_relation("brownian")
    result = vertex_certificate(relation, grid_network(relation, "[0,1]", None, n).phi, None, "[0,1]")
    exact = fmpq(1, 4 * n)
    assert result.lower <= exact + fmpq(1, 10**12) and exact - fmpq(1, 10**12) <= result.upper <= exact * fmpq(12, 10)


@pytest.mark.parametrize("text", ["brownian", "exp(-2*abs(x-y))", "x*max(x,y) + y^2", "abs(2*x-2*y)*exp(y)"])
@pytest.mark.parametrize("n_y", [None, 7, 8])
def test_kinks_on_the_diagonal(text, n_y):
    relation = parse_relation(text)
    if n_y is None and not relation.symmetric:
        n_y = 7
    built = grid_network(relation, "[0,1]", None, 7, n_y, shifted=True)
    result = vertex_certificate(relation, built.phi, built.psi, "[0,1]", within="1.02")
    function = {
        "brownian": np.minimum,
        "exp(-2*abs(x-y))": lambda x, y: np.exp(-2 * np.abs(x - y)),
        "x*max(x,y) + y^2": lambda x, y: x * np.maximum(x, y) + y**2,
        "abs(2*x-2*y)*exp(y)": lambda x, y: np.abs(2 * x - 2 * y) * np.exp(y),
    }[text]
    x = np.linspace(0, 1, 1401)[:, None]
    found = np.abs(function(x, x.T) - built.phi(x) @ (built.psi or built.phi)(x).T).max()
    assert found <= float(result.upper) * (1 + 1e-12) and result.ratio <= 1.02


def test_triangles_need_no_refinement_for_brownian():
    relation = parse_relation("brownian")
    phi = grid_network(relation, "[0,1]", None, 8).phi
    result = vertex_certificate(relation, phi, None, "[0,1]", within="1.0001")
    assert result.cells == 36 and result.upper <= fmpq(1, 32) * (1 + fmpq(1, 10**12))


# r = x^2 + y^2 interpolated with steps 1/4 and 1/2: error exactly (1/16 + 1/4)/4
QUADRATIC = parse_relation("x^2 + y^2")
QUADRATIC_ERROR = fmpq(5, 64)


def quadratic_certificate(**options):
    built = grid_network(QUADRATIC, "[0,1]", None, 4, 2)
    return vertex_certificate(QUADRATIC, built.phi, built.psi, "[0,1]", **options)


def test_known_polynomial_error_is_enclosed_tightly():
    result = quadratic_certificate(within="1.0001")
    slack = fmpq(1, 10**12)
    assert result.lower - slack <= QUADRATIC_ERROR <= result.upper + slack
    assert result.upper <= QUADRATIC_ERROR * fmpq(10001, 10000) + slack


def test_exact_equality_is_never_called_proved_or_refuted_wrongly():
    below, above = QUADRATIC_ERROR * fmpq(999, 1000), QUADRATIC_ERROR * fmpq(1001, 1000)
    refuted = quadratic_certificate(eps=below)
    assert refuted.verdict == "refuted" and refuted.lower > below
    assert quadratic_certificate(eps=above).verdict == "proved"


def test_planted_half_remainder_is_caught(monkeypatch):
    honest = quadratic_certificate(eps=fmpq(1), max_cells=1)
    assert honest.upper >= QUADRATIC_ERROR - fmpq(1, 10**12)

    def halved(relation):
        code = compiled(relation)
        half = lambda x, y: tuple(v / 2 for v in code.second(x, y))  # noqa: E731
        return Compiled(code.value, code.first, half)

    monkeypatch.setattr(vertex, "compiled", halved)
    with pytest.raises(Disagreement):
        quadratic_certificate(eps=fmpq(1), max_cells=1)


def test_zeroing_the_largest_output_weight_is_noticed():
    relation = parse_relation("gaussian(ell=1/2)")
    phi = grid_network(relation, "[0,1]", None, 23, shifted=True).phi
    assert vertex_certificate(relation, phi, None, "[0,1]", eps="1e-3").verdict == "proved"
    weights = [w.copy() for w in phi.weights]
    weights[1].flat[np.argmax(np.abs(weights[1]))] = 0.0
    result = vertex_certificate(relation, phi.with_weights(weights), None, "[0,1]", eps="1e-3")
    assert result.verdict == "refuted" and result.lower > fmpq(1, 1000)
    x, y = (np.array([[float(v)]]) for v in result.argmax)
    broken = phi.with_weights(weights)
    assert abs(np.exp(-2 * (x - y) ** 2) - broken(x) @ broken(y).T)[0, 0] > 1e-3


def test_symmetric_half_agrees_with_all_cells():
    relation = parse_relation("gaussian(ell=1/2)")
    phi = grid_network(relation, "[0,1]", None, 9).phi
    half = vertex_certificate(relation, phi, None, "[0,1]", eps="1/10")
    shifted_box = vertex_certificate(relation, phi, phi, "[0,1]", "[0,1001/1000]", eps="1/10")
    assert half.cells == 45 and shifted_box.cells == 81
    assert half.verdict == shifted_box.verdict == "proved"


def test_limits_leave_it_undecided_with_a_reason():
    relation = parse_relation("gaussian(ell=1/2)")
    phi = grid_network(relation, "[0,1]", None, 8).phi
    eps = vertex_certificate(relation, phi, None, "[0,1]", within="1.000001").lower * (1 + fmpq(1, 10**8))
    result = vertex_certificate(relation, phi, None, "[0,1]", eps=eps, max_cells=500)
    assert result.verdict == "undecided" and "500 cells" in result.reason
    assert result.lower <= eps <= result.upper
    result = vertex_certificate(relation, phi, None, "[0,1]", eps=eps, time_limit=0.0)
    assert result.verdict == "undecided" and "time" in result.reason


def test_exactly_represented_relation_has_error_zero():
    relation = parse_relation("x*y")
    phi = MLP(([[1.0]], [[1.0]]), ([0.0], [0.0]))
    result = vertex_certificate(relation, phi, None, "[0,1]")
    assert result.upper == result.lower == 0 and result.ratio == 1.0


def test_rounding_level_error_ends():
    relation = parse_relation("x*y/3")
    phi = MLP(([[1.0]],), ([0.0],))
    psi = MLP(([[1 / 3]],), ([0.0],))
    result = vertex_certificate(relation, phi, psi, "[0,1]")
    assert result.lower <= abs(fmpq(1, 3) - fmpq(*(1 / 3).as_integer_ratio())) <= result.upper < fmpq(1, 2**54)


def test_unbounded_slope_is_undecided_with_the_place():
    relation = parse_relation("sqrt(abs(x-1/2))*y")
    built = grid_network(relation, "[0,1]", None, 8, 1)
    result = vertex_certificate(relation, built.phi, built.psi, "[0,1]", eps="1/2")
    assert result.verdict == "undecided" and result.upper is None and "no finite slope near x = 0.5" in result.reason


def test_misuse_is_refused():
    relation = parse_relation("x*y")
    net = MLP(([[1.0]], [[1.0]]), ([0.0], [0.0]))
    cases = [
        ((relation, MLP(net.weights, net.biases, "tanh"), None, "[0,1]"), {}, "piecewise linear"),
        ((relation, MLP(([[1.0, 2.0]],), ([0.0],)), None, "[0,1]"), {}, "2 inputs"),
        ((relation, net, MLP(([[1.0], [2.0]],), ([0.0, 0.0],)), "[0,1]"), {}, "2 outputs"),
        ((relation, net, None, "[0,1]^2"), {}, "2 dimensions"),
        ((relation, net, None, "[0,1]"), {"eps": "0"}, "not positive"),
        ((relation, net, None, "[0,1]"), {"within": "1"}, "not above 1"),
        ((parse_relation("x1*y1 + x2*y2"), net, None, "[0,1]"), {}, "coordinates"),
    ]
    for arguments, options, word in cases:
        with pytest.raises(InputError, match=word):
            vertex_certificate(*arguments, **options)


def test_a_refutation_says_so():
    built = grid_network(parse_relation("brownian"), "[0,1]", None, 2)
    found = vertex_certificate(parse_relation("brownian"), built.phi, built.psi, "[0,1]", eps="1/100")
    assert found.verdict is Verdict.REFUTED and found.reason == "the error at a point is above eps"


def test_the_time_limit_holds_before_the_first_division():
    built = grid_network(parse_relation("brownian"), "[0,1]", None, 9)
    found = vertex_certificate(parse_relation("brownian"), built.phi, built.psi, "[0,1]", eps="1/10", time_limit=0)
    assert found.verdict is Verdict.UNDECIDED and found.upper is None and found.reason == "time limit reached"
