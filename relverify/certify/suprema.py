"""Suprema of affine norms and of bilinear forms over balls, from both sides.

Above by Lagrange multipliers, for which every value proves a bound; below by a point. Both are found in floats.
"""

from __future__ import annotations

import math

import numpy as np

from relverify.certify.linear import Balls, length, operator_norm, sum_above, symmetric_eigenvalues
from relverify.rigor.intervals import UNIT, Intervals

# how far multipliers are moved away from the spectrum, and the relative width that is narrow enough
LIFTS = (1e-12, 1e-9, 1e-7, 1e-5)
ENOUGH = 1e-9
TINY = 1e-290
# how far the product of two multipliers stays away from where H is singular
AWAY = 1e-6

def sup_affine(a: Balls, shift: Balls, inner: float = 1.0) -> Intervals:
    """Enclose the supremum of ``|A u + b|`` over a ball.

    For every t above the largest eigenvalue of A'A, with c = A'b,

        sup |A u + b|^2 <= t + |b|^2 + c'(t - A'A)^-1 c,

    and the least such t gives equality (S-lemma). The inverse is that of an approximate solution, plus its residual.

    Parameters
    ----------
    a : Balls, shape (n, m)
    shift : Balls, shape (n,)
    inner : float
        The upper end is for ``|u| <= 1``, the lower end is taken at a point with ``|u| <= inner``.

    Returns
    -------
    Intervals, shape ()

    Examples
    --------
    >>> found = sup_affine(Balls.exact(np.eye(2)), Balls.exact([3.0, 4.0]))
    >>> bool(found.contains(6.0)), bool(found.width < 1e-12)
    (True, True)
    """
    gram, c = a.T @ a, a.T @ shift
    values, vectors = np.linalg.eigh((gram.mid + gram.mid.T) / 2)
    pull = vectors.T @ c.mid
    top = max(float(values[-1]), 0.0)
    t = _multiplier(values, pull, top)
    lower = max((float(length(a @ u + shift).lo) for u in _candidates(values, vectors, pull, t, inner)), default=0.0)
    highest = float(symmetric_eigenvalues(gram)[-1].hi)
    upper = math.inf
    for lift in LIFTS:
        # close to the spectrum the residual may be too large
        above = max(t, highest * (1 + lift) + TINY)
        upper = min(upper, _affine_bound(gram, c, shift, above, highest))
        if upper - lower <= ENOUGH * upper:
            break
    return Intervals(np.asarray(max(lower, 0.0)), np.asarray(upper))


def _affine_bound(gram: Balls, c: Balls, shift: Balls, t: float, highest: float) -> float:
    """The bound of a multiplier, proved; infinite where it is not above the spectrum."""
    slack = float((Intervals(np.asarray(t)) - highest).lo)
    if not (slack > 0 and math.isfinite(t)):
        return math.inf
    shifted = np.eye(len(gram.mid)) * t - gram
    x = np.linalg.solve(shifted.mid, c.mid)
    rest = Intervals(np.asarray(c.norm())) * (c - shifted @ x).norm() / slack
    total = Intervals(np.asarray(t)) + (shift @ shift).interval + (c @ x).interval + rest
    return float(total.maximum(0.0).sqrt().hi)


def _multiplier(values: np.ndarray, pull: np.ndarray, top: float) -> float:
    """The t where ``sum (pull / (t - values))^2 = 1``, or just above the largest value if the sum stays below."""
    low, high = top, top + float(np.linalg.norm(pull)) + top * 1e-9 + 1e-300
    least = top * (1 + 1e-11) + 1e-290
    for _ in range(200):
        middle = (low + high) / 2
        if not low < middle < high:
            break
        if float(np.sum((pull / (middle - values)) ** 2)) > 1:
            low = middle
        else:
            high = middle
    return max(high, least)


def _candidates(values: np.ndarray, vectors: np.ndarray, pull: np.ndarray, t: float, inner: float) -> list[np.ndarray]:
    """Points of the smaller ball where the supremum is nearly taken, with both signs of the direction that is free."""
    coordinates = pull / np.maximum(t - values, t * 1e-15)
    found = []
    for sign in (1.0, -1.0):
        moved = coordinates.copy()
        missing = 1 - float(np.sum(moved[:-1] ** 2))
        if float(np.sum(moved**2)) < 1:
            moved[-1] = math.copysign(math.sqrt(max(missing, 0.0)), sign)
        found.append(into_ball(vectors @ moved, inner))
    return found


def into_ball(u: np.ndarray, radius: float) -> np.ndarray:
    """A float vector near u/|u| times the radius whose norm is proved to be at most the radius."""
    norm = float(np.linalg.norm(u))
    if not norm > 0:
        return np.zeros_like(u)
    scaled = u / norm * (radius * (1 - 4 * (len(u) + 4) * UNIT))
    return scaled if Balls.exact(scaled).norm() <= radius else np.zeros_like(u)


