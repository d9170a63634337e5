"""The error of two piecewise linear networks, from its values on a grid."""

from __future__ import annotations

from typing import Any

from relverify.core.theorem import Formal, Instance, Mutant, Quantity, Source, Theorem
from relverify.theorems.ridge_spline import THEOREM as RIDGE_SPLINE


def formal() -> Formal:
    import sympy as sp

    from relverify.core.steps import Identity, Inequality
    from relverify.core.symbols import L, M, M_x, M_y, h_x, h_y, n, v

    # a cell: x = (1−s)x_0 + s x_1, y = (1−u)y_0 + u y_1; e_ij errors at its corners, r_i = r(x_i, y)
    s, u, r, r_0, r_1 = sp.symbols("s u r r_0 r_1", real=True)
    r_00, r_01, r_10, r_11, e_00, e_01, e_10, e_11 = sp.symbols("r_00 r_01 r_10 r_11 e_00 e_01 e_10 e_11", real=True)
    a_0, a_1, b_0, b_1 = sp.symbols("a_0 a_1 b_0 b_1", real=True)
    # remainders of interpolation in x and, at the two nodes, in y; and the interpolated error
    rho_x, rho_0, rho_1, inner = sp.symbols("rho_x rho_0 rho_1 inner", real=True)
    t_x, t_y = sp.symbols("t_x t_y", nonnegative=True)
    bound = v + (h_x**2 * M_x + h_y**2 * M_y) / 8
    piece = RIDGE_SPLINE.formal().bound.subs(n, 1)
    remainder_x, remainder_y = piece.subs({L: h_x, M: M_x}), piece.subs({L: h_y, M: M_y})
    corners = (1 - s) * (1 - u) * e_00 + (1 - s) * u * e_01 + s * (1 - u) * e_10 + s * u * e_11
    product = sum(
        weight * (value - error)
        for weight, value, error in (
            ((1 - s) * (1 - u), r_00, e_00), ((1 - s) * u, r_01, e_01), (s * (1 - u), r_10, e_10), (s * u, r_11, e_11)
        )
    )  # fmt: skip
    return Formal(
        quantities=(
            Quantity(v, "largest error at the vertices of the grid"),
            Quantity(h_x, "largest step of the grid in x"),
            Quantity(h_y, "largest step of the grid in y"),
            Quantity(M_x, "sup of |∂²r/∂x²|", of_relation="second_derivative_x"),
            Quantity(M_y, "sup of |∂²r/∂y²|", of_relation="second_derivative_y"),
        ),
        bound=bound,
        bounded=r"\sup_{x,y}|r(x,y)-\langle\varphi(x),\psi(y)\rangle|",
        hypotheses=(
            "φ, ψ are ReLU networks of one input and any depth; the grid contains their breakpoints and the ends",
            "∂²r/∂x² and ∂²r/∂y² are continuous",
        ),
        steps=(
            Identity(
                ((1 - s) * a_0 + s * a_1) * ((1 - u) * b_0 + u * b_1), "=",
                (1 - s) * (1 - u) * a_0 * b_0 + (1 - s) * u * a_0 * b_1 + s * (1 - u) * a_1 * b_0 + s * u * a_1 * b_1,
                "Between breakpoints φ and ψ are affine, so ⟨φ, ψ⟩ is the bilinear interpolant of its corner values, "
                "coordinate by coordinate.",
            ),
            Identity(
                r - product, "=",
                corners + (r - (1 - s) * r_0 - s * r_1)
                + (1 - s) * (r_0 - (1 - u) * r_00 - u * r_01) + s * (r_1 - (1 - u) * r_10 - u * r_11),
                "The error is the interpolant of its corner values, plus the remainders of r in x and, at two nodes, "
                "in y.",
            ),
            Inequality(
                sp.Abs(corners), "<=", v, "An average of the four corner errors.",
                given=(
                    sp.Abs(e_00) <= v, sp.Abs(e_01) <= v, sp.Abs(e_10) <= v, sp.Abs(e_11) <= v,
                    s >= 0, s <= 1, u >= 0, u <= 1,
                ),
            ),
            Identity(
                remainder_x + remainder_y, "=", (h_x**2 * M_x + h_y**2 * M_y) / 8,
                "One piece of linear splines an axis (ridge-spline).",
            ),
            Inequality(
                sp.Abs(inner + rho_x + (1 - s) * rho_0 + s * rho_1), "<=", v + t_x + t_y,
                "The parts together.",
                given=(
                    sp.Abs(inner) <= v, sp.Abs(rho_x) <= t_x, sp.Abs(rho_0) <= t_y, sp.Abs(rho_1) <= t_y,
                    s >= 0, s <= 1,
                ),
            ),
            Identity(
                (v + t_x + t_y).subs({t_x: remainder_x, t_y: remainder_y}), "=", bound,
                "With the remainders of ridge-spline. The error at the vertices is a lower bound besides.",
            ),
        ),
    )  # fmt: skip


def instances() -> Any:
    from hypothesis import strategies as st

    from relverify.strategies.numbers import rationals

    @st.composite
    def products(draw: Any) -> Instance:
        r = [[draw(rationals(-2, 2, 6)) for _ in range(3)] for _ in range(3)]
        steps = [[draw(rationals("1/4", 1, 6)) for _ in range(draw(st.integers(1, 3)))] for _ in range(2)]
        errors = [[draw(rationals("-1/4", "1/4", 6)) for _ in range(4)] for _ in range(4)]
        return _instance(r, draw(rationals(-1, 1, 6)), steps, errors)

    return products()


