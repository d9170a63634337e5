"""Random contexts: the law of the gap of the two best items, and of the inverse temperature that selects.

The utilities of the n items are independent and uniform on [0, 1]. The gap has a closed form for every n. Whether the
softmax weight of the best item is at least 1 - eps_1 has one for n = 2 and a certified integral for n = 3; beyond, the
law is simulated, with a confidence interval of a stated level that assumes nothing about it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import acb, arb, ctx, fmpq, fmpz

from relverify.errors import InputError
from relverify.rigor.enclose import endpoints, to_arb
from relverify.rigor.exact import to_fmpq

BISECTIONS = 40
ITERATIONS = 60
CHUNK = 2**21


def gap_quantile(n: int, gamma: Any, prec: int = 128) -> arb:
    """Enclose the number that the gap exceeds with probability 1 - gamma, exactly ``1 - (1 - gamma)**(1/n)``.

    Examples
    --------
    >>> gap_quantile(2, "3/4").contains(fmpq(1, 2))
    True
    """
    _check(n, gamma=gamma)
    with ctx.workprec(prec):
        return -((-to_arb(gamma)).log1p() / n).expm1()


def success(n: int, beta: Any, eps_1: Any, prec: int = 128) -> arb:
    """Enclose the probability that the best of n items has a weight of at least 1 - eps_1.

    Parameters
    ----------
    n : {2, 3}
    beta : exact number > 0
        Inverse temperature.
    eps_1 : exact number
        In (0, 1/2).
    prec : int

    Raises
    ------
    InputError
        For more items: see :func:`simulate`.

    Notes
    -----
    With ``L = log((1 - eps_1)/eps_1)`` the best of three items with spacings s and t is selected where
    ``beta*s >= L + log(1 + exp(-beta*t))``; the density of (s, t) is ``6(1 - s - t)``. The inner integral leaves
    ``3(1 - t - (L + log(1 + exp(-beta*t)))/beta)**2`` up to its only zero.

    Examples
    --------
    >>> success(2, 20, "1/10") > success(3, 20, "1/10") > 0
    True
    """
    _check(n, eps_1=eps_1)
    if n not in (2, 3):
        raise InputError("n", f"{n} items have no closed law here", "2 or 3; simulate for more")
    with ctx.workprec(prec):
        temperature, odds = to_arb(beta), _odds(eps_1)
        if not temperature > 0:
            raise InputError("beta", f"{beta} is not positive", "a number > 0")
        if n == 2:
            rest = 1 - odds / temperature
            return rest**2 if rest > 0 else (arb(0) if rest <= 0 else rest.max(arb(0)) ** 2)
        return _three(temperature, odds)


def _three(beta: arb, odds: arb) -> arb:
    def rest(t: arb) -> arb:
        return 1 - t - (odds + (-beta * t).exp().log1p()) / beta

    start = rest(arb(0))
    if start <= 0:
        return arb(0)
    if not start > 0:
        return arb(0).union(arb(start.upper()) ** 2 * 3)
    # the rest decreases, with a slope between -1 and -1/2
    low, high = fmpq(0), fmpq(1)
    for _ in range(ctx.prec // 2):
        middle = (low + high) / 2
        value = rest(arb(middle))
        if value > 0:
            low = middle
        elif value < 0:
            high = middle
        else:
            break

    def integrand(t: acb, analytic: bool) -> acb:
        inner = (1 + (-beta * t).exp()).log(analytic=analytic)
        return 3 * (1 - t - (acb(odds) + inner) / beta) ** 2

    main = acb.integral(integrand, acb(0), acb(arb(low))).real
    left = arb(rest(arb(low)).upper())
    return main + arb(0).union(3 * left**2 * arb(high - low))


def temperature_quantile(n: int, gamma: Any, eps_1: Any, prec: int = 128) -> tuple[fmpq, fmpq]:
    """Enclose the least inverse temperature at which the best of n items is selected with probability 1 - gamma.

    Parameters
    ----------
    n : {2, 3}
    gamma : exact number
        In (0, 1).
    eps_1 : exact number
        In (0, 1/2).

    Returns
    -------
    low, high : fmpq
        The probability is proved to be at most 1 - gamma at `low` and at least 1 - gamma at `high`.

    Examples
    --------
    >>> low, high = temperature_quantile(2, "19/100", "1/10")
    >>> low <= 10 * arb(9).log() <= high
    True
    """
    _check(n, gamma=gamma, eps_1=eps_1)
    wanted = 1 - to_fmpq(gamma)
    with ctx.workprec(prec):
        # of what needs and what suffices: the worst case is enough
        need = _odds(eps_1) / gap_quantile(n, gamma, prec)
        low = fmpq(endpoints(need)[0].floor())
        high = 2 * low + 2
        while not success(n, high, eps_1, prec) > arb(wanted):
            high *= 2
        if success(n, max(low, fmpq(1, 2)), eps_1, prec) > arb(wanted):
            low = fmpq(0)
        for _ in range(BISECTIONS):
            middle = (low + high) / 2
            found = success(n, middle, eps_1, prec)
            if found > arb(wanted):
                high = middle
            elif found < arb(wanted):
                low = middle
            else:
                break
    return low, high


def needed(n: int, gamma: Any, eps_1: Any) -> fmpq:
    """A proved lower bound of the quantile of the inverse temperature (*gap-law-needed*), rounded down."""
    from relverify.theorems.gap_law_needed import THEOREM

    return THEOREM.resource("beta").evaluate(20, n=n, gamma=gamma, eps_1=eps_1).ends[0]


def sufficient(n: int, gamma: Any, eps_1: Any, splits: int = 64) -> fmpq:
    """A proved upper bound of the quantile of the inverse temperature (*gap-law-sufficient*), rounded up.

    Parameters
    ----------
    n : int
        At least 3 (for two items the lower bound is exact).
    gamma, eps_1 : exact number
    splits : int
        How many ways to share gamma between the gap and the other items are tried.

    Examples
    --------
    >>> bool(needed(100, "1/10", "1/100") < sufficient(100, "1/10", "1/100") < 2 * needed(100, "1/10", "1/100"))
    True
    """
    _check(n, gamma=gamma, eps_1=eps_1)
    if n < 3:
        raise InputError("n", f"{n} is below 3", "at least 3; needed() is exact for 2")
    total = to_fmpq(gamma)
    shares = [fmpq(j, splits) for j in range(1, splits)]
    return min(_sufficient(n, total * share, total * (1 - share), eps_1) for share in shares)


def _sufficient(n: int, first: fmpq, second: fmpq, eps_1: Any) -> fmpq:
    """The root of ``beta*g - L - log(1 + n/(beta*gamma_2))``, which increases, rounded up."""
    with ctx.workprec(128):
        gap, odds = gap_quantile(n, first), _odds(eps_1)

        def excess(beta: fmpq) -> arb:
            return arb(beta) * gap - odds - (n / (arb(beta) * arb(second))).log1p()

        low = fmpq(endpoints(odds / gap)[0].floor())
        high = 2 * low + 2
        while not excess(high) >= 0:
            high *= 2
        for _ in range(BISECTIONS):
            middle = (low + high) / 2
            if excess(middle) >= 0:
                high = middle
            else:
                low = middle
        return high


@dataclass(frozen=True)
class Simulated:
    """A simulated quantile with a confidence interval between two order statistics.

    Parameters
    ----------
    n, samples, seed : int
    low, high : float
        The interval.
    level : fmpq
        The interval contains the quantile with at least this probability, whatever the law is.
    """

    n: int
    samples: int
    seed: int
    low: float
    high: float
    level: fmpq


def simulate(n: int, gamma: Any, eps_1: Any, samples: int = 1000, seed: int = 0, level: Any = "999/1000") -> Simulated:
    """Simulate the quantile of :func:`temperature_quantile` for any number of items.

    Parameters
    ----------
    n : int
        At least 2.
    gamma, eps_1 : exact number
    samples, seed : int
    level : exact number
        Of confidence.

    Returns
    -------
    Simulated

    Raises
    ------
    InputError
        If there are too few samples for the level.

    Examples
    --------
    >>> found = simulate(2, "19/100", "1/10", samples=400)
    >>> found.low < 10 * 2.1972245 < found.high
    True
    """
    _check(n, gamma=gamma, eps_1=eps_1)
    low, high = order_statistics(samples, 1 - to_fmpq(gamma), level)
    generator, odds = np.random.default_rng(seed), float(_odds(eps_1).mid())
    chunk = max(1, CHUNK // n)
    found: list[np.ndarray] = []
    for start in range(0, samples, chunk):
        found.append(_temperatures(generator.random((min(chunk, samples - start), n)), odds))
    values = np.sort(np.concatenate(found))
    return Simulated(n, samples, seed, float(values[low - 1]), float(values[high - 1]), to_fmpq(level))


def _temperatures(utilities: np.ndarray, odds: float) -> np.ndarray:
    """For each row the inverse temperature at which the best item has weight 1 - eps_1, in float64."""
    top = np.sort(utilities, axis=1)
    gaps = (top[:, -1:] - top[:, :-1])[:, ::-1]
    first = gaps[:, :1]
    # log of the sum is convex and decreasing in beta: Newton's method from the left never overshoots
    beta = odds / first
    for _ in range(ITERATIONS):
        terms = np.exp(-beta * (gaps - first))
        total = terms.sum(axis=1, keepdims=True)
        value = np.log(total) - beta * first + odds
        step = value / ((terms * gaps).sum(axis=1, keepdims=True) / total)
        beta = beta + np.maximum(step, 0.0)
        if np.all(step <= 1e-13 * beta):
            break
    return np.asarray(beta[:, 0])


def order_statistics(samples: int, q: Any, level: Any) -> tuple[int, int]:
    """Ranks of order statistics between which the q-quantile lies with a probability of at least the level.

    The number of samples below the quantile of a continuous law is binomial; its tails are summed exactly.

    Parameters
    ----------
    samples : int
    q : exact number
        In (0, 1).
    level : exact number
        In (0, 1).

    Returns
    -------
    low, high : int
        Counted from 1.

    Examples
    --------
    >>> order_statistics(100, "1/2", "95/100")
    (40, 61)
    """
    chance, wanted = to_fmpq(q, "q"), to_fmpq(level, "level")
    if not (0 < chance < 1 and 0 < wanted < 1):
        raise InputError("level", f"{level} or q = {q} is not between 0 and 1", "numbers in (0, 1)")
    tail = (1 - wanted) / 2
    low = _below(samples, chance, tail)
    high = samples + 1 - _below(samples, 1 - chance, tail)
    if low < 1 or high > samples:
        raise InputError("samples", f"{samples} are too few for the level {level}", "more samples")
    return low, high


def _below(samples: int, chance: fmpq, tail: fmpq) -> int:
    """The largest l with P(Binomial < l) <= tail."""
    up, down, total = int(chance.p), int(chance.q - chance.p), 0
    limit = int((tail * fmpq(fmpz(int(chance.q)) ** samples)).floor())
    term = down**samples
    for k in range(samples + 1):
        total += term
        if total > limit:
            return k
        term = term * (samples - k) * up // ((k + 1) * down)
    return samples


def _odds(eps_1: Any) -> arb:
    """The log odds of the weight that is asked for."""
    share = to_arb(eps_1)
    return ((1 - share) / share).log()


def _check(n: int, **shares: Any) -> None:
    if type(n) is not int or n < 2:
        raise InputError("n", f"{n!r} is not a number of items with a gap", "an integer >= 2")
    for name, value in shares.items():
        top = fmpq(1, 2) if name == "eps_1" else fmpq(1)
        if not 0 < to_fmpq(value, name) < top:
            raise InputError(name, f"{value} is out of range", f"an exact number in (0, {top})")
