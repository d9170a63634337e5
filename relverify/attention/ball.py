"""The figures of a head whose inputs are the image of a norm, or a ball.

In the coordinates of :class:`relverify.attention.heads.Head` the scores are ``a'Nb + t'b`` up to functions of the query
a. The distance to the nearest relation of one network, again up to functions of the query:

- Below: for a unit vector w with ``w'Nw = -n`` the four pairs of the points w and -w prove n. On the circle through w
  and v take 2m points, m even, the pairs (x, x') of each point and a neighbour with weight 1, the pairs (x, x) with
  weight ``c = cos(pi/m)``, and the same pairs with -x' and -x in the second place with the opposite weights. This is a
  shift that changes the sign after m steps, plus c: its symmetric part is PSD. With ``n = -(w'Sw + v'Sv)/2`` and
  ``j = w'Jv`` it proves ``(2 c n + sin(pi/m) j)/(1 + c)``, which is j for m = 2. Functions of the query cancel, and so
  does t.
- Above: for a positive definite K the kernel ``a'Kb + t'a + t'b + c`` is PSD if c is large enough, and its distance is
  the norm of N - K. The best K is that of Halmos, ``S + (r^2 + J^2)^(1/2)`` with N = S + J; any K proves a bound.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from flint import arb, ctx, fmpq

from relverify.attention.figures import Figures, Place, Spread, capacity, contexts, needed_features, quantisation
from relverify.attention.heads import Head, widths
from relverify.certify.linear import (
    Balls,
    length,
    operator_norm,
    orthogonality,
    singular_values,
    symmetric_eigenvalues,
)
from relverify.certify.suprema import sup_affine, sup_bilinear
from relverify.rigor.intervals import Intervals

PREC = 128
# halves of the numbers of points on a circle
CIRCLES = (4, 6, 10)

Pair = tuple[float, float]


@dataclass(frozen=True)
class Truncation:
    """The scores with the first features only, in coordinates of the keys.

    Parameters
    ----------
    features : int
    error : float
        Bound of what is left out.
    stretch : float
        Bound of the squared norm of the coordinates.
    """

    features: int
    error: float
    stretch: float


def figures(place: Place, head: Head, turned: Balls | None, eps: fmpq, moved: Pair, factor: Intervals) -> Figures:
    """The figures of a head on the unit ball.

    Parameters
    ----------
    place : Place
    head : Head
    turned : Balls or None
        The rotation of its keys at the offset, for rotary positions.
    eps : fmpq
        How far attention may move in total variation, and the weight that other keys may keep; in (0, 1/2).
    moved : pair of float
        Bounds of the error of scores that moves attention by eps (attention-lipschitz).
    factor : Intervals
        What scores are multiplied by.

    Returns
    -------
    Figures
    """
    at, rotary = head.at(turned), turned is not None
    form, linear = at.q.T @ at.k, at.k.T @ at.q0
    half = form * 0.5
    symmetric, antisymmetric = half + half.T, half - half.T
    eigenvalues, sigma = symmetric_eigenvalues(symmetric), singular_values(form)
    negative, skew = (-eigenvalues[0]).maximum(0.0), operator_norm(antisymmetric)
    lower = 0.0
    if not place.tied:
        lower = max(_outer(bound, head)[0] for bound in (negative, skew, _circles(symmetric, antisymmetric)))
    upper = 0.0 if place.tied else _distance(form, symmetric, antisymmetric, head.error)
    swing = _added(sup_affine(form.T, linear, head.inner), head.error)
    spread = _spread(head, rotary, factor)
    if rotary:
        # the keys of one query stand at different offsets
        free = float((Intervals(np.float64(spread.query_norm)) * spread.key_norm).hi)
        swing = swing[0], max(swing[1], free)
    # without any network there is still the best function of the query
    upper = min(upper, swing[1])
    singular = [_outer(sigma[i], head) for i in range(min(head.size, *form.shape))]
    needed = needed_features(np.array([pair[0] for pair in singular]), moved[1])
    cut = _truncation(form, linear, head, moved[0])
    limit = capacity(swing[1], head.size, eps)
    if cut is not None and not rotary:
        stretched = float((Intervals(np.float64(swing[1])) * cut.stretch).hi)
        limit = min(limit, capacity(stretched, cut.features, eps, cut.error))
    least, greatest = _outer(eigenvalues[0], head, True), _outer(eigenvalues[-1], head, True)
    signs = _signature(eigenvalues, head)
    return Figures(
        place,
        size=singular[0],
        symmetric=(max(-least[1], greatest[0], 0.0), max(-least[0], greatest[1])),
        antisymmetric=(0.0, 0.0) if place.tied else _outer(skew, head),
        negative=(0.0, 0.0) if place.tied else _outer(negative, head),
        signature=(signs[0], 0 if place.tied else signs[1]),
        psd="proved" if place.tied else "refuted" if lower > 0 else "undecided",
        one_network=(lower, upper),
        rank=(needed, head.size if cut is None else cut.features),
        swing=swing,
        context=contexts(swing, eps),
        capacity=limit,
        scores=_scores(at, form, linear),
        bits=quantisation(spread, eps),
        query_range=spread.query_range,
        key_range=spread.key_range,
        singular=tuple(singular),
    )


def _added(found: Intervals, error: float) -> Pair:
    """Bounds of a supremum in the coordinates, for the given head."""
    both = found + Intervals(np.float64(-error), np.float64(error))
    return max(float(both.lo), 0.0), float(both.hi)


def _outer(found: Intervals, head: Head, signed: bool = False) -> Pair:
    """Bounds of an extreme of a quadratic or bilinear form in the coordinates, for the given head."""
    inner = Intervals(np.float64(head.inner), np.float64(1.0)).square()
    both = found * inner + Intervals(np.float64(-head.error), np.float64(head.error))
    return (float(both.lo) if signed else max(float(both.lo), 0.0)), float(both.hi)


def _signature(eigenvalues: Intervals, head: Head) -> tuple[int, int]:
    """How many eigenvalues of the given head are proved to be positive, and negative."""
    inner = Intervals(np.float64(head.inner), np.float64(1.0)).square()
    moved = eigenvalues * inner
    return int(np.sum(moved.lo > head.error)), int(np.sum(moved.hi < -head.error))


def _circles(symmetric: Balls, antisymmetric: Balls) -> Intervals:
    """The best lower bound of the distance, over a few numbers of points, each in the plane that is best for it.

    Rotary positions make parts of S negative and parts of J large in the same planes; there it is the best certificate.
    """
    best = 0.0
    if len(symmetric.mid) < 2:
        return Intervals(np.asarray(best))
    for half in CIRCLES:
        with ctx.workprec(PREC):
            angle = arb.pi() / half
            cos, sin = (Balls.of(value).interval for value in (angle.cos(), angle.sin()))
        # for z = w + iv the bound is a Hermitian form, of -2cS - i sJ
        a, b = 2 * float(cos.lo), float(sin.lo)
        z = np.linalg.eigh(-a * symmetric.mid - 1j * b * antisymmetric.mid)[1][:, -1]
        # turned so that w and v are orthogonal: the axes of the ellipse
        axes = np.linalg.svd(np.column_stack([z.real, z.imag]), full_matrices=False)
        w, v = (axes[0] * (axes[1] / axes[1][0])).T
        if float(w @ antisymmetric.mid @ v) < 0:
            v = -v
        squares = [length(Balls.exact(x)).square() for x in (w, v)]
        slant = abs((Balls.exact(w) @ v).interval)
        # the points of the ellipse are at most this long
        longest = squares[0].maximum(squares[1].hi) + slant.hi
        n = ((Balls.exact(w) @ symmetric) @ w + (Balls.exact(v) @ symmetric) @ v).interval * -0.5
        j = ((Balls.exact(w) @ antisymmetric) @ v).interval
        best = max(best, float(((cos * n * 2.0 + sin * j) / (1.0 + cos) / longest).lo))
    return Intervals(np.asarray(best))


def _distance(form: Balls, symmetric: Balls, antisymmetric: Balls, error: float) -> float:
    """Upper bound of the distance to the relations of one network."""
    s, j = (symmetric.mid + symmetric.mid.T) / 2, antisymmetric.mid
    values, vectors = np.linalg.eigh(j.T @ j)
    values = np.maximum(values, 0.0)
    low = max(float(np.sqrt(values[-1])), -float(np.linalg.eigvalsh(s)[0]))
    high = float(np.hypot(np.sqrt(values[-1]), max(0.0, -float(np.linalg.eigvalsh(s)[0]))))

    def candidate(r: float) -> np.ndarray:
        return s + (vectors * np.sqrt(np.maximum(r * r - values, 0.0))) @ vectors.T

    for _ in range(14):
        middle = (low + high) / 2
        if float(np.linalg.eigvalsh(candidate(middle))[0]) >= 0:
            high = middle
        else:
            low = middle
    top = float(np.linalg.norm(s, 2)) + high
    for lift in (1e-12, 1e-9, 1e-6):
        k = candidate(high) + lift * top * np.eye(len(s))
        k = (k + k.T) / 2
        if float(symmetric_eigenvalues(Balls.exact(k))[0].lo) > 0:
            return _added(operator_norm(form - k), error)[1]
    return np.inf


def _spread(head: Head, rotary: bool, factor: Intervals) -> Spread:
    zero = Balls.exact(np.zeros(head.size))
    centred = head.k0 if rotary else zero
    query, key, about = (
        widths(part, shift, error, rotary)
        for part, shift, error in (
            (head.q, head.q0, head.query_error),
            (head.k, head.k0, head.key_error),
            (head.k, centred, head.key_error),
        )
    )
    ones = Balls.exact(np.ones(head.size))
    return Spread(
        head.size,
        query_norm=_added(sup_affine(head.q, head.q0), head.query_error)[1],
        key_norm=_added(sup_affine(head.k, centred), head.key_error)[1],
        query_sum=float((ones @ query.hi).interval.hi),
        key_sum=float((ones @ about.hi).interval.hi),
        query_range=float((Intervals(query.hi.max()) / factor).hi),
        key_range=float(key.hi.max()),
        factor=float(factor.hi),
    )


def _truncation(form: Balls, linear: Balls, head: Head, moved: float) -> Truncation | None:
    """The fewest features, among those of a singular value decomposition, that keep the scores within an error."""
    vectors = np.linalg.svd(np.column_stack([form.mid.T, linear.mid]))[0]
    stretch = 1 + orthogonality(vectors)

    def error(features: int) -> float:
        if features == 0:
            return _added(sup_affine(form.T, linear), head.error)[1]
        kept = vectors[:, :features]
        matrix, shift = (x - Balls.exact(kept) @ (Balls.exact(kept.T) @ x) for x in (form.T, linear))
        return _added(sup_affine(matrix, shift), head.error)[1]

    low, high = -1, min(head.size, len(vectors))
    found = error(high)
    if not found <= moved:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        value = error(middle)
        low, high, found = (low, middle, value) if value <= moved else (middle, high, found)
    return Truncation(high, found, float(np.nextafter(stretch, np.inf)))


def _scores(at: Head, form: Balls, linear: Balls) -> tuple[Pair, Pair]:
    """The least and the greatest score, each between two bounds."""
    other, constant = at.q.T @ at.k0, (at.q0 @ at.k0).interval
    error = Intervals(np.float64(-at.error), np.float64(at.error))
    greatest = sup_bilinear(form, other, linear, at.inner) + constant + error
    least = constant - sup_bilinear(form, other, -linear, at.inner) + error
    return (float(least.lo), float(least.hi)), (float(greatest.lo), float(greatest.hi))
