"""How many pairs determine an inner product of two networks: Rademacher complexity without the number of units."""

from __future__ import annotations

from typing import Any

from relverify.core.theorem import Formal, Instance, Mutant, Quantity, Resource, Source, Theorem
from relverify.theorems.barron_sup import DIRECTIONS, mean_length


def formal() -> Formal:
    import sympy as sp

    from relverify.core.steps import Cited, Identity, Inequality
    from relverify.core.symbols import R_x, R_y, V, eps, n

    s, t, s_2, t_2 = sp.symbols("s t s_2 t_2", real=True)
    weight, unit = sp.symbols("weight unit", real=True)
    total, units, up, down = sp.symbols("sum units up down", nonnegative=True)
    # means of suprema: of the class, |Σ ε_i s_i t_i|, without sign, of the product of centred factors, Σ ε_i s_i
    complexity, absolute, signed, product, linear_s, linear_t, linear_w, length = sp.symbols(
        "complexity E_absolute E_signed E_product E_s E_t E_w E_length", nonnegative=True
    )
    half = sp.Rational(1, 2)
    bound = 6 * V * R_x * R_y / sp.sqrt(n)
    return Formal(
        quantities=(
            Quantity(V, "path norm Σ_jk |⟨a_j, b_k⟩|‖w_j‖‖w'_k‖; output biases are units with w = (0, 1)"),
            Quantity(R_x, "sup of ‖(x, 1)‖ over the sample"),
            Quantity(R_y, "sup of ‖(y, 1)‖ over the sample"),
            Quantity(n, "pairs (x_i, y_i)"),
            Quantity(eps, "complexity that is asked for"),
        ),
        bound=bound,
        bounded=r"\mathbb{E}\sup_F\frac1n\sum_i\epsilon_iF(x_i,y_i)",
        hypotheses=(
            "F = ⟨φ(x), ψ(y)⟩ with one hidden ReLU layer each, path norm at most V; the pairs are independent",
        ),
        solve={"n": Resource((6 * V * R_x * R_y / eps) ** 2, meaning="pairs that suffice", least=1)},
        steps=(
            Inequality(
                sp.Abs(weight * unit), "<=", total * units,
                "F is a combination of products relu(w·x̃) relu(w'·ỹ), ‖w‖, ‖w'‖ ≤ 1, with weights of absolute sum ≤ "
                "V: the sup over F is at most V times the sup of |Σ ε_i s_i t_i| over w, w'. Here one term.",
                given=(sp.Abs(weight) <= total, sp.Abs(unit) <= units),
            ),
            Inequality(
                sp.Max(up, down), "<=", up + down,
                "w = 0 is allowed, so the sups of Σ ε_i s_i t_i and of its negative are nonnegative, and equal in law: "
                "the larger of them has at most twice the mean of one.",
            ),
            Identity(
                s * t, "=", (s - half) * (t - half) + s / 2 + t / 2 - sp.Rational(1, 4),
                "Divide by R_x and R_y, so that s and t lie in [0, 1]; constants have mean 0.",
            ),
            Identity(
                (s - half) * (t - half), "=", (s + t - 1) ** 2 / 4 - (s - t) ** 2 / 4,
                "The product of the centred factors is a difference of two squares,",
            ),
            Inequality(
                sp.Abs((s + t - 1) ** 2 / 4 - (s_2 + t_2 - 1) ** 2 / 4), "<=", sp.Abs(s + t - s_2 - t_2) / 2,
                "each of a number in [−1, 1], where v²/4 has the Lipschitz constant 1/2.",
                given=(sp.Abs(s + t - 1) <= 1, sp.Abs(s_2 + t_2 - 1) <= 1),
            ),
            Cited(
                product, "<=", 2 * (linear_s + linear_t) / 2, "Contraction, for each of the two squares.",
                lemma="contraction", key="ledoux1991",
            ),
            Cited(
                linear_s, "<=", linear_w, "Contraction for relu: E_w is the mean of the sup of Σ ε_i w·x̃_i/R_x.",
                lemma="contraction", key="ledoux1991",
            ),
            Cited(
                linear_w, "<=", length, "Cauchy–Schwarz for w·(Σ ε_i x̃_i)/R_x; t and y likewise.",
                lemma="cauchy-schwarz", key="steele2004",
            ),
            *mean_length("‖Σ ε_i x̃_i/R_x‖² is at most n", "the mean length is at most √n"),
            Inequality(
                complexity, "<=", bound, "All together: 2 (2√n + √n) for the products, times V R_x R_y/n.",
                given=(
                    n * complexity <= V * R_x * R_y * absolute, absolute <= 2 * signed,
                    signed <= product + linear_s / 2 + linear_t / 2, product <= linear_s + linear_t,
                    linear_s <= length, linear_t <= length, length**2 <= n,
                ),
            ),
        ),
    )  # fmt: skip


