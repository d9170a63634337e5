"""Enclosures of eigenvalues, singular values and suprema, against exact arithmetic."""

from fractions import Fraction

import numpy as np
import pytest
from flint import arb, fmpq, fmpz_mat
from hypothesis import given
from hypothesis import strategies as st

from relverify.certify.linear import Balls, length, operator_norm, orthogonality, singular_values, symmetric_eigenvalues
from relverify.certify.suprema import into_ball, sup_affine, sup_bilinear
from relverify.rigor.intervals import Intervals

entries = st.integers(-9, 9)


def matrices(rows, columns):
    return st.lists(st.lists(entries, min_size=columns, max_size=columns), min_size=rows, max_size=rows)


def roots(matrix):
    """The eigenvalues of an integer matrix with real ones, as balls, in ascending order."""
    found = []
    for value, times in fmpz_mat(matrix).charpoly().complex_roots():
        found += [value.real] * times
    return sorted(found, key=lambda ball: float(ball.mid()))


def holds(intervals, balls):
    for k, ball in enumerate(balls):
        low, high = arb(float(intervals.lo[k])), arb(float(intervals.hi[k]))
        assert low <= ball + arb(2) ** -60 and ball - arb(2) ** -60 <= high
        assert float(intervals.hi[k] - intervals.lo[k]) < 1e-11


@given(st.integers(1, 5).flatmap(lambda n: matrices(n, n)))
def test_eigenvalues_of_integer_matrices(rows):
    a = np.array(rows)
    holds(symmetric_eigenvalues(Balls.exact(a + a.T)), roots((a + a.T).tolist()))


@given(st.tuples(st.integers(1, 4), st.integers(1, 4)).flatmap(lambda s: matrices(*s)))
def test_singular_values_of_integer_matrices(rows):
    a = np.array(rows)
    gram = a @ a.T if a.shape[0] <= a.shape[1] else a.T @ a
    found = singular_values(Balls.exact(a))
    squares = [max(arb(0), ball) for ball in reversed(roots(gram.tolist()))]
    for k, square in enumerate(squares):
        low, high = (arb(float(end[k])) for end in (found.lo, found.hi))
        assert low**2 <= square + arb(2) ** -40 and square - arb(2) ** -40 <= high**2
    assert float(operator_norm(Balls.exact(a)).hi) == float(found.hi[0])


def test_radii_widen_the_eigenvalues():
    """Any matrix within the radii has its eigenvalues inside; the rotation costs a factor of width."""
    rng = np.random.default_rng(0)
    a = rng.normal(size=(6, 6))
    a = a + a.T
    wide = symmetric_eigenvalues(Balls(a, np.full((6, 6), 0.01)))
    for _ in range(50):
        noise = rng.uniform(-0.01, 0.01, size=(6, 6))
        moved = np.linalg.eigvalsh(a + (noise + noise.T) / 2)
        assert np.all(wide.lo <= moved) and np.all(moved <= wide.hi)
    shifted = np.linalg.eigvalsh(a + 0.01 * np.eye(6))
    assert np.all(shifted <= wide.hi) and np.all(wide.hi - shifted < 0.3)


def test_clustered_and_degenerate_matrices():
    for matrix in (np.zeros((4, 4)), np.eye(4), np.full((4, 4), 1 / 4), np.diag([1e-200, 1.0, 1e150, 0.0])):
        found = symmetric_eigenvalues(Balls.exact(matrix))
        exact = np.linalg.eigvalsh(matrix)
        tiny = 1e-14 * abs(exact).max()
        assert np.all(found.lo <= exact + tiny) and np.all(exact - tiny <= found.hi)
        assert float(found.width.max()) <= 1e-13 * max(1, abs(exact).max())
    undecided = symmetric_eigenvalues(Balls.exact(np.full((2, 2), np.nan)))
    assert np.all(np.isinf(undecided.lo)) and np.all(np.isinf(undecided.hi))
    assert np.all(np.isinf(singular_values(Balls.exact(np.full((2, 2), np.inf))).hi))
    assert orthogonality(np.array([[1.0, 1.0], [0.0, 1.0]])) >= 1


values = st.fractions(-4, 4, max_denominator=64)


