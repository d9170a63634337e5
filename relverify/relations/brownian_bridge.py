"""The covariance of the Brownian bridge, with its exact tails."""

from __future__ import annotations

import sympy as sp

from relverify.core.box import Box
from relverify.core.symbols import x, y
from relverify.relations.brownian import KINK, jump, weighted_jump
from relverify.relations.expansion import Expansion, Spectrum
from relverify.relations.family import FalseClaim, Family, quadratic_form
from relverify.relations.relation import Relation
from relverify.rigor.decide import Decision, decide
from relverify.rigor.roots import IsolatedRoot

CHECKED = 300
_K, _W = sp.Symbol("k", integer=True, positive=True), sp.Symbol("w", real=True)


def rest(d: int, at: sp.Expr) -> sp.Expr:
    """T_d(x) = x - x² - Σ_{k<=d} (1 - cos 2πkx)/(π²k²), the rest of the expansion on the diagonal."""
    return at - at**2 - sp.Sum((1 - sp.cos(2 * sp.pi * _K * at)) / (sp.pi**2 * _K**2), (_K, 1, d))


def largest_at(d: int) -> sp.Expr:
    """The point of [0, 1/2] at which T_d is largest, d >= 1: the only zero of T_d' in (0, 1/(2d+1)).

    Later maxima lie beyond 1/(d + 1/2) and are below (ψ'(d+1) + 1/((d+1)² sin πx))/π², by summation by parts.
    """
    slope = 1 - 2 * _W - 2 / sp.pi * sp.Sum(sp.sin(2 * sp.pi * _K * _W) / _K, (_K, 1, d))
    return IsolatedRoot(sp.Lambda(_W, slope), sp.Integer(0), sp.Rational(1, 2 * d + 1))


def make() -> Relation:
    def expand(x_box: Box) -> Expansion | None:
        """√2 sin(πix)/(πi); the tail is exact on [0, 1] up to d = 300, where the later maxima have been compared."""
        if x_box[0].lo < 0 or x_box[0].hi > 1:
            return None
        whole = x_box[0].lo == 0 and x_box[0].hi == 1

        def feature(i: int) -> sp.Expr:
            return sp.sqrt(2) * sp.sin(sp.pi * i * x) / (sp.pi * i)

        def tail(d: int) -> sp.Expr:
            if d == 0:
                return sp.Rational(1, 4)
            if d > CHECKED:
                return 2 * sp.polygamma(1, sp.Integer(d + 1), evaluate=False) / sp.pi**2
            return rest(d, largest_at(d))

        spectrum = Spectrum(lambda i: 1 / (sp.pi * i) ** 2, (sp.Integer(0), sp.Integer(1)), sp.Integer(1))

        def top(k: int) -> tuple[sp.Expr]:
            return (largest_at(k) if k else sp.Rational(1, 2),)

        return Expansion(
            feature,
            tail,
            sp.Rational(1, 4),
            "shorack1986",
            attained=top if whole else None,
            spectrum=spectrum if whole else None,
            note="the tail is x - x^2 minus the kept squares at the only zero of its slope in (0, 1/(2d+1))",
        )

    return Relation(
        sp.Min(x, y) - x * y,
        "brownian_bridge",
        "brownian_bridge",
        True,
        "a covariance for x, y in [0, 1]",
        expand=expand,
        psd_where=(lambda box: bool(box[0].lo >= 0 and box[0].hi <= 1),),
        facts={
            "slope_variation_x": jump,
            "slope_variation_y": lambda x_box, y_box: jump(y_box, x_box),
            "curved_barron_x": weighted_jump,
            "curved_barron_y": lambda x_box, y_box: weighted_jump(y_box, x_box),
            "kernel_barron": KINK,
            # xy is interpolated exactly
            "grid_slope": lambda x_box, y_box: sp.Rational(1, 4) if x_box == y_box else None,
        },
    )


def _beyond_one() -> Decision:
    return decide(sp.Ge(quadratic_form(make(), [2], [1]), 0, evaluate=False))


FAMILY = Family(
    name="brownian_bridge",
    title="min(x, y) - x y on [0, 1]",
    parameters={},
    make=make,
    example="brownian_bridge",
    box="[0,1]",
    false_claims=(FalseClaim("min(x, y) - xy is PSD on [0,2]", _beyond_one),),
)
