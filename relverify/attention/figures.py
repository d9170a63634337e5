"""What the audit proves about a head, each figure a pair of bounds, and the figures that follow from others."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from flint import arb, ctx, fmpq

from relverify.rigor.enclose import endpoints
from relverify.rigor.exact import dyadic, from_fmpq
from relverify.rigor.intervals import Intervals, float_above, float_below

MAX_BITS = 64
PREC = 128
# exponentials of larger numbers exceed every float
MAX_SWING = 360.0

Pair = tuple[float, float]


@dataclass(frozen=True)
class Place:
    """Where a head stands, and what is known of it beforehand.

    Parameters
    ----------
    layer, head, key_head : int
    offset : int or None
        How many places the key stands before the query, with rotary positions.
    tied : bool
        Whether queries and keys have the same weights, so that one network is enough.
    """

    layer: int
    head: int
    key_head: int
    offset: int | None = None
    tied: bool = False


@dataclass(frozen=True)
class Spread:
    """How large the features of a head are: upper bounds.

    Parameters
    ----------
    size : int
        Features of a head.
    query_norm, key_norm : float
        Euclidean norms; those of keys about a centre, where positions are not rotary.
    query_sum, key_sum : float
        Sums of absolute coordinates, of the same vectors.
    query_range, key_range : float
        The largest coordinates, not centred; those of the queries without the factor of the scores.
    factor : float
        At least what the scores are multiplied by, which the norms and the sums of the queries contain.
    """

    size: int
    query_norm: float
    key_norm: float
    query_sum: float
    key_sum: float
    query_range: float
    key_range: float
    factor: float


@dataclass(frozen=True)
class Figures:
    """The figures of one head, at one offset if its positions are rotary.

    Parameters
    ----------
    place : Place
    size : pair of float
        The supremum of the bilinear part.
    symmetric, antisymmetric : pair of float
        The same of its symmetric and antisymmetric parts.
    negative : pair of float
        How negative r(x, x), less its linear part, gets: 0 for a PSD symmetric part.
    signature : (int, int)
        How many eigenvalues of the symmetric part are proved to be positive, and negative.
    psd : {"proved", "refuted", "undecided"}
        Whether one network with itself is enough.
    one_network : pair of float
        The distance to the nearest symmetric PSD relation.
    rank : (int, int)
        How many features are needed, and suffice, for scores that move attention by at most eps.
    swing : pair of float
        Half the largest difference between scores of one query.
    context : (float, float)
        The largest context in which a key can have the weight 1 - eps.
    capacity : float
        No more queries can each select a key of their own.
    scores : (Pair, Pair)
        The least and the greatest score.
    bits : int or None
        Bits a coordinate of queries and keys that suffice to move attention by at most eps.
    query_range, key_range : float
        The largest coordinates, for the quantiser.
    """

    place: Place
    size: Pair
    symmetric: Pair
    antisymmetric: Pair
    negative: Pair
    signature: tuple[int, int]
    psd: str
    one_network: Pair
    rank: tuple[int, int]
    swing: Pair
    context: Pair
    capacity: float
    scores: tuple[Pair, Pair]
    bits: int | None
    query_range: float
    key_range: float
    singular: tuple[Pair, ...] = field(default=(), repr=False)

    @property
    def decided(self) -> bool:
        """Whether every figure has finite bounds (a context or a capacity may exceed every float)."""
        pairs = (self.size, self.symmetric, self.antisymmetric, self.one_network, self.swing, *self.scores)
        return all(math.isfinite(v) for pair in pairs for v in pair) and self.bits is not None

    @property
    def share(self) -> Pair:
        """The distance to one network as a share of the swing: 0 if one network does, 1 if it is no help at all."""
        if not self.swing[1] > 0:
            return 0.0, 0.0
        low = float((Intervals(np.float64(self.one_network[0])) / self.swing[1]).lo)
        high = float((Intervals(np.float64(self.one_network[1])) / self.swing[0]).hi) if self.swing[0] > 0 else 1.0
        return max(low, 0.0), min(high, 1.0)

    def as_dict(self) -> dict[str, Any]:
        """For JSON: ``{"lo": …, "hi": …}``, null for an end that no float reaches."""
        return {
            "layer": self.place.layer,
            "head": self.place.head,
            "key_head": self.place.key_head,
            "offset": self.place.offset,
            "psd": self.psd,
            "signature": {"positive": self.signature[0], "negative": self.signature[1]},
            **{
                name: _ends(getattr(self, name))
                for name in ("size", "symmetric", "antisymmetric", "negative", "one_network", "share", "swing")
            },
            "rank": {"lo": self.rank[0], "hi": self.rank[1]},
            "context": _ends(self.context),
            "capacity": _ends((0.0, self.capacity))["hi"],
            "scores": {"least": _ends(self.scores[0]), "greatest": _ends(self.scores[1])},
            "bits": self.bits,
            "query_range": finite(self.query_range),
            "key_range": finite(self.key_range),
            "singular_values": [_ends(pair) for pair in self.singular],
            "guarantee": "enclosed" if self.decided else "undecided",
        }


def finite(value: float) -> float | None:
    """A number for JSON, None where it is not finite."""
    return float(value) if math.isfinite(value) else None


def _ends(pair: tuple[float, float]) -> dict[str, Any]:
    return {"lo": finite(pair[0]), "hi": finite(pair[1])}


def contexts(swing: Pair, eps: fmpq) -> Pair:
    """The largest context in which a key can have the weight 1 - eps (context-limit), from both sides.

    Keys may repeat; a context of the lower number, with one key at the top of the scores and the others at the bottom,
    attains it.

    Examples
    --------
    >>> contexts((1.0, 1.0), fmpq(1, 10))
    (1.0, 1.0)
    >>> contexts((3.0, 3.5), fmpq(1, 10))
    (45.0, 122.0)
    """
    from relverify.theorems.context_limit import THEOREM

    limits = [math.inf, math.inf]
    for side, value in enumerate(swing):
        if value < MAX_SWING:
            ends = THEOREM.resource("n").evaluate(20, S=from_fmpq(dyadic(max(value, 0.0))), eps_1=from_fmpq(eps)).ends
            limits[side] = (float_above if side else float_below)(fmpq(ends[side].floor()))
    return limits[0], limits[1]


def capacity(product: float, size: int, eps: fmpq, error: float = 0.0) -> float:
    """No more queries can each select a key of their own (selection-capacity).

    Parameters
    ----------
    product : float
        Upper bound of the product of the norms of queries and keys.
    size : int
        Features.
    eps : fmpq
        The weight that other keys may keep.
    error : float
        How far the scores of these features are from those of the head, up to a function of the query
        (approximate-margin: twice that is taken from the margin).

    Returns
    -------
    float
        Infinite where the error takes the whole margin.

    Examples
    --------
    >>> capacity(10.0, 2, fmpq(1, 10))
    16.0
    """
    from relverify.theorems.selection_capacity import THEOREM

    if not math.isfinite(product):
        return math.inf
    kept = eps
    if error > 0:
        with ctx.workprec(PREC):
            margin = (1 / arb(eps) - 1).log() - 2 * arb(error)
            if not margin > 0:
                return math.inf
            kept = endpoints(1 / (1 + margin.exp()))[1]
        if not kept < fmpq(1, 2):
            return math.inf
    values = {"A": from_fmpq(dyadic(product)), "B": 1, "eps_1": from_fmpq(kept), "d": size}
    return float_above(fmpq(THEOREM.bound.evaluate(20, values).ends[1].floor()))


def quantisation(spread: Spread, eps: fmpq) -> int | None:
    """Bits a coordinate of queries and keys for which attention moves by at most eps (attention-lipschitz).

    Coordinates are rounded to integers of b bits, from ``-(2^(b-1) - 1)`` to ``2^(b-1) - 1``, times one step for all
    queries and one for all keys of the head. Of the error of a score, what depends on the query alone does not count.

    Returns
    -------
    int or None
        None where 64 bits are not proved to suffice.
    """
    from relverify.theorems.attention_lipschitz import THEOREM

    allowed = float_below(THEOREM.resource("eps_u").evaluate(20, beta=1, eps_1=from_fmpq(eps)).ball)
    root = float_above(arb(spread.size).sqrt())
    number = [Intervals(np.float64(v)) for v in (spread.query_norm, spread.key_norm)]
    query, key = ((n * root).minimum(s) for n, s in zip(number, (spread.query_sum, spread.key_sum), strict=True))
    for bits in range(2, MAX_BITS + 1):
        steps = float(2 ** (bits - 1) - 1)
        # half a step of each
        a, b = (Intervals(np.float64(v)) / steps * 0.5 for v in (spread.query_range, spread.key_range))
        a = a * spread.factor
        if float((query * b + key * a + a * b * float(spread.size)).hi) <= allowed:
            return bits
    return None


def needed_features(singular: np.ndarray, eps: float) -> int:
    """Features that every approximation within eps of ``sum s_i a_i b_i`` on the unit balls needs.

    Under the measures with weight 1/k on each of the pairs of points ``±e_1 ... ±e_k`` the relation has the singular
    values s_i/k, and with weights proportional to 1/s_i the k equal ones ``1/sum 1/s_i``. What d features leave of them
    bounds the error. Functions of one argument alone are orthogonal to the relation, so they do not help.

    Parameters
    ----------
    singular : ndarray
        Lower bounds of the singular values, in descending order.
    eps : float
        Upper bound of the error that is allowed.

    Examples
    --------
    >>> needed_features(np.array([1.0, 1.0, 1.0, 0.001]), 0.3)
    3
    """
    s = singular[singular > 0]
    counts = np.arange(1, len(s) + 1)
    with np.errstate(all="ignore"):
        squares, inverse = np.cumsum(s**2), np.cumsum(1 / s)
        for d in range(len(s) - 1, -1, -1):
            k = counts[d:]
            equal = np.sqrt(np.maximum(squares[d:] - (squares[d - 1] if d else 0.0), 0)) / k
            balanced = np.sqrt(k - d) / inverse[d:]
            for values, weights in ((equal, False), (balanced, True)):
                best = int(np.argmax(values))
                if values[best] > eps and _exceeds(s[: d + 1 + best], d, weights, eps):
                    return d + 1
    return 0


def _exceeds(s: np.ndarray, d: int, balanced: bool, eps: float) -> bool:
    """Whether d features are proved to leave more than eps."""
    with ctx.workprec(PREC):
        values = [arb(float(v)) for v in s]
        if balanced:
            left = arb(len(s) - d).sqrt() / sum((1 / v for v in values), arb(0))
        else:
            left = sum((v * v for v in values[d:]), arb(0)).sqrt() / len(s)
        return bool(left > arb(eps))