def instances() -> Any:
    from hypothesis import strategies as st

    from relverify.strategies.numbers import rationals

    @st.composite
    def samples(draw: Any) -> Instance:
        pairs = [(draw(rationals(-2, 2, 6)), draw(rationals(-2, 2, 6))) for _ in range(draw(st.integers(1, 5)))]
        direction = st.sampled_from(DIRECTIONS)
        units = [(draw(direction), draw(direction)) for _ in range(draw(st.integers(1, 4)))]
        return _instance(pairs, units, draw(rationals("1/4", 2, 6)))

    return samples()


def _instance(pairs: list[tuple[Any, Any]], units: list[tuple[Any, Any]], path: Any) -> Instance:
    """All combinations of finitely many products of units, with path norm at most `path`: the mean over all signs."""
    import itertools

    import sympy as sp
    from flint import fmpq

    from relverify.rigor.enclose import enclose
    from relverify.rigor.exact import from_fmpq, to_fmpq
    from relverify.theorems.barron_sup import rational_root

    xs, ys = ([to_fmpq(v) for v in side] for side in zip(*pairs, strict=True))

    def relu(direction: Any, at: fmpq) -> fmpq:
        w_1, w_0 = map(fmpq, direction)
        return max((w_1 * at + w_0) / rational_root(w_1 * w_1 + w_0 * w_0), fmpq(0))

    table = [[relu(w, x) * relu(other, y) for x, y in zip(xs, ys, strict=True)] for w, other in units]
    total = fmpq(0)
    for signs in itertools.product((1, -1), repeat=len(xs)):
        total += max(abs(sum((s * v for s, v in zip(signs, row, strict=True)), fmpq(0))) for row in table)
    mean = from_fmpq(to_fmpq(path) * total / (len(xs) * 2 ** len(xs)))
    return Instance(
        values={
            "V": path,
            "R_x": sp.sqrt(from_fmpq(max(x * x for x in xs) + 1)),
            "R_y": sp.sqrt(from_fmpq(max(y * y for y in ys) + 1)),
            "n": len(xs),
        },
        observed=lambda prec: enclose(mean, prec=prec),
        text=f"pairs {[(str(x), str(y)) for x, y in pairs]}, directions {units}, path norm {path}, all signs",
        exact=mean,
    )


def _repeated(n: int) -> Instance:
    """n times the pair (3/4, 3/4), units in its direction: the mean of |Σ ε_i|/n, times R_x R_y."""
    from flint import fmpq

    from relverify.rigor.enclose import enclose
    from relverify.rigor.exact import from_fmpq
    from relverify.rigor.sampling import expectation

    halves = [fmpq(1, 2), fmpq(1, 2)]
    mean = from_fmpq(fmpq(25, 16) * expectation(halves, n, lambda drawn: fmpq(abs(drawn[0] - drawn[1]))) / n)
    return Instance(
        {"V": 1, "R_x": "5/4", "R_y": "5/4", "n": n}, lambda prec: enclose(mean, prec=prec),
        f"{n} times the pair (3/4, 3/4), units in its direction", exact=mean,
    )  # fmt: skip


def _biases() -> Instance:
    """The functions ±1 from output biases alone, which do not count: no other weight is above 1/100."""
    counted = _instance([(0, 0)], [((0, 1), (0, 1))], 1)
    return Instance({**counted.values, "V": "1/100"}, counted.observed, f"{counted.text}, not counted", counted.exact)


THEOREM = Theorem(
    label="sample-complexity",
    title="Pairs that determine an inner product of networks",
    status="beyond",
    sense="upper",
    constructive=False,
    statement=(
        "The inner products of two networks with one hidden ReLU layer and path norm "
        ":math:`\\sum|\\langle a_j,b_k\\rangle|\\|w_j\\|\\|w'_k\\|\\le V` have Rademacher complexity at most "
        ":math:`6VR_xR_y/\\sqrt n` on n pairs, whatever the numbers of units and features are. So with probability "
        "1−p the error on new pairs exceeds that on the sample by at most "
        ":math:`12\\ell VR_xR_y/\\sqrt n+B\\sqrt{\\log(1/p)/(2n)}` for an :math:`\\ell`-Lipschitz loss in [0, B]."
    ),
    source=Source("bartlett2002"),
    formal=formal,
    instances=instances,
    mutants=(
        Mutant("one-half", "the constant 1/2", lambda: _repeated(1), lambda f: f.bound / 12),
        Mutant(
            "faster-rate", "the complexity falls like 1/n", lambda: _repeated(64),
            lambda f: f.bound.subs(f.symbol("n"), f.symbol("n") ** 2),
        ),
        Mutant("biases-dropped", "output biases do not count in the path norm", _biases),
    ),
    limits=("n = 1 and one unit a side: V R_x R_y",),
)  # fmt: skip
