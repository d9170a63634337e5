"""The covariance of Brownian motion."""

from __future__ import annotations

import sympy as sp

from relverify.core.box import Box
from relverify.core.symbols import x, y
from relverify.relations.expansion import Expansion, Spectrum
from relverify.relations.family import FalseClaim, Family, Member, quadratic_form
from relverify.relations.relation import Relation
from relverify.rigor.decide import Decision, decide

KINK = "its slope jumps on the diagonal"


def make() -> Relation:
    def expand(x_box: Box) -> Expansion | None:
        """The Karhunen–Loève expansion on [0, T]."""
        side = x_box[0]
        if side.lo != 0:
            return None
        end = side.hi

        def omega(i: int) -> sp.Expr:
            return (i - sp.Rational(1, 2)) * sp.pi / end

        def feature(i: int) -> sp.Expr:
            return sp.sqrt(2 / end) * sp.sin(omega(i) * x) / omega(i)

        def tail(d: int) -> sp.Expr:
            return 2 * end * sp.polygamma(1, d + sp.Rational(1, 2)) / sp.pi**2

        spectrum = Spectrum(lambda i: 1 / omega(i) ** 2, (sp.Integer(0), end), sp.Integer(1))
        return Expansion(feature, tail, end, "rasmussen2006", attained=lambda k: (end,), spectrum=spectrum)

    return Relation(
        sp.Min(x, y),
        "brownian",
        "brownian",
        True,
        "a covariance for x, y >= 0",
        expand=expand,
        psd_where=(lambda box: bool(box[0].lo >= 0),),
        facts={
            "slope_variation_x": jump,
            "slope_variation_y": lambda x_box, y_box: jump(y_box, x_box),
            "curved_barron_x": weighted_jump,
            "curved_barron_y": lambda x_box, y_box: weighted_jump(y_box, x_box),
            "kernel_barron": KINK,
            # on a cell of the diagonal the error of min is min(u, v) - uv/h <= h/4, elsewhere it is 0
            "grid_slope": lambda x_box, y_box: sp.Rational(1, 4) if x_box == y_box else None,
        },
    )


def jump(side: Box, others: Box) -> sp.Expr:
    """The variation of the slope of a section: 1 if its kink lies inside, else 0."""
    inside = max(side[0].lo, others[0].lo) < min(side[0].hi, others[0].hi)
    return sp.Integer(1) if inside else sp.Integer(0)


def weighted_jump(side: Box, others: Box) -> sp.Expr:
    """The curved Barron norm of a section: √(1+s²) at a kink s inside."""
    low, high = max(side[0].lo, others[0].lo), min(side[0].hi, others[0].hi)
    return sp.sqrt(1 + max(abs(low), abs(high)) ** 2) if low < high else sp.Integer(0)


def _below_zero() -> Decision:
    return decide(sp.Ge(quadratic_form(make(), [-1], [1]), 0, evaluate=False))


FAMILY = Family(
    name="brownian",
    title="min(x, y) on x, y >= 0",
    parameters={},
    make=make,
    example="brownian",
    box="[0,1]",
    members=(Member("brownian", "[0,1]", "3/100", errors=("1/10", "3/100", "3/1000")),),
    false_claims=(FalseClaim("min(x, y) is PSD on [-1,1]", _below_zero),),
)
