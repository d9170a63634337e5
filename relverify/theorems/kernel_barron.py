"""Sampled units of a kernel section: features of a symmetric relation without an expansion."""

from __future__ import annotations

from typing import Any

from relverify.core.theorem import Formal, Instance, Mutant, Quantity, Resource, Source, Theorem
from relverify.theorems.barron_sup import DIRECTIONS, mean_length, rational_root


def formal() -> Formal:
    import sympy as sp

    from relverify.core.steps import Cited, Identity
    from relverify.core.symbols import R, V, eps, n

    error, signed = sp.symbols("E_error E_signed", nonnegative=True)
    size, norm, unit = sp.symbols("size norm unit", positive=True)
    bound = 2 * (2 + sp.sqrt(2)) * V * R / sp.sqrt(n)
    return Formal(
        quantities=(
            Quantity(V, "∫ ‖a‖‖w‖ dρ of F(x) = r(x, ·) = ∫ a σ(w·x̃) dρ, a in the space of r, x̃ = (x, 1)"),
            Quantity(R, "sup of ‖x̃‖"),
            Quantity(n, "hidden units; at most so many features"),
            Quantity(eps, "error of the features that is asked for"),
        ),
        bound=bound,
        bounded=r"\mathbb{E}\sup_x\|F(x)-\Phi(x)\|",
        hypotheses=(
            "r is PSD, F(x) = r(x, ·) in its space: ⟨F(x), F(y)⟩ = r(x, y); F is an integral of ReLU units with V "
            "finite",
        ),
        solve={"n": Resource((2 * (2 + sp.sqrt(2)) * V * R / eps) ** 2, meaning="units that suffice", least=1)},
        steps=(
            Identity(
                (size * norm / V) * (V * unit / norm) / size, "=", unit,
                "Draw n units with probability ‖a‖‖w‖dρ/V, of direction a/‖a‖ in the space and w/‖w‖ on x̃, with "
                "weight V/n: the mean of the drawn Φ is F.",
            ),
            Cited(
                error, "<=", 2 * V / n * signed,
                "Symmetrization with independent signs ε_i: E_signed is the mean of the sup over ‖u‖ ≤ 1 and x of "
                "Σ ε_i ⟨u, a_i⟩ relu(w_i·x̃); u → −u makes an absolute value superfluous.",
                lemma="symmetrization", key="ledoux1991",
            ),
            *signed_products(signed),
            Identity(
                2 * V / n * ((2 + sp.sqrt(2)) * R * sp.sqrt(n)), "=", bound,
                "All together; some draw is at least as good as the mean.",
            ),
        ),
    )  # fmt: skip


