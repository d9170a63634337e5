"""Batched fits: the optimum of least squares, gradients in closed form, reweighting, independence of members."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs PyTorch")

from relverify.networks.least_squares import Problem, descend, least_squares, reweight  # noqa: E402
from relverify.networks.minimax import Fit, Side, float_values  # noqa: E402
from relverify.relations import parse_relation  # noqa: E402

pytestmark = pytest.mark.torch


def problem(text, n, per_piece=4, sides=2):
    knots = torch.linspace(0, 1, n + 1, dtype=torch.float64)
    fit = Fit(float_values(parse_relation(text)), [Side(knots, None) for _ in range(sides)], "cpu")
    hats, table, _ = fit.prepare(per_piece)
    return Problem(table, hats)


def start(n, d, members, sides=2, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(members, n + 1, d, generator=generator, dtype=torch.float64) for _ in range(sides)]


@pytest.mark.parametrize("text, sides", [("exp(x*y)", 2), ("gaussian(ell=1/2)", 1)])
def test_the_mean_square_is_the_least_one(text, sides):
    posed = problem(text, 6, sides=sides)
    values = least_squares(posed, start(6, 7, 3, sides))
    # with full rank the best approximation in both variables is the projection of the table
    project = [w @ torch.linalg.pinv(w) for w in posed.hats]
    best = posed.table - project[0] @ posed.table @ project[-1]
    assert torch.allclose(posed.errors(values), best.expand(3, -1, -1), atol=1e-9)


def test_features_of_small_singular_value_are_found():
    # descent from random values misses these by orders of magnitude
    posed = problem("exp(-(x-y)**2)", 40, sides=1)
    assert posed.largest(least_squares(posed, start(40, 9, 1, 1)))[0] < 2.5e-4


@pytest.mark.parametrize("sides", [1, 2])
def test_gradients_are_those_of_automatic_differentiation(sides):
    posed, values = problem("exp(x*y)", 3, sides=sides), start(3, 2, 2, sides)
    weights = torch.rand(2, *posed.table.shape, dtype=torch.float64) + 0.5
    leaves = [v.clone().requires_grad_(True) for v in values]
    loss = (weights * posed.errors(leaves) ** 2).mean(dim=(1, 2))
    expected = torch.autograd.grad(loss.sum(), leaves)
    found, gradients = posed.gradient(values, weights)
    assert torch.allclose(found, loss) and all(map(torch.allclose, gradients, expected))


def test_reweighting_lowers_the_largest_error_of_every_member():
    posed = problem("gaussian(ell=1/2)", 8, sides=1)
    values = least_squares(posed, start(8, 6, 4, 1))
    before = posed.largest(values)
    kept, largest = reweight(posed, values, 0.0, 10)
    assert (largest < 0.9 * before).all() and torch.allclose(posed.largest(kept), largest)


def test_descent_never_rises():
    posed, values = problem("exp(x*y)", 4), start(4, 3, 3)
    weights = torch.ones(3, *posed.table.shape, dtype=torch.float64)
    losses = [posed.gradient(values, weights)[0]]
    for steps in (1, 5, 40):
        losses.append(posed.gradient(descend(posed, values, weights, steps), weights)[0])
    assert all((b <= a * (1 + 1e-12)).all() for a, b in zip(losses, losses[1:], strict=False))
    assert (losses[-1] < 1e-3 * losses[0]).all()


def test_members_do_not_depend_on_their_company():
    posed, values = problem("gaussian(ell=1/2)", 5, sides=1), start(5, 4, 6, 1)
    together = least_squares(posed, values)[0]
    alone = torch.cat([least_squares(posed, [values[0][k : k + 1]])[0] for k in range(6)])
    products = [v @ v.transpose(-1, -2) for v in (together, alone)]
    assert np.allclose(*products, atol=1e-12)
