"""Sampled units of a Barron function: the error in the supremum norm."""

from __future__ import annotations

from typing import Any

from relverify.core.theorem import Formal, Instance, Mutant, Quantity, Resource, Source, Theorem


def formal() -> Formal:
    import sympy as sp

    from relverify.core.steps import Cited, Identity, Inequality
    from relverify.core.symbols import R, V, eps, n

    # one unit of the measure; E sup|f − f_n|, E sup|Σ ε_i σ(t_i)| and E sup|Σ ε_i t_i| with t_i = w_i·x̃, ‖w_i‖ = 1
    size, norm, unit, sign = sp.symbols("size norm unit sign", positive=True)
    error, signed, linear, length = sp.symbols("E_error E_relu E_linear E_length", nonnegative=True)
    bound = 4 * V * R / sp.sqrt(n)
    return Formal(
        quantities=(
            Quantity(V, "∫ |a|‖w‖ dρ of f(x) = ∫ a σ(w·x̃) dρ, x̃ = (x, 1), where w acts on x̃"),
            Quantity(R, "sup of ‖x̃‖"),
            Quantity(n, "hidden units"),
            Quantity(eps, "error that is asked for"),
        ),
        bound=bound,
        bounded=r"\mathbb{E}\sup_x|f(x)-f_n(x)|",
        hypotheses=("σ = ReLU; f is an integral of units with V finite, on a compact X",),
        solve={"n": Resource((4 * V * R / eps) ** 2, meaning="units that suffice", least=1)},
        steps=(
            Identity(
                (size * norm / V) * (V * sign * unit / norm), "=", size * sign * unit,
                "Draw n units independently with probability |a|‖w‖dρ/V, and give each the weight V sgn(a)/n and the "
                "direction w/‖w‖: the mean of the drawn network is f, as relu(cw·x̃) = c relu(w·x̃) for c > 0.",
            ),
            Cited(
                error, "<=", 2 * V / n * signed,
                "Symmetrization with independent signs ε_i: the mean error is at most twice that of Σ ε_i relu(t_i).",
                lemma="symmetrization", key="ledoux1991",
            ),
            Cited(
                signed, "<=", 2 * linear,
                "Contraction: relu is 1-Lipschitz with relu(0) = 0.",
                lemma="contraction", key="ledoux1991",
            ),
            Cited(
                linear, "<=", R * length, "Cauchy–Schwarz for (Σ ε_i w_i)·x̃, where ‖w_i‖ = 1.",
                lemma="cauchy-schwarz", key="steele2004",
            ),
            *mean_length("‖Σ ε_i w_i‖² is n", "the mean length is at most √n"),
            Inequality(
                error, "<=", bound, "All together; some draw is at least as good as the mean.",
                given=(
                    n * error <= 2 * V * signed, signed <= 2 * linear, linear <= R * length, length**2 <= n,
                ),
            ),
        ),
    )  # fmt: skip


def mean_length(square: str, length: str) -> tuple[Any, ...]:
    """Steps for the mean of the length of a signed sum of vectors.

    Parameters
    ----------
    square, length : str
        What the mean of the square is, and what follows for the mean of the length.
    """
    import sympy as sp

    from relverify.core.steps import Identity, Inequality

    u, v = sp.symbols("u v", real=True)
    one, other = sp.symbols("one other", nonnegative=True)
    return (
        Identity(
            ((u + v) ** 2 + (u - v) ** 2) / 2, "=", u**2 + v**2,
            f"Mixed terms cancel in the mean over the signs: the mean of {square}.",
        ),
        Inequality(
            ((one + other) / 2) ** 2, "<=", (one**2 + other**2) / 2,
            f"The square of a mean is at most the mean of the squares: {length}.",
        ),
    )  # fmt: skip


# directions with a rational norm
DIRECTIONS = ((1, 0), (0, 1), (3, 4), (3, -4), (-4, 3), (5, 12), (-12, 5), (8, -15), (-1, 0), (-3, -4))


def instances() -> Any:
    from hypothesis import strategies as st

    from relverify.strategies.numbers import rationals

    @st.composite
    def measures(draw: Any) -> Instance:
        atoms = []
        for _ in range(draw(st.integers(1, 3))):
            sign, scale = draw(st.sampled_from((1, -1))), draw(rationals("1/6", 1, 6))
            atoms.append((sign * draw(rationals("1/4", 2, 6)), [scale * v for v in draw(st.sampled_from(DIRECTIONS))]))
        points = [draw(rationals(-2, 2, 6)) for _ in range(draw(st.integers(1, 3)))]
        return _instance(atoms, points, draw(st.integers(1, 4)))

    return measures()