def signed_products(signed: Any) -> tuple[Any, ...]:
    """Steps for ``E sup Σ ε_i s_i q_i <= (2 + √2) R √n``, where s_i = ⟨u, a_i⟩ and q_i is relu(t_i) or |t_i|."""
    import sympy as sp

    from relverify.core.steps import Cited, Identity, Inequality
    from relverify.core.symbols import R, n

    # s in [−1,1]; t in [0,1] after division by R, and q = t − ½; α² = A, √2 = z
    s, t, q, s_2, q_2 = sp.symbols("s t q s_2 q_2", real=True)
    alpha, A, root = sp.symbols("alpha A root", positive=True)
    product, linear_s, linear_q, linear_w, length, slope = sp.symbols(
        "E_product E_s E_q E_w E_length slope", nonnegative=True
    )
    best = sp.Rational(3, 2) + sp.sqrt(2)

    def plus(a: Any, b: Any) -> Any:
        return alpha * a + b / alpha

    return (
        Identity(
            s * t, "=", s / 2 + s * (t - sp.Rational(1, 2)),
            "Divide by R, so that |w_i·x̃| ≤ 1 and t_i lies in [0, 1]; q = t − ½ lies in [−½, ½], and |s_i| ≤ 1.",
        ),
        Identity(
            s * q, "=", (alpha * s + q / alpha) ** 2 / 4 - (alpha * s - q / alpha) ** 2 / 4,
            "The product is a difference of two squares, for any α > 0.",
        ),
        Inequality(
            sp.Abs(plus(s, q) ** 2 / 4 - plus(s_2, q_2) ** 2 / 4), "<=",
            slope / 2 * sp.Abs(plus(s, q) - plus(s_2, q_2)),
            "On |v| ≤ α + 1/(2α) the function v²/4 has the Lipschitz constant (α + 1/(2α))/2.",
            given=(sp.Abs(plus(s, q)) <= slope, sp.Abs(plus(s_2, q_2)) <= slope),
        ),
        Cited(
            product, "<=", 2 * (alpha + 1 / (2 * alpha)) / 2 * (alpha * linear_s + linear_q / alpha),
            "Contraction, for each of the two squares: what is left is linear in s and in q.",
            lemma="contraction", key="ledoux1991",
        ),
        Cited(
            linear_q, "<=", linear_w,
            "Contraction once more: relu and the absolute value are 1-Lipschitz, and constants have mean 0; E_w is the "
            "mean of the sup of Σ ε_i w_i·x̃/R.", lemma="contraction", key="ledoux1991",
        ),
        Cited(
            sp.Max(linear_s, linear_w), "<=", length,
            "Cauchy–Schwarz for ⟨u, Σ ε_i a_i⟩ and (Σ ε_i w_i)·x̃/R, vectors a_i and w_i of length 1.",
            lemma="cauchy-schwarz", key="steele2004",
        ),
        *mean_length("‖Σ ε_i a_i‖² and of ‖Σ ε_i w_i‖² is n", "E_length, the mean of either length, is at most √n"),
        Identity(
            (alpha + 1 / (2 * alpha)) * (alpha + 1 / alpha), "=",
            alpha**2 + sp.Rational(3, 2) + 1 / (2 * alpha**2),
            "So the part with q has mean at most this number times √n,",
        ),
        Inequality(
            A + sp.Rational(3, 2) + 1 / (2 * A), ">=", sp.Rational(3, 2) + root,
            "whose least value over α² = A is 3/2 + √2, at A = 1/√2,", given=(sp.Eq(root**2, 2),),
        ),
        Identity(
            (1 / sp.sqrt(2)) + sp.Rational(3, 2) + sp.sqrt(2) / 2, "=", best, "where it is attained."
        ),
        Inequality(
            signed, "<=", (2 + sp.sqrt(2)) * R * sp.sqrt(n), "With s/2, and multiplied by R again.",
            given=(
                signed <= R * (linear_s / 2 + product), linear_s <= length, length**2 <= n, product <= best * length,
            ),
        ),
    )  # fmt: skip


def instances() -> Any:
    from hypothesis import strategies as st

    from relverify.strategies.numbers import rationals

    @st.composite
    def sections(draw: Any) -> Instance:
        directions = st.sampled_from(DIRECTIONS)
        atoms = []
        for _ in range(draw(st.integers(1, 3))):
            sizes = draw(rationals("1/6", 1, 6)), draw(rationals("1/6", 1, 6))
            atoms.append([[size * v for v in draw(directions)] for size in sizes])
        points = [draw(rationals(-2, 2, 6)) for _ in range(draw(st.integers(1, 3)))]
        return section([(a, w) for a, w in atoms], points, draw(st.integers(1, 3)), curved=False)

    return sections()