@given(st.lists(st.tuples(values, values), min_size=1, max_size=5))
def test_arithmetic_contains_the_exact_results(pairs):
    a, b = ([Fraction(p[k]) for p in pairs] for k in (0, 1))
    first, second = (_stacked([Balls.of(fmpq(v.numerator, v.denominator)) for v in numbers]) for numbers in (a, b))
    results = {
        "sum": (first + second, [u + v for u, v in zip(a, b, strict=True)]),
        "difference": (1.0 - first, [1 - u for u in a]),
        "product": (first * second, [u * v for u, v in zip(a, b, strict=True)]),
        "inner": (_stacked([first @ second]), [sum((u * v for u, v in zip(a, b, strict=True)), Fraction(0))]),
    }
    for name, (found, exact) in results.items():
        for k, value in enumerate(exact):
            assert abs(Fraction(float(found.mid[k])) - value) <= Fraction(float(found.rad[k])), name
            assert found.rad[k] < 1e-13
    squared = sum((u * u for u in a), Fraction(0))
    norm = length(first)
    assert Fraction(float(norm.lo)) ** 2 <= squared <= Fraction(float(norm.hi)) ** 2
    assert squared <= Fraction(first.norm()) ** 2


def _stacked(balls):
    return Balls(np.array([b.mid for b in balls]), np.array([b.rad for b in balls]))


@given(matrices(3, 2), st.lists(entries, min_size=3, max_size=3))
def test_sup_affine_in_the_plane(rows, shift):
    """Against the maximum over many points of the circle, and at rational points exactly."""
    a, b = np.array(rows, dtype=float), np.array(shift, dtype=float)
    found = sup_affine(Balls.exact(a), Balls.exact(b))
    angles = np.linspace(0, 2 * np.pi, 2001)
    sampled = np.linalg.norm(a @ np.array([np.cos(angles), np.sin(angles)]) + b[:, None], axis=0).max()
    assert sampled <= float(found.hi) * (1 + 1e-14) + 1e-14
    assert float(found.lo) <= sampled * (1 + 1e-5) + 1e-9
    assert float(found.hi - found.lo) <= 1e-6 * float(found.hi) + 1e-12
    top = Fraction(float(found.hi)) ** 2
    for p in range(-6, 7):
        u = Fraction(1 - p * p, 1 + p * p), Fraction(2 * p, 1 + p * p)
        assert sum((row[0] * u[0] + row[1] * u[1] + s) ** 2 for row, s in zip(rows, shift, strict=True)) <= top


@given(matrices(2, 2), st.lists(entries, min_size=2, max_size=2), st.lists(entries, min_size=2, max_size=2))
def test_sup_bilinear_in_the_plane(rows, first, second):
    n, p, t = (np.array(v, dtype=float) for v in (rows, first, second))
    found = sup_bilinear(Balls.exact(n), Balls.exact(p), Balls.exact(t))
    angles = np.linspace(0, 2 * np.pi, 721)
    points = np.array([np.cos(angles), np.sin(angles)])
    sampled = (p @ points + np.linalg.norm(t[:, None] + n.T @ points, axis=0)).max()
    assert sampled <= float(found.hi) * (1 + 1e-14) + 1e-13
    assert float(found.lo) <= sampled * (1 + 1e-4) + 1e-9
    # the least bound of the multipliers may be larger than the supremum, but never than the sum of the norms
    assert float(found.hi) <= (np.linalg.norm(n, 2) + np.linalg.norm(p) + np.linalg.norm(t)) * (1 + 1e-13) + 1e-13


def test_suprema_over_a_smaller_ball_are_attained():
    """The lower end is the value at a point of the smaller ball."""
    one = Balls.exact(np.eye(3))
    shift = Balls.exact(np.zeros(3))
    found = sup_affine(one, shift, 0.5)
    assert float(found.lo) <= 0.5 <= float(found.hi) and float(found.hi) >= 1 and float(found.lo) > 0.49999
    found = sup_bilinear(one, shift, shift, 0.5)
    assert 0.24999 < float(found.lo) <= 0.25 and float(found.hi) >= 1


@pytest.mark.parametrize("size", [1, 5, 200])
def test_points_lie_in_the_ball(size):
    rng = np.random.default_rng(size)
    for radius in (1.0, 0.3):
        u = into_ball(rng.normal(size=size), radius)
        assert sum(Fraction(v) ** 2 for v in u.tolist()) <= Fraction(radius) ** 2
        assert np.linalg.norm(u) > radius * (1 - 1e-12)
    assert not into_ball(np.zeros(size), 1.0).any() and not into_ball(np.full(size, np.nan), 1.0).any()


def test_a_bound_that_is_one_part_in_a_million_too_small_is_caught():
    """The comparisons above can fail."""
    found = sup_affine(Balls.exact(np.diag([3.0, 1.0])), Balls.exact([1.0, 0.0]))
    assert float(found.hi) * (1 - 1e-6) < 4 <= float(found.hi)
    assert isinstance(found, Intervals)