def measure(atoms: list[tuple[Any, list[Any]]]) -> tuple[list[Any], Any, list[tuple[Any, Any, Any]]]:
    """The probabilities |a|‖w‖/V of finitely many units, V, and the units (sgn a, w/‖w‖).

    Parameters
    ----------
    atoms : list of (a, [w_1, w_0])
        Nonzero rational numbers a and directions with a rational norm.

    Returns
    -------
    probabilities : list of fmpq
    V : fmpq
    units : list of (sign, w_1, w_0)

    Examples
    --------
    >>> measure([(-2, [3, 4])])
    ([1], 10, [(-1, 3/5, 4/5)])
    """
    from flint import fmpq

    from relverify.rigor.exact import to_fmpq

    sizes, units = [], []
    for a, direction in atoms:
        w_1, w_0 = (to_fmpq(v) for v in direction)
        norm = rational_root(w_1 * w_1 + w_0 * w_0)
        weight = to_fmpq(a)
        sizes.append(abs(weight) * norm)
        units.append((fmpq(1 if weight > 0 else -1), w_1 / norm, w_0 / norm))
    V = sum(sizes, fmpq(0))
    return [size / V for size in sizes], V, units


def rational_root(square: Any) -> Any:
    """The root of a rational square.

    Examples
    --------
    >>> from flint import fmpq
    >>> rational_root(fmpq(25, 9))
    5/3
    """
    from flint import fmpq

    root = fmpq(square.p.isqrt(), square.q.isqrt())
    if root * root != square:
        raise ArithmeticError(f"{square} is not the square of a rational number")
    return root


def _instance(atoms: list[Any], points: list[Any], n: int, **changed: Any) -> Instance:
    """A function of finitely many units on finitely many points: the mean error over all draws is rational."""
    import sympy as sp
    from flint import fmpq

    from relverify.rigor.enclose import enclose
    from relverify.rigor.exact import from_fmpq, to_fmpq
    from relverify.rigor.sampling import expectation

    probabilities, V, units = measure(atoms)
    xs = [to_fmpq(x) for x in points]
    values = [[s * max(w_1 * x + w_0, fmpq(0)) for s, w_1, w_0 in units] for x in xs]
    means = [sum((p * v for p, v in zip(probabilities, row, strict=True)), fmpq(0)) for row in values]

    def error(drawn: tuple[int, ...]) -> fmpq:
        sums = [sum((c * v for c, v in zip(drawn, row, strict=True)), fmpq(0)) / n for row in values]
        return max(abs(a - b) for a, b in zip(sums, means, strict=True))

    mean: sp.Rational = from_fmpq(V * expectation(probabilities, n, error))
    return Instance(
        values={"V": from_fmpq(V), "R": sp.sqrt(from_fmpq(max(x * x for x in xs) + 1)), "n": n, **changed},
        observed=lambda prec: enclose(mean, prec=prec),
        text=f"sum of a relu(w_1 x + w_0), (a, w)={[(str(a), list(map(str, w))) for a, w in atoms]}, x in "
        f"{list(map(str, points))}, all draws of {n}",
        exact=mean,
    )


def _opposite(n: int = 1) -> Instance:
    """relu(w·x̃) with both signs, at an x̃ in the direction of w: f = 0, and the error of one unit is VR."""
    return _instance([("1/2", [3, 4]), ("-1/2", [3, 4])], ["3/4"], n)


def _long() -> Instance:
    return _instance([("1/2", [30, 40]), ("-1/2", [30, 40])], ["3/4"], 1, V=1)


def _constant() -> Instance:
    """Units that do not depend on x, near x = 0: the coordinate 1 of x̃ counts."""
    return _instance([("1/2", [0, 1]), ("-1/2", [0, 1])], ["1/100"], 1, R="1/100")


THEOREM = Theorem(
    label="barron-sup",
    title="Sampled units in the supremum norm",
    status="classical",
    sense="upper",
    constructive=False,
    statement=(
        "Let :math:`f(x)=\\int a\\,\\sigma(w\\cdot\\tilde x)d\\rho`, :math:`\\tilde x=(x,1)`, with ReLU units, "
        ":math:`V=\\int|a|\\|w\\|d\\rho` and :math:`R=\\sup\\|\\tilde x\\|`. The mean error of n units drawn from "
        ":math:`|a|\\|w\\|d\\rho/V` is at most :math:`4VR/\\sqrt n` in the supremum norm, so some n units reach it, "
        "with a free output bias. For :math:`h\\in C^2[a,b]` with a zero of :math:`h'`, "
        ":math:`V=\\int|h''(s)|\\sqrt{1+s^2}ds`; centre :math:`x` first."
    ),
    source=Source("barron1993"),
    formal=formal,
    instances=instances,
    mutants=(
        Mutant("one-half", "the constant 1/2", _opposite, lambda f: f.bound / 8),
        Mutant(
            "faster-rate", "the mean error falls like 1/n", lambda: _opposite(36),
            lambda f: 4 * f.symbol("V") * f.symbol("R") / f.symbol("n"),
        ),
        Mutant("lengths-dropped", "∫ |a| dρ in place of ∫ |a|‖w‖ dρ", _long),
        Mutant("bias-dropped", "sup‖x‖ in place of sup‖(x, 1)‖", _constant),
    ),
    limits=("n = 1 and two opposite units: the error is VR", "barron-sup-affine: half the constant for one more unit"),
)  # fmt: skip