def section(
    atoms: list[tuple[list[Any], list[Any]]], points: list[Any], n: int, curved: bool, **changed: Any
) -> Instance:
    """F = Σ a relu(w·x̃), or ½ Σ a |w·x̃|, with values in the plane: the mean error over all draws of n.

    Parameters
    ----------
    atoms : list of (a, w)
        Vectors of the plane with rational norms.
    points : list of exact rational numbers
        The x.
    n : int
    curved : bool
        Whether absolute values are sampled.
    """
    import sympy as sp
    from flint import arb, ctx, fmpq

    from relverify.rigor.exact import from_fmpq, to_fmpq
    from relverify.rigor.sampling import expectation

    xs = [to_fmpq(x) for x in points]
    sizes, units = [], []
    for a, w in atoms:
        (a_1, a_2), (w_1, w_0) = ([to_fmpq(v) for v in pair] for pair in (a, w))
        size, norm = rational_root(a_1 * a_1 + a_2 * a_2), rational_root(w_1 * w_1 + w_0 * w_0)
        sizes.append(size * norm)
        units.append((a_1 / size, a_2 / size, w_1 / norm, w_0 / norm))
    V = sum(sizes, fmpq(0))
    chances = [size / V for size in sizes]
    # values of the drawn units at the points, one list a coordinate of the plane
    heights = [[abs(w_1 * x + w_0) / 2 if curved else max(w_1 * x + w_0, fmpq(0)) for *_, w_1, w_0 in units]
               for x in xs]  # fmt: skip
    table = [[[V * unit[k] * h for unit, h in zip(units, row, strict=True)] for k in (0, 1)] for row in heights]

    def squared(drawn: tuple[int, ...]) -> fmpq:
        worst = fmpq(0)
        for rows in table:
            total = fmpq(0)
            for row in rows:
                gap = sum(((c / n - p) * v for c, p, v in zip(map(fmpq, drawn), chances, row, strict=True)), fmpq(0))
                total += gap * gap
            worst = max(worst, total)
        return worst

    def observed(prec: int) -> arb:
        with ctx.workprec(prec):
            return arb(expectation(chances, n, lambda drawn: arb(squared(drawn)).sqrt()))

    return Instance(
        values={"V": from_fmpq(V), "R": sp.sqrt(from_fmpq(max(x * x for x in xs) + 1)), "n": n, **changed},
        observed=observed,
        text=f"{'sum of a|w.x|/2' if curved else 'sum of a relu(w.x)'}, "
        f"(a, w)={[(list(map(str, a)), list(map(str, w))) for a, w in atoms]}, x in {list(map(str, points))}, "
        f"all draws of {n}",
    )


def _opposite(n: int = 1) -> Instance:
    """Opposite a with one w, at an x̃ in its direction: F = 0, and one unit errs by VR."""
    return section([(["3/10", "4/10"], [3, 4]), (["-3/10", "-4/10"], [3, 4])], ["3/4"], n, curved=False)


def _long() -> Instance:
    return section([(["3/10", "4/10"], [30, 40]), (["-3/10", "-4/10"], [30, 40])], ["3/4"], 1, curved=False, V=1)


def _one_coordinate() -> Instance:
    """‖a‖ = 1/2 replaced by the first coordinate 15/226 of a."""
    a, b = ["15/226", "112/226"], ["-15/226", "-112/226"]
    return section([(a, [3, 4]), (b, [3, 4])], ["3/4"], 1, curved=False, V="75/113")


THEOREM = Theorem(
    label="kernel-barron",
    title="Features by sampling the sections of a kernel",
    status="beyond",
    sense="upper",
    constructive=False,
    statement=(
        "Let :math:`F(x)=r(x,\\cdot)=\\int a\\,\\sigma(w\\cdot\\tilde x)d\\rho` in the reproducing kernel space of a "
        "PSD :math:`r`, with ReLU units, :math:`V=\\int\\|a\\|\\|w\\|d\\rho` and :math:`R=\\sup\\|\\tilde x\\|`. The "
        "mean error :math:`\\sup\\|F-\\Phi\\|` of n drawn units is at most :math:`2(2+\\sqrt2)VR/\\sqrt n`, so some n "
        "units with at most n features reach it, without truncation; and "
        ":math:`\\sup|r-\\langle\\Phi,\\Phi\\rangle|\\le2K\\delta+\\delta^2` for an error :math:`\\delta` of "
        ":math:`\\Phi`, :math:`K=\\sup\\sqrt{r(x,x)}`."
    ),
    source=Source("ledoux1991"),
    formal=formal,
    uses=("perturbation", "rkhs"),
    instances=instances,
    mutants=(
        Mutant("one-half", "the constant 1/2", _opposite, lambda f: f.symbol("V") * f.symbol("R") / 2),
        Mutant(
            "faster-rate", "the mean error falls like 1/n", lambda: _opposite(100),
            lambda f: f.bound.subs(f.symbol("n"), f.symbol("n") ** 2),
        ),
        Mutant("lengths-dropped", "∫ ‖a‖ dρ in place of ∫ ‖a‖‖w‖ dρ", _long),
        Mutant("one-coordinate", "one coordinate of a in place of ‖a‖", _one_coordinate),
    ),
    limits=("n = 1 and two opposite units: the error is VR", "one feature: barron-sup, with the constant 4"),
)  # fmt: skip
