"""How many queries with bounded features can each select a key of their own."""

from __future__ import annotations

from typing import Any

from relverify.core.theorem import Formal, Instance, Mutant, Quantity, Source, Theorem


def formal() -> Formal:
    import sympy as sp

    from relverify.core.steps import Cited, Identity, Inequality
    from relverify.core.symbols import A, B, d, eps_1, n

    # own, other: weights of the own key and of another one; gap stands for Λ, product for AB
    own, other, gap, product, v = sp.symbols("own other gap product v", positive=True)
    # one coordinate of the queries φ_i, φ_j and keys ψ_i, ψ_j; a, b: of (φ_i−φ_j)/A, (ψ_i−ψ_j)/B or of φ_i/A, ψ_i/B
    p_i, p_j, q_i, q_j, a, b = sp.symbols("p_i p_j q_i q_j a b", real=True)
    margin = sp.log((1 - eps_1) / eps_1)
    bound = (1 + sp.sqrt(2 * A * B / margin)) ** d
    return Formal(
        quantities=(
            Quantity(A, "sup of the norms of the query features, the inverse temperature included"),
            Quantity(B, "sup of the norms of the key features"),
            Quantity(eps_1, "weight that the other keys may keep"),
            Quantity(d, "number of features"),
            Quantity(n, "number of queries, and of keys"),
        ),
        bound=bound,
        bounded="n",
        hypotheses=(
            sp.Lt(eps_1, sp.Rational(1, 2), evaluate=False),
            "each query i gives the key i a weight of at least 1 − ε₁ among all n keys",
        ),
        steps=(
            Inequality(
                (1 - eps_1) * other, "<=", eps_1 * own,
                "Another key keeps at most ε₁ of the weight, the own one has at least 1 − ε₁.",
                given=(own >= 1 - eps_1, other <= 1 - own, eps_1 < sp.Rational(1, 2)),
            ),
            Identity(
                sp.exp(-margin), "=", eps_1 / (1 - eps_1),
                "So their ratio is at most exp(−Λ) with Λ = log((1 − ε₁)/ε₁).",
            ),
            Identity(
                sp.exp(-(gap - v)) - sp.exp(-gap), "=", 2 * sp.exp(-gap + v / 2) * sp.sinh(v / 2),
                "A margin of Λ − v would leave the ratio exp(−(Λ − v)).",
            ),
            Inequality(
                2 * sp.exp(-gap + v / 2) * sp.sinh(v / 2), ">", sp.Integer(0),
                "That is more: the score of the own key exceeds every other one by at least Λ.",
            ),
            Identity(
                p_i * (q_i - q_j) + p_j * (q_j - q_i), "=", (p_i - p_j) * (q_i - q_j),
                "The margins of two queries add up, coordinate by coordinate: ⟨φ_i − φ_j, ψ_i − ψ_j⟩ ≥ 2Λ.",
            ),
            Inequality(
                (a + b) ** 2, ">=", 4 * a * b,
                "So the points φ_i/A + ψ_i/B have squared distances of at least 8Λ/(AB).",
            ),
            Inequality(
                (a + b) ** 2, "<=", 2 * a**2 + 2 * b**2, "Their squared norms are at most 2 + 2."
            ),
            Identity(
                1 + 2 / (sp.sqrt(8 * gap / product) / 2), "=", 1 + sp.sqrt(2 * product / gap),
                "Balls of half the least distance around them are disjoint and lie in the ball whose radius is 2 more: "
                "the ratio of the two radii.",
            ),
            Cited(n, "<=", bound, "Compare the volumes of the balls.", lemma="packing", key="vershynin2018"),
        ),
    )  # fmt: skip


def instances() -> Any:
    from hypothesis import strategies as st

    from relverify.strategies.numbers import rationals

    @st.composite
    def codes(draw: Any) -> Instance:
        size = draw(st.integers(1, 2))
        point = st.tuples(*[st.integers(-3, 3)] * size)
        points = draw(st.lists(point, min_size=1, max_size=8, unique=True))
        return _lifted(points, draw(rationals(3, 6)))

    return codes()