def _instance(r: list[list[Any]], start: Any, steps: list[list[Any]], errors: list[list[Any]]) -> Instance:
    """A biquadratic r, a grid by its steps, and a product of networks by its errors at the vertices."""
    from flint import arb, fmpq, fmpq_mat

    from relverify.rigor.exact import from_fmpq, to_fmpq
    from relverify.rigor.polynomials import hull, sup_error, sup_quadratic
    from relverify.spaces.rkhs import matrix

    R = matrix([[str(c) for c in row] for row in r])
    grids = []
    for axis in steps:
        grid = [to_fmpq(str(start))]
        for step in axis:
            grid.append(grid[-1] + to_fmpq(str(step)))
        grids.append(grid)
    xs, ys = grids
    powers = [fmpq_mat([[fmpq(1), node, node * node] for node in grid]) for grid in grids]
    off = fmpq_mat([[to_fmpq(str(errors[i][j])) for j in range(len(ys))] for i in range(len(xs))])
    nodal = powers[0] * R * powers[1].transpose() - off

    def observed(prec: int) -> arb:
        return hull(*sup_error(R, xs, ys, nodal, fmpq(1, 2 ** min(prec // 16, 20))))

    numbers = {
        "v": max(abs(e) for e in off.entries()),
        "h_x": max(b - a for a, b in zip(xs, xs[1:], strict=False)),
        "h_y": max(b - a for a, b in zip(ys, ys[1:], strict=False)),
        "M_x": 2 * sup_quadratic(R[2, 0], R[2, 1], R[2, 2], ys[0], ys[-1]),
        "M_y": 2 * sup_quadratic(R[0, 2], R[1, 2], R[2, 2], xs[0], xs[-1]),
    }
    return Instance(
        values={name: from_fmpq(number) for name, number in numbers.items()},
        observed=observed,
        text=f"r = Σ R_ab x^a y^b, R={R.tolist()}, grids {xs} and {ys}, vertex errors {off.tolist()}",
    )


def extremal() -> Instance:
    """r = −(x² + y²)/2 and networks that are 1/10 too low at all vertices: every term is attained in mid-cell."""
    from dataclasses import replace

    import sympy as sp

    from relverify.rigor.enclose import enclose

    instance = _instance(
        [[0, 0, "-1/2"], [0, 0, 0], ["-1/2", 0, 0]], 0, [["1/2", "1/2"], ["1/3"]], [["1/10"] * 4] * 4
    )
    # in the middle of the cell [0,1/2] x [0,1/3], against the mean of the corner values less 1/10
    x, y = sp.Rational(1, 2), sp.Rational(1, 3)
    error = -((x / 2) ** 2 + (y / 2) ** 2) / 2 + (x**2 / 2 + y**2 / 2) / 2 + sp.Rational(1, 10)
    return replace(instance, observed=lambda prec: enclose(error, prec=prec), exact=error)


def _missed_breakpoint() -> Instance:
    """r = 0, φ = relu(x − 1/2), ψ = 1 on [0,1] with φ lowered by x/2: no error at the ends, 1/4 at the breakpoint."""
    import numpy as np
    import sympy as sp
    from flint import fmpq

    from relverify.networks.mlp import MLP
    from relverify.rigor.enclose import enclose
    from relverify.rigor.exact import from_fmpq

    weights, biases = ([[1.0], [1.0]], [[1.0, -0.5]]), ([-0.5, 0.0], [0.0])
    network = MLP(tuple(map(np.array, weights)), tuple(map(np.array, biases)))
    ends = [network.at_exact(fmpq(k))[0] for k in (0, 1)]
    error: sp.Rational = abs(from_fmpq(network.at_exact(fmpq(1, 2))[0]))
    return Instance(
        values={"v": max(abs(from_fmpq(e)) for e in ends), "h_x": 1, "h_y": 1, "M_x": 0, "M_y": 0},
        observed=lambda prec: enclose(error, prec=prec),
        text="r = 0, phi = relu(x-1/2) - x/2, psi = 1, grid {0, 1}",
        exact=error,
    )


THEOREM = Theorem(
    label="vertex-certificate",
    title="Certificate from the vertices of a grid",
    status="beyond",
    sense="upper",
    constructive=False,
    sharp=True,
    statement=(
        "For ReLU networks of one input, on a grid with their breakpoints and steps :math:`h_x,h_y`, the error is at "
        "least its largest value v at the vertices, and at most "
        ":math:`v+(h_x^2\\sup|\\partial_x^2r|+h_y^2\\sup|\\partial_y^2r|)/8`. The suprema may be taken cell by cell."
    ),
    source=Source("davis1975"),
    formal=formal,
    uses=("ridge-spline",),
    instances=instances,
    extremal=extremal,
    mutants=(
        Mutant("breakpoint-missed", "the grid need not contain the breakpoints", _missed_breakpoint),
        Mutant("vertices-only", "the remainder is left out", extremal, lambda f: f.symbol("v")),
        Mutant("half-remainder", "the constant 16", extremal, lambda f: (f.bound + f.symbol("v")) / 2),
    ),
    limits=("networks that interpolate r: v = 0, and grid-neurons for equal steps",),
)
