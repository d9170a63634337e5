"""Neurons that suffice for a symmetric relation of two numbers: interpolation on a grid."""

from __future__ import annotations

from typing import Any

from relverify.core.theorem import Formal, Instance, Mutant, Quantity, Resource, Source, Theorem, Witness
from relverify.theorems.ridge_spline import THEOREM as RIDGE_SPLINE


def formal() -> Formal:
    import sympy as sp

    from relverify.core.steps import Cited, Identity, Inequality
    from relverify.core.symbols import L, M, eps, n

    # a cell: x = (1−s)a + sb; r_a, r_b are r(a,y), r(b,y), and q_a, q_b their interpolants in y
    s, u, r, r_a, r_b, q_a, q_b = sp.symbols("s u r r_a r_b q_a q_b", real=True)
    c_11, c_12, c_21, c_22 = sp.symbols("c_11 c_12 c_21 c_22", real=True)
    x, value, node, before, after = sp.symbols("x value node before after", real=True)
    i, j, k = sp.symbols("i j k", integer=True, positive=True)
    C, G = sp.Function("C", real=True), sp.Function("G", real=True)
    error = sp.Symbol("error", nonnegative=True)
    one_axis = RIDGE_SPLINE.formal().bound
    bound = L**2 * M / (4 * n**2)
    g_11, g_12, g_22 = c_11**2 + c_12**2, c_11 * c_21 + c_12 * c_22, c_21**2 + c_22**2
    chord = (1 - s) * r_a + s * r_b
    return Formal(
        quantities=(
            Quantity(L, "length of the interval X = Y", of_relation="length_x"),
            Quantity(M, "sup of |∂²r/∂x²| on X × X", of_relation="second_derivative_x"),
            Quantity(n, "hidden units of the one network"),
            Quantity(eps, "error that is asked for"),
        ),
        bound=bound,
        bounded=r"\sup_{x,y}|r(x,y)-\langle\varphi(x),\varphi(y)\rangle|",
        hypotheses=("r is symmetric PSD on an interval, with ∂²r/∂x² continuous",),
        solve={"n": Resource(L / 2 * sp.sqrt(M / eps), meaning="units that suffice", least=1)},
        steps=(
            Identity(
                (value + before * (x - node)) + (after - before) * (x - node), "=", value + after * (x - node),
                "Each unit relu(x − node) turns the slope at its node: by induction the units at the first n of n+1 "
                "equal nodes, with the output bias, carry every function that is linear between the nodes, so all "
                "hat functions w_i at once.",
            ),
            Cited(
                G(i, j), "=", sp.Sum(C(i, k) * C(j, k), (k, 1, n + 1)),
                "The matrix of the nodal values r(x_i, x_j) is PSD because r is: G = CCᵀ.",
                lemma="psd-factor", key="boyd2004",
            ),
            Identity(
                ((1 - s) * c_11 + s * c_21) * ((1 - u) * c_11 + u * c_21)
                + ((1 - s) * c_12 + s * c_22) * ((1 - u) * c_12 + u * c_22), "=",
                (1 - s) * (1 - u) * g_11 + ((1 - s) * u + s * (1 - u)) * g_12 + s * u * g_22,
                "φ = Cᵀw has ⟨φ(x), φ(y)⟩ = w(x)ᵀGw(y): with itself, the network is the interpolant of r in both "
                "variables. Here the two hats of a cell and two columns of C; columns add up.",
            ),
            Identity(
                r - ((1 - s) * q_a + s * q_b), "=", (r - chord) + (1 - s) * (r_a - q_a) + s * (r_b - q_b),
                "Interpolate in x first, then in y at the two nodes.",
            ),
            Inequality(
                sp.Abs((r - chord) + (1 - s) * (r_a - q_a) + s * (r_b - q_b)), "<=", 2 * error,
                "Each of the three is an error of linear splines on n pieces (ridge-spline), in x for a fixed y, or in "
                "y at a node, where symmetry gives the same M.",
                given=(
                    sp.Abs(r - chord) <= error, sp.Abs(r_a - q_a) <= error, sp.Abs(r_b - q_b) <= error,
                    s >= 0, s <= 1,
                ),
            ),
            Inequality(
                bound, "<=", eps, "The count: n ≥ (L/2)√(M/ε) gives an error of at most ε.",
                given=(n >= L / 2 * sp.sqrt(M / eps),),
            ),
            Identity((2 * error).subs(error, one_axis), "=", bound, "Twice the error of ridge-spline."),
        ),
    )  # fmt: skip


def instances() -> Any:
    from hypothesis import strategies as st

    from relverify.strategies.numbers import rationals

    @st.composite
    def kernels(draw: Any) -> Instance:
        features = [[draw(rationals(-2, 2, 6)) for _ in range(3)] for _ in range(draw(st.integers(1, 3)))]
        return _instance(features, draw(rationals(-1, 1, 6)), draw(rationals("1/4", 2, 6)), draw(st.integers(1, 3)))

    return kernels()