def _lifted(points: Any, beta: Any) -> Instance:
    """Queries β(2z, 1) and keys (z, −‖z‖²): the scores are −β‖z_i − z_j‖², up to a function of the query."""
    squares = [sum(c * c for c in z) for z in points]
    queries = [[2 * beta * c for c in z] + [beta] for z in points]
    return _instance(queries, [[*z, -s] for z, s in zip(points, squares, strict=True)])


def _instance(queries: Any, keys: Any, eps_1: Any = None) -> Instance:
    """The least ε₁ of given features, rounded up to a rational, unless it is known."""
    import sympy as sp
    from flint import arb

    from relverify.attention.softmax import attention_weights
    from relverify.rigor.enclose import endpoints
    from relverify.rigor.exact import exact, from_fmpq

    phi, psi = ([[exact(c) for c in row] for row in rows] for rows in (queries, keys))
    if eps_1 is None:
        scores = [[sum(a * b for a, b in zip(p, q, strict=True)) for q in psi] for p in phi]
        kept = [attention_weights(row, 1, 64)[i] for i, row in enumerate(scores)]
        eps_1 = from_fmpq(max(endpoints(1 - weight)[1] for weight in kept)) + sp.Rational(1, 2**70)
    norms = [max(sp.sqrt(sum(c * c for c in row)) for row in rows) for rows in (phi, psi)]
    size = len(phi)
    return Instance(
        values={"A": norms[0], "B": norms[1], "eps_1": eps_1, "d": len(phi[0])},
        observed=lambda prec: arb(size),
        text=f"queries {phi}, keys {psi}",
        exact=sp.Integer(size),
    )


def extremal() -> Instance:
    """Two opposite queries and keys on the line: weights 3/4 and 1/4 each."""
    import sympy as sp

    return _instance([[1], [-1]], [[sp.log(3) / 2], [-sp.log(3) / 2]], sp.Rational(1, 4))


def _one_key_for_all() -> Instance:
    """Ten equal queries that all select the first of two keys, with the weight 3/4."""
    import sympy as sp
    from flint import arb

    text = "ten queries 1 on the line, keys ±log(3)/2, weights 3/4"
    return Instance(extremal().values, lambda prec: arb(10), text, sp.Integer(10))


THEOREM = Theorem(
    label="selection-capacity",
    title="Queries that can each select a key of their own",
    status="beyond",
    sense="upper",
    constructive=False,
    sharp=True,
    statement=(
        "Let the features of the queries, the inverse temperature included, have norms of at most A, and those of the "
        "keys at most B, in d dimensions. If each of n queries gives its own key a weight of at least "
        ":math:`1-\\varepsilon_1>1/2` among all n keys, then :math:`n\\le(1+\\sqrt{2AB/\\Lambda})^d` with "
        ":math:`\\Lambda=\\log((1-\\varepsilon_1)/\\varepsilon_1)`."
    ),
    source=Source("vershynin2018"),
    formal=formal,
    instances=instances,
    extremal=extremal,
    mutants=(
        Mutant("without-the-two", "√(AB/Λ)", extremal, lambda f: _with_product(f, 2)),
        Mutant("one-feature-less", "the exponent d − 1", extremal,
               lambda f: f.bound.subs(f.symbol("d"), f.symbol("d") - 1)),
        Mutant("one-key-for-all", "the queries may share a key", _one_key_for_all),
    ),
    limits=(
        "AB = 0 or d = 0: one query",
        "H heads of the same sizes: H times as many, by the head that serves a query",
    ),
)  # fmt: skip


def _with_product(f: Formal, divisor: int) -> Any:
    return f.bound.subs(f.symbol("A"), f.symbol("A") / divisor)