def sup_bilinear(n: Balls, p: Balls, t: Balls, inner: float = 1.0) -> Intervals:
    """Enclose the supremum of ``p.a + t.b + a'N b`` over two unit balls.

    For all x, y with 4 x y > |N|^2 and ``H = [[x, -N/2], [-N'/2, y]]`` the supremum is at most
    ``x + y + (p, t)' H^-1 (p, t)/4``; the multipliers are those of a stationary point, then improved. With both p and t
    the least such bound may be larger than the supremum.

    Parameters
    ----------
    n : Balls, shape (n, m)
    p : Balls, shape (n,)
    t : Balls, shape (m,)
    inner : float
        As for :func:`sup_affine`, for both arguments.

    Returns
    -------
    Intervals, shape ()

    Examples
    --------
    >>> one = Balls.exact(np.eye(1))
    >>> found = sup_bilinear(one, one[0] * 2.0, one[0] * 3.0)
    >>> bool(found.contains(6.0)), bool(found.width < 1e-8)
    (True, True)
    """
    a, b = _alternate(n.mid, p.mid, t.mid)
    u, v = into_ball(a, inner), into_ball(b, inner)
    lower = (p @ u + t @ v + (Balls.exact(u) @ n) @ v).interval.lo
    left, sigma, right = np.linalg.svd(n.mid)
    full = np.zeros(max(n.shape))
    full[: len(sigma)] = sigma
    ends = [np.zeros(len(full)), np.zeros(len(full))]
    ends[0][: n.shape[0]], ends[1][: n.shape[1]] = left.T @ p.mid, right @ t.mid
    start = (np.linalg.norm(p.mid + n.mid @ b) / 2, np.linalg.norm(t.mid + n.mid.T @ a) / 2)
    x, y = _dual(full, ends[0], ends[1], float(start[0]), float(start[1]))
    upper = min(_dual_bound(n, p, t, x, y), sum_above(float(operator_norm(n).hi), p.norm(), t.norm()))
    return Intervals(lower, np.asarray(upper))


def _alternate(n: np.ndarray, p: np.ndarray, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A pair of unit vectors where the form is large: alternating maximisation from several starts."""
    right = np.linalg.svd(n)[2]
    starts = [sign * right[k] for k in range(min(3, len(right))) for sign in (1.0, -1.0)]
    found = [_ascend(n, p, t, b, 40) for b in [*starts, t]]
    best = max(found, key=lambda pair: float(p @ pair[0] + t @ pair[1] + pair[0] @ n @ pair[1]))
    return _ascend(n, p, t, best[1], 2000)


def _ascend(n: np.ndarray, p: np.ndarray, t: np.ndarray, b: np.ndarray, steps: int) -> tuple[np.ndarray, np.ndarray]:
    value, a = -np.inf, np.zeros(len(p))
    for _ in range(steps):
        a = p + n @ b
        a = a / (np.linalg.norm(a) or 1.0)
        b = t + n.T @ a
        size = float(np.linalg.norm(b))
        b = b / (size or 1.0)
        before, value = value, float(p @ a) + size
        if value - before <= 2e-16 * abs(value):
            break
    return a, b


def _dual(sigma: np.ndarray, p: np.ndarray, t: np.ndarray, x: float, y: float) -> tuple[float, float]:
    """Multipliers for which the dual bound is small: a search over a shrinking grid, in floats."""
    top = max(float(sigma[0]), 1e-140)
    x, y = max(x, top * 1e-3), max(y, top * 1e-3)
    lift = max(1.0, top * (1 + AWAY) / (2 * math.sqrt(x * y)))
    best = np.array([math.log(x * lift), math.log(y * lift)])
    steps, width = np.linspace(-1, 1, 9), 0.5
    grid = np.array([(i, j) for i in steps for j in steps])
    for _ in range(40):
        xs, ys = np.exp(best + width * grid).T
        free = xs[:, None] * ys[:, None] - (sigma / 2) ** 2
        valid = xs * ys > (top / 2) ** 2 * (1 + AWAY)
        with np.errstate(all="ignore"):
            terms = (ys[:, None] * p**2 + sigma * p * t + xs[:, None] * t**2) / free
            values = np.where(valid, xs + ys + terms.sum(axis=1) / 4, np.inf)
        step = grid[int(np.argmin(values))]
        best = best + width * step
        # at the edge of the grid the search moves on
        width *= 0.5 if float(np.abs(step).max()) < 1 else 1.0
    return float(np.exp(best[0])), float(np.exp(best[1]))


def _dual_bound(n: Balls, p: Balls, t: Balls, x: float, y: float) -> float:
    """The dual bound at given multipliers, proved; infinite where H is not proved to be positive."""
    rows, columns = n.shape
    norm = operator_norm(n)
    # the least eigenvalue of [[x, -s/2], [-s/2, y]], in a form without cancellation
    ix, iy = Intervals(np.asarray(x)), Intervals(np.asarray(y))
    sum_, product_ = ix + iy, ix * iy * 4.0 - norm.square()
    least = product_ / (2.0 * (sum_ + ((ix - iy).square() + norm.square()).sqrt()))
    if not float(least.lo) > 0:
        return math.inf
    mid = np.block([[x * np.eye(rows), -n.mid / 2], [-n.mid.T / 2, y * np.eye(columns)]])
    rad = np.block([[np.zeros((rows, rows)), n.rad / 2], [n.rad.T / 2, np.zeros((columns, columns))]])
    h = Balls(mid, rad)
    g = Balls(np.concatenate([p.mid, t.mid]), np.concatenate([p.rad, t.rad]))
    solution = np.linalg.solve(mid, g.mid)
    residual = (g - h @ solution).norm()
    rest = Intervals(np.asarray(g.norm())) * residual / least
    return float((ix + iy + ((g @ solution).interval + Intervals(np.asarray(0.0), rest.hi)) * 0.25).hi)
