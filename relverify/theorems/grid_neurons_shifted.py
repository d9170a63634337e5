"""About half the squared count: interpolation on a grid with corrected nodal values."""

from __future__ import annotations

from typing import Any

from relverify.core.theorem import Formal, Instance, Mutant, Quantity, Resource, Source, Theorem, Witness


def formal() -> Formal:
    import sympy as sp

    from relverify.core.steps import Cited, Identity, Inequality
    from relverify.core.symbols import M_3, L, M, eps, n, w, x, y

    h = sp.Symbol("h", positive=True)
    c = h**2 / 16
    # a cell: weights 1−s, s in x and 1−u, u in y; g = ∂²_x r, k = ∂²_y r, at (x_i, y) and at the corners
    s, u, r, r_0, r_1, g_0, g_1 = sp.symbols("s u r r_0 r_1 g_0 g_1", real=True)
    corner_r = sp.symbols("r_00 r_01 r_10 r_11", real=True)
    corner_g = sp.symbols("g_00 g_01 g_10 g_11", real=True)
    corner_k = sp.symbols("k_00 k_01 k_10 k_11", real=True)
    # on one axis: distances p, q from the ends, A and B as in ridge-spline, f'' between low and high, its interpolant
    p, q = sp.symbols("p q", nonnegative=True)
    A, B, low, high, chord, between, weight = sp.symbols("A B low high chord between weight", real=True)
    part_x, part_0, part_1, mixed_0, mixed_1 = sp.symbols("part_x part_0 part_1 mixed_0 mixed_1", real=True)
    axis, mixed = sp.symbols("axis mixed", nonnegative=True)
    root, extra = sp.symbols("root extra", nonnegative=True)
    bound = L**2 * M / (8 * n**2) + 5 * L**3 * M_3 / (32 * n**3)
    one_axis = c * (M + h * M_3)
    cosine = sp.cos(w * (x - y))

    def interpolate(values: Any) -> Any:
        v_00, v_01, v_10, v_11 = values
        return (1 - s) * ((1 - u) * v_00 + u * v_01) + s * ((1 - u) * v_10 + u * v_11)

    shifted = [a - c * b - c * d for a, b, d in zip(corner_r, corner_g, corner_k, strict=True)]

    def in_y(value: Any, k: int) -> Any:
        left, right = (corner_r[j] - c * corner_k[j] for j in (2 * k, 2 * k + 1))
        return value - (1 - u) * left - u * right

    def gap(value: Any, k: int) -> Any:
        return (1 - u) * corner_g[2 * k] + u * corner_g[2 * k + 1] - value

    return Formal(
        quantities=(
            Quantity(L, "length of the interval X = Y", of_relation="length_x"),
            Quantity(M, "sup of |∂²r/∂x²| on X × X", of_relation="second_derivative_x"),
            Quantity(M_3, "sup of |∂³r/∂x³| and of |∂³r/∂x²∂y| on X × X", of_relation="third_derivative"),
            Quantity(n, "hidden units of the one network"),
            Quantity(eps, "error that is asked for"),
        ),
        bound=bound,
        bounded=r"\sup_{x,y}|r(x,y)-\langle\varphi(x),\varphi(y)\rangle|",
        hypotheses=(
            "r is symmetric PSD on an interval, with continuous third derivatives",
            "the matrix of r − (h²/16)(∂²r/∂x² + ∂²r/∂y²) at the nodes is PSD, as it is for every stationary r",
            # of the count only: the factor ε keeps it from the bound itself
            sp.Gt(M * eps, 0),
        ),
        solve={
            "n": Resource(
                L * sp.sqrt(M / (8 * eps)) + 5 * L * M_3 / (8 * M), least=1,
                meaning="units that suffice; a search with certificates finds fewer",
            )
        },
        steps=(
            Identity(
                cosine - c * (cosine.diff(x, 2) + cosine.diff(y, 2)), "=", (1 + 2 * c * w**2) * cosine,
                "For a stationary kernel the correction multiplies the spectrum by 1 + ω²h²/8: it stays PSD.",
            ),
            Identity(
                r - interpolate(shifted), "=",
                (r - (1 - s) * (r_0 - c * g_0) - s * (r_1 - c * g_1))
                + (1 - s) * in_y(r_0, 0) + s * in_y(r_1, 1) + c * ((1 - s) * gap(g_0, 0) + s * gap(g_1, 1)),
                "The error: the corrected remainder in x, that in y at two nodes, and the correction in x between "
                "the nodes of y.",
            ),
            Inequality(
                (q * A + p * B) / (p + q), "<=", high * p * q / 2,
                "The remainder f − If is −(qA + pB)/h with A, B as in ridge-spline; f'' ≤ high bounds it on one side, "
                "f'' ≥ low on the other alike.",
                given=(sp.Le(A, high * p**2 / 2), sp.Le(B, high * q**2 / 2), p + q > 0),
            ),
            Inequality(
                sp.Abs(c * chord - between), "<=", c * (M + (high - low)),
                "With weight = pq/2 ≤ h²/8 = 2c: shifting by half the largest remainder halves it, but for the "
                "oscillation of f'' on the piece.",
                given=(
                    weight >= 0, weight <= 2 * c, low * weight <= between, between <= high * weight,
                    low <= chord, chord <= high, low >= -M, high <= M,
                ),
            ),
            Cited(
                high - low, "<=", h * M_3, "f'' varies by at most h sup|f'''| on a piece.",
                lemma="mean-value", key="rudin1976",
            ),
            Inequality(
                sp.Abs((1 - u) * corner_g[0] + u * corner_g[1] - g_0), "<=", h * M_3 / 2,
                "Interpolation of ∂²_x r in y, which is Lipschitz with M_3 (mean value again).",
                given=(
                    sp.Abs(corner_g[0] - g_0) <= M_3 * u * h, sp.Abs(corner_g[1] - g_0) <= M_3 * (1 - u) * h,
                    u >= 0, u <= 1,
                ),
            ),
            Inequality(
                sp.Abs(part_x + (1 - s) * part_0 + s * part_1 + c * ((1 - s) * mixed_0 + s * mixed_1)), "<=",
                2 * axis + c * mixed, "The parts together.",
                given=(
                    sp.Abs(part_x) <= axis, sp.Abs(part_0) <= axis, sp.Abs(part_1) <= axis,
                    sp.Abs(mixed_0) <= mixed, sp.Abs(mixed_1) <= mixed, s >= 0, s <= 1,
                ),
            ),
            Inequality(
                eps * root**2 / n**2 + 2 * eps * root**2 * extra / n**3, "<=", eps,
                "The count: with root = L√(M/(8ε)) and extra = 5LM_3/(8M) this is the bound at n.",
                given=(n >= root + extra,),
            ),
            Identity(
                (2 * axis + c * mixed).subs({axis: one_axis, mixed: h * M_3 / 2}).subs(h, L / n), "=", bound,
                "Pieces of width h = L/n.",
            ),
        ),
    )  # fmt: skip


