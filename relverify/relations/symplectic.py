"""The symplectic form of the plane, the simplest relation that is nowhere symmetric."""

from __future__ import annotations

from dataclasses import replace

import sympy as sp

from relverify.relations.bilinear import make as bilinear
from relverify.relations.family import Family
from relverify.relations.relation import Relation


def make() -> Relation:
    form = bilinear([[sp.Integer(0), sp.Integer(1)], [sp.Integer(-1), sp.Integer(0)]])
    return replace(form, text="symplectic", name="symplectic", psd_reason="it is antisymmetric")


FAMILY = Family(
    name="symplectic",
    title="x1 y2 - x2 y1",
    parameters={},
    make=make,
    example="symplectic",
    box="[-1,1]^2",
)
