"""The tables of bounds side by side, computed when the documentation is built."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from relverify.interop import sphinx as page

RELATION, BOX = "gaussian(ell=1/2)", "[0,1]"
ERRORS = ("1e-1", "1e-2", "1e-3", "1e-4")
BUDGETS = (("vector", "Euclidean budget"), ("coordinate", "budget of its own"))
FEATURES = 12
# larger counts are shown with three digits
LARGE = 10**5


def gaussian() -> str:
    """Every count for the Gaussian at four errors."""
    from relverify import api

    found = api.compare(RELATION, BOX, eps=ERRORS[-1])
    parts = []
    for what in dict.fromkeys(row.what for row in found.rows):
        rows = [["By", "Theorem", *(f"{float(e):g}" for e in found.errors), "Slope", "Rate"]]
        for row in found.rows:
            if row.what == what:
                slope = "" if row.slope is None else f"{row.slope:.2f}"
                counts = ["" if c is None else _short(c) for c in row.counts]
                link = f":ref:`{row.theorem} <theorem-{row.theorem}>`"
                rows.append([row.name, link, *counts, slope, row.rate])
        parts += [f".. rubric:: {what[0].upper()}{what[1:]}", page.table(rows, "22 20 11 11 11 11 7 7")]
    ratio = f"Units of the best construction over units that are needed, at the smallest error: {found.ratio:.4g}."
    return "\n\n".join([*parts, ratio, ""])


def _short(count: int) -> str:
    digits = len(str(count)) - 1
    return str(count) if count < LARGE else f"{count / 10**digits:.2f}e{digits}"


def coarser() -> str:
    """What a coarser calculation gives for the same relation, beside the figures above."""
    rows = [["Count", "Calculation", *ERRORS], *_sampled(), *_splines()]
    return page.table(rows, "22 30 12 12 12 12") + "\n"


def _sampled() -> Iterator[list[str]]:
    """Units by *barron-sup* with x̃ = (x, 1), the origin at an end of the interval, R² = 2."""
    import sympy as sp

    from relverify.networks.counts import PREC
    from relverify.networks.feature_counts import SampledFeatures, delta_below, upper
    from relverify.relations.barron import curved_barron
    from relverify.rigor.enclose import enclose
    from relverify.rigor.exact import to_fmpq

    relation, box, expansion = _problem()
    symbol, root = relation.x_symbols[0], enclose(sp.sqrt(2), prec=PREC)
    costs = [upper(4 * root * curved_barron(expansion.feature(d), symbol, box[0])) for d in range(1, FEATURES + 1)]
    at_end, here = [], []
    for error in ERRORS:
        eps, counts = to_fmpq(error), []
        for d in range(1, FEATURES + 1):
            tail = upper(enclose(expansion.tail(d), prec=PREC))
            if tail < eps:
                counts.append(int(((sum(costs[:d]) / delta_below(to_fmpq(1), eps - tail)) ** 2).ceil()))
        features = SampledFeatures(relation, box, eps)
        at_end.append(_short(min(counts)))
        here.append(_short(features.count(features.barron, 0)[0]))
    yield ["sampled units for each feature", "origin at an end of the interval", *at_end]
    yield ["", "origin in its middle", *here]


def _splines() -> Iterator[list[str]]:
    """The closed form of *allocation*, with one unit a feature for rounding up, and integers."""
    from relverify.networks.counts import SplineFeatures, spline_units

    relation, box, expansion = _problem()
    features = SplineFeatures(relation, expansion, box)
    for budget, name in BUDGETS:
        closed = [min(_closed(features, d, float(e), budget) for d in range(1, FEATURES + 1)) for e in ERRORS]
        here = [str(spline_units(relation, box, e, budget).units) for e in ERRORS]
        yield [f"splines for each feature, {name}", "closed form, and a unit a feature", *(f"{n:.1f}" for n in closed)]
        yield ["", "exact integers", *here]


def _problem() -> tuple[Any, Any, Any]:
    from relverify.core.box import parse_box
    from relverify.relations import parse_relation

    relation, box = parse_relation(RELATION), parse_box(BOX)
    return relation, box, relation.expansion(box)


def _closed(features: Any, d: int, eps: float, budget: str) -> float:
    t = eps - float(features.expansion.tail(d).evalf(30))
    if t <= 0:
        return float("inf")
    costs = [float(features.curve(i)) for i in range(1, d + 1)]
    if budget == "vector":
        norm = float(features.norm)
        delta = t / ((norm**2 + t) ** 0.5 + norm)
        return sum(c**0.4 for c in costs) ** 1.25 * delta**-0.5 + d
    sizes = [float(features.size(i)) for i in range(1, d + 1)]
    return sum((c * k) ** (1 / 3) for c, k in zip(costs, sizes, strict=True)) ** 1.5 * (2 / t) ** 0.5 + d


def tightness() -> str:
    """Units built over units needed for the catalogue."""
    from relverify.testing.tightness import catalogue, measure, table

    titles, *rows, worst = table(measure(text, box) for text, box in catalogue())
    rows = [[f"``{text}``", *cells] for text, *cells in rows]
    return page.table([titles, *rows, worst], "28 9 11 10 24 9 9") + "\n"