def instances() -> Any:
    from hypothesis import strategies as st

    from relverify.strategies.numbers import rationals

    @st.composite
    def kernels(draw: Any) -> Instance:
        features = [[draw(rationals(-2, 2, 6)) for _ in range(3)] for _ in range(draw(st.integers(1, 3)))]
        box = draw(rationals(-1, 1, 6)), draw(rationals("1/4", 2, 6))
        return _instance(features, *box, draw(st.integers(1, 3)), draw(rationals(0, 1, 6)))

    return kernels()


def _instance(
    features: list[list[Any]], start: Any, length: Any, n: int, constant: Any = 0, share: str = "1/16"
) -> Instance:
    """r = Σ F_i(x)F_i(y) + const with parabolas F_i; the constant is large enough to keep the nodal matrix PSD."""
    from flint import arb, fmpq, fmpq_mat

    from relverify.rigor.exact import from_fmpq, to_fmpq
    from relverify.rigor.polynomials import hull, sup_error, sup_quadratic
    from relverify.spaces.rkhs import matrix

    F = matrix([[str(c) for c in row] for row in features])
    r = F.transpose() * F
    lo, width = to_fmpq(str(start)), to_fmpq(str(length))
    c = (width / n) ** 2 * to_fmpq(share)
    # r − c(r_xx + r_yy) = T r Tᵀ − 4c² r_22 with T = 1 − 2c e_0 e_2ᵀ
    r[0, 0] += 4 * c * c * r[2, 2] + to_fmpq(str(constant))
    second = fmpq_mat(3, 3, [0, 0, 2, 0, 0, 0, 0, 0, 0])
    corrected = r - c * (second * r + r * second.transpose())
    nodes = [lo + width * k / n for k in range(n + 1)]
    powers = fmpq_mat([[fmpq(1), node, node * node] for node in nodes])
    nodal = powers * corrected * powers.transpose()
    hi = lo + width

    def observed(prec: int) -> arb:
        return hull(*sup_error(r, nodes, nodes, nodal, fmpq(1, 2 ** min(prec // 16, 20))))

    return Instance(
        values={
            "L": from_fmpq(width),
            "M": from_fmpq(2 * sup_quadratic(r[2, 0], r[2, 1], r[2, 2], lo, hi)),
            "M_3": from_fmpq(2 * sup_quadratic(r[2, 1], 2 * r[2, 2], fmpq(0), lo, hi)),
            "n": n,
        },
        observed=observed,
        text=f"r = Σ R_ab x^a y^b, R={r.tolist()}, on [{lo},{hi}], {n} pieces, shift {share} h² (r_xx + r_yy)",
    )


def _flat_top() -> Instance:
    """r = (8 − x²/2)(8 − y²/2) + const on [−½,½] without correction: nearly the error of plain interpolation."""
    return _instance([[8, 0, "-1/2"]], "-1/2", 1, 1, share="0")


def _full_shift() -> Instance:
    """The same kernel, corrected by the whole local error: that much is wrong at the nodes."""
    return _instance([[8, 0, "-1/2"]], "-1/2", 1, 1, share="1/8")


def _between_nodes() -> Instance:
    """A kernel of rank 2 on [0,3] whose second derivatives vanish at the nodes 0, 1, 2, 3: no correction is made.

    F = (W(x) − 1, W(3 − x) − 1), where 16 x²(1−x)² on [0,1] is the second derivative of W, and W = 0 beyond. That of
    r is W''(x)(W(y) − 1) or its mirror image, and 0 ≤ W ≤ 4/15, so M = 1; the third derivative of W is at most 16/√27.
    At (1/2, 5/2) the errors in x and in y add up.
    """
    import sympy as sp

    from relverify.rigor.enclose import enclose

    s = sp.Symbol("s")

    def feature(x: Any) -> Any:
        ends = [min(sp.Rational(v), sp.Integer(1)) for v in (x, 3 - sp.Rational(x))]
        return sp.Matrix([sp.integrate(16 * s**2 * (1 - s) ** 2 * (s - v), (s, v, 1)) - 1 for v in ends])

    product = (feature(0) + feature(1)).dot(feature(2) + feature(3)) / 4
    error = abs(feature("1/2").dot(feature("5/2")) - product)
    return Instance(
        values={"L": 3, "M": 1, "M_3": 16 / sp.sqrt(27), "n": 3},
        observed=lambda prec: enclose(error, prec=prec),
        text="r = (W(x)-1)(W(y)-1) + (W(3-x)-1)(W(3-y)-1) on [0,3], W''=16x²(1-x)² on [0,1], 3 pieces, at (1/2, 5/2)",
        exact=error,
    )


def witness() -> Witness:
    """The network for the Gaussian kernel ℓ = 1/2 on [0,1] and ε = 1/1000, with its certificate."""
    from relverify.certify.witness import certified_witness
    from relverify.core.box import parse_box
    from relverify.networks.construct import grid_network
    from relverify.relations import parse_relation
    from relverify.relations.properties import constants

    relation, box, eps = parse_relation("gaussian(ell=1/2)"), parse_box("[0,1]"), "1/1000"
    given = constants(THEOREM, relation, box, box, {"L", "M", "M_3"})
    predicted = THEOREM.resource("n").count({**given, "eps": eps})
    assert predicted is not None
    built = grid_network(relation, box, box, predicted, shifted=True)
    text = f"corrected network with itself for {relation.text} on [0,1]"
    return certified_witness(text, predicted, built, relation, box, eps)


THEOREM = Theorem(
    label="grid-neurons-shifted",
    title="Fewer neurons, by corrected values on a grid",
    status="beyond",
    sense="upper",
    constructive=True,
    statement=(
        "Interpolate :math:`r-\\frac{h^2}{16}(\\partial_x^2r+\\partial_y^2r)` instead of :math:`r` at the ends of n "
        "equal pieces of width h. Where the corrected nodal matrix is PSD, as for every stationary PSD :math:`r`, this "
        "is one network of n hidden units with itself, of error at most "
        ":math:`\\frac{L^2M}{8n^2}+\\frac{5L^3M_3}{32n^3}`: half the leading term of plain interpolation. Smaller "
        "counts, found by a search, stand on their certificates."
    ),
    source=Source("davis1975"),
    formal=formal,
    uses=("ridge-spline", "grid-neurons"),
    instances=instances,
    witness=witness,
    mutants=(
        Mutant("no-shift", "the values of r itself at the nodes", _flat_top),
        Mutant("full-shift", "correction by the whole local error", _full_shift),
        Mutant(
            "no-rest",
            "the leading term alone",
            _between_nodes,
            lambda f: f.bound.subs(f.symbol("M_3"), 0),
        ),
    ),
    limits=("n → ∞: L² M/(8 n²), half of grid-neurons",),
)