def _instance(features: list[list[Any]], start: Any, length: Any, n: int) -> Instance:
    """r = Σ F_i(x)F_i(y) with parabolas F_i by their coefficients: the error is biquadratic on every cell."""
    from flint import arb, fmpq, fmpq_mat

    from relverify.rigor.exact import from_fmpq, to_fmpq
    from relverify.rigor.polynomials import hull, sup_error, sup_quadratic
    from relverify.spaces.rkhs import matrix

    F = matrix([[str(c) for c in row] for row in features])
    r = F.transpose() * F
    lo, width = to_fmpq(str(start)), to_fmpq(str(length))
    nodes = [lo + width * k / n for k in range(n + 1)]
    powers = fmpq_mat([[fmpq(1), node, node * node] for node in nodes])
    nodal = powers * r * powers.transpose()
    M = 2 * sup_quadratic(r[2, 0], r[2, 1], r[2, 2], lo, lo + width)

    def observed(prec: int) -> arb:
        return hull(*sup_error(r, nodes, nodes, nodal, fmpq(1, 2 ** min(prec // 16, 20))))

    return Instance(
        values={"L": from_fmpq(width), "M": from_fmpq(M), "n": n},
        observed=observed,
        text=f"r = Σ F(x)F(y), coefficients of F {F.tolist()}, on [{lo},{lo + width}], {n} pieces",
    )


def _bend(x: Any) -> Any:
    """Convex and twice continuously differentiable on [0,3]; its second derivative falls from 1 to 0 on [1,2]."""
    import sympy as sp

    x = sp.Rational(x)
    if x <= 1:
        return sp.Rational(1, 6) + (1 - x) / 2 + (1 - x) ** 2 / 2
    return (2 - x) ** 3 / 6 if x <= 2 else sp.Integer(0)


def extremal() -> Instance:
    """A kernel of rank 2 on [0,3] whose interpolation errors in x and in y are largest at one point and add up.

    F = (W(x) − 1, W(3 − x) − 1) with W = _bend and r = ⟨F(x), F(y)⟩. As W'' ≥ 0, W''(x) + W''(3−x) = 1 and
    −1 ≤ W − 1 ≤ 1/6, the second derivative is an average of numbers in [−1, 1/6], and −1 is taken: M = 1.
    At (1/2, 5/2) the error is 1/4, the bound, so it is the supremum.
    """
    import sympy as sp

    from relverify.rigor.enclose import enclose

    def feature(x: Any) -> Any:
        return sp.Matrix([_bend(x) - 1, _bend(3 - sp.Rational(x)) - 1])

    x, y = sp.Rational(1, 2), sp.Rational(5, 2)
    product = (feature(0) + feature(1)).dot(feature(2) + feature(3)) / 4
    error = abs(feature(x).dot(feature(y)) - product)
    return Instance(
        values={"L": 3, "M": 1, "n": 3},
        observed=lambda prec: enclose(error, prec=prec),
        text="r = (W(x)-1)(W(y)-1) + (W(3-x)-1)(W(3-y)-1) on [0,3], 3 pieces, at (1/2, 5/2)",
        exact=error,
    )


def _negative() -> Instance:
    """r = −1: ⟨φ(x), φ(x)⟩ ≥ 0, so no network with itself comes closer than 1."""
    import sympy as sp
    from flint import arb

    values = {"L": 1, "M": 0, "n": 1}
    return Instance(values, lambda prec: arb(1), "r = -1 on [0,1], any one network", exact=sp.Integer(1))


def _kink() -> Instance:
    """r = min(x, y) on [0,1] with one piece: the second derivative is 0 off the diagonal, the error 1/4 at (½, ½)."""
    import sympy as sp

    from relverify.rigor.enclose import enclose

    half = sp.Rational(1, 2)
    # interpolation of min with the values 0, 0, 0, 1 at the corners is xy
    error = half - half * half
    return Instance(
        {"L": 1, "M": 0, "n": 1}, lambda prec: enclose(error, prec=prec), "r = min(x,y) on [0,1], 1 piece", exact=error
    )


def witness() -> Witness:
    """The network for the Gaussian kernel ℓ = 1/2 on [0,1] and ε = 1/100, with its certificate."""
    from relverify.certify.witness import certified_witness
    from relverify.core.box import parse_box
    from relverify.networks.construct import grid_network
    from relverify.relations import parse_relation

    relation, box, eps = parse_relation("gaussian(ell=1/2)"), parse_box("[0,1]"), "1/100"
    M = relation.second_derivative_sup("x", box, box)
    predicted = THEOREM.resource("n").count(L=box[0].length, M=M, eps=eps)
    assert predicted is not None
    built = grid_network(relation, box, box, predicted)
    return certified_witness(f"network with itself for {relation.text} on [0,1]", predicted, built, relation, box, eps)


THEOREM = Theorem(
    label="grid-neurons",
    title="Neurons that suffice, by interpolation on a grid",
    status="beyond",
    sense="upper",
    constructive=True,
    sharp=True,
    statement=(
        "Let :math:`r` be symmetric PSD on an interval of length L, :math:`M=\\sup|\\partial_x^2r|`. Interpolation at "
        "the ends of n equal pieces in both variables is :math:`\\langle\\varphi,\\varphi\\rangle` for one network of "
        "n hidden units with at most n+1 outputs, and its error is at most :math:`L^2M/(4n^2)`. So "
        ":math:`n=\\lceil(L/2)\\sqrt{M/\\varepsilon}\\rceil` units suffice. The count is for real weights; a stored "
        "network adds the rounding of its weights, which its certificate includes."
    ),
    source=Source("davis1975"),
    formal=formal,
    uses=("ridge-spline",),
    instances=instances,
    extremal=extremal,
    witness=witness,
    mutants=(
        Mutant("eight", "the constant 8: the error of one variable only", extremal, lambda f: f.bound / 2),
        Mutant("psd-dropped", "r is symmetric only", _negative),
        Mutant("kink", "the second derivative exists off the diagonal only", _kink),
        Mutant("cubic-rate", "the error falls like n^-3", extremal, lambda f: f.bound / f.symbol("n")),
    ),
    limits=("two networks: L_x² M_x/(8 n_x²) + L_y² M_y/(8 n_y²)", "M = 0: one unit, no error"),
)
