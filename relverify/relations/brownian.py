"""The covariance of Brownian motion."""

from __future__ import annotations

import sympy as sp

from relverify.core.box import Box
from relverify.core.symbols import x, y
from relverify.relations.family import Family, Member
from relverify.relations.relation import Expansion, Relation


def make() -> Relation:
    def expand(x_box: Box) -> Expansion | None:
        """The Karhunen–Loève expansion on [0, T]."""
        side = x_box[0]
        if side.lo != 0:
            return None
        end = side.hi

        def feature(i: int) -> sp.Expr:
            omega = (i - sp.Rational(1, 2)) * sp.pi / end
            return sp.sqrt(2 / end) * sp.sin(omega * x) / omega

        def tail(d: int) -> sp.Expr:
            return 2 * end * sp.polygamma(1, d + sp.Rational(1, 2)) / sp.pi**2

        return Expansion(feature, tail, end, "rasmussen2006")

    return Relation(
        sp.Min(x, y),
        "brownian",
        "brownian",
        True,
        "a covariance for x, y >= 0",
        expand=expand,
        psd_where=(lambda box: bool(box[0].lo >= 0),),
    )


FAMILY = Family(
    name="brownian",
    title="min(x, y) on x, y >= 0",
    parameters={},
    make=make,
    example="brownian",
    box="[0,1]",
    members=(Member("brownian", "[0,1]", "3/100"),),
)
