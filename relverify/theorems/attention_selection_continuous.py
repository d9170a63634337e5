"""Attention approximates the retrieval of continuous families of preorders, with the probability of a gap."""

from __future__ import annotations

from typing import Any

from relverify.core.theorem import Formal, Instance, Mutant, Quantity, Resource, Source, Theorem, Witness


def formal() -> Formal:
    import sympy as sp

    from relverify.core.steps import Cited, Identity, Inequality
    from relverify.core.symbols import D, beta, eps, eps_u, eta, gamma, n, theta

    x, y, other, near = sp.symbols("x y y' near", real=True)
    u, score = sp.Function("u", real=True), sp.Function("s", real=True)
    # odds: exp(beta(1 - theta)eta); small, fails: probabilities of a small gap and of a larger error
    odds = sp.Symbol("odds", positive=True)
    small, fails = sp.symbols("small fails", nonnegative=True)
    return Formal(
        quantities=(
            Quantity(gamma, "probability that the gap of the two best items is at most η"),
            Quantity(eta, "gap: the utility of the best item minus that of any other"),
            Quantity(theta, "fraction of the gap that the networks may use up"),
            Quantity(eps_u, "error of the scores, up to functions of the query"),
            Quantity(beta, "inverse temperature"),
            Quantity(n, "number of items in the context"),
            Quantity(D, "diameter of the values"),
            Quantity(eps, "error of the output that is allowed"),
        ),
        bound=gamma,
        bounded=r"\Pr(\|\mathrm{Attn}(x)-y_{i^*}\|>\varepsilon)",
        hypotheses=(
            theta < 1,
            "X and Y are compact metrizable, every query x has a complete preorder ≼_x of Y",
            "the graph {(x, y, y′) : y ≼_x y′} is closed in X × Y × Y",
            "the gap of the utility in a random context is at most η with a probability of at most γ",
        ),
        solve={
            "beta": Resource(
                sp.log(sp.Max(1, (n - 1) * (D - eps) / eps)) / (eta * (1 - theta)),
                integer=False,
                meaning="inverse temperature that suffices with ε_u = θη/2",
            ),
            "eps_u": Resource(theta * eta / 2, integer=False, meaning="error of the scores that goes with θ"),
        },
        steps=(
            Cited(
                u(x, other) - u(x, y), ">=", sp.Integer(0),
                "X × Y with (x, y) ≼ (x, y′) where y ≼_x y′ is a closed preorder on a compact metric space. Disjoint "
                "closed sets, one decreasing and one increasing, are separated by continuous isotone functions; a "
                "weighted sum of a dense sequence of these is strict, and completeness makes it a utility u, jointly "
                "continuous, with values in [0, 1]. A continuous utility has a closed graph, so that is necessary.",
                lemma="nachbin-urysohn", key="nachbin1965",
            ),
            Cited(
                sp.Abs(near - u(x, y)), "<", theta * eta / 2,
                "Sums of products f(x)g(y) are dense in the continuous functions on X × Y.",
                lemma="stone-weierstrass", key="rudin1976",
            ),
            Cited(
                sp.Abs(score(x, y) - near), "<=", theta * eta / 2 - sp.Abs(near - u(x, y)),
                "Networks with one hidden layer are dense in the continuous functions on a compact set, so features f "
                "and g are approximated as well as what is left requires (perturbation).",
                lemma="universal-approximation", key="leshno1993",
            ),
            Identity(
                eta - 2 * (theta * eta / 2), "=", (1 - theta) * eta,
                "Where the gap of u exceeds η, that of the scores exceeds (1 − θ)η by approximate-margin.",
            ),
            Inequality(
                D * (1 - 1 / (1 + (n - 1) / odds)), "<=", eps,
                "There the stated temperature keeps the error at ε by attention-selection.",
                given=(odds >= (n - 1) * (D - eps) / eps, n >= 1),
            ),
            Inequality(
                fails, "<=", gamma, "An error above ε thus needs a gap of at most η.",
                given=(fails <= small, small <= gamma),
            ),
        ),
    )  # fmt: skip


def instances() -> Any:
    from fractions import Fraction

    from hypothesis import strategies as st

    from relverify.strategies.numbers import rationals

    @st.composite
    def laws(draw: Any) -> Instance:
        size, eta = draw(st.integers(2, 5)), draw(rationals("1/8", "3/8", 8))
        theta = draw(rationals("1/4", "3/4", 8))
        contexts = []
        for _ in range(draw(st.integers(1, 4))):
            utilities = [draw(rationals(0, 1, 16)) for _ in range(size)]
            errors = [theta * eta / 2 * draw(rationals("-5/6", "5/6")) for _ in range(size)]
            contexts.append((utilities, errors, draw(st.permutations(range(size)))))
        return _instance(contexts, eta, theta, Fraction(1, 7))

    return laws()


def _instance(contexts: Any, eta: Any, theta: Any, eps: Any, items: int | None = None, gamma: Any = None) -> Instance:
    """Equally likely contexts: utilities, errors of the scores, values."""
    import sympy as sp
    from flint import arb, fmpq

    from relverify.rigor.exact import exact, from_fmpq, to_fmpq

    rows = [[[to_fmpq(c) for c in part] for part in context] for context in contexts]
    everything = [value for _, _, values in rows for value in values]
    diameter = max(everything) - min(everything)
    n = max(len(u) for u, _, _ in rows)
    share = {"eta": exact(eta), "theta": exact(theta), "D": from_fmpq(diameter), "eps": exact(eps)}
    beta = THEOREM.resource("beta").evaluate(20, n=items or n, **share).ends[1]
    small, failed = 0, 0
    for utilities, errors, values in rows:
        ranked = sorted(range(len(utilities)), key=utilities.__getitem__)
        best = ranked[-1]
        small += bool(utilities[best] - utilities[ranked[-2]] <= to_fmpq(eta))
        scores = [a + b for a, b in zip(utilities, errors, strict=True)]
        failed += _fails(scores, values, best, beta, to_fmpq(eps))
    chance = fmpq(failed, len(rows))
    stated = sp.Rational(max(small, 1), len(rows)) if gamma is None else exact(gamma)
    return Instance(
        values={"gamma": stated},
        observed=lambda prec: arb(chance),
        text=f"eta={eta}, theta={theta}, eps={eps}, contexts="
        + str([tuple([str(c) for c in part] for part in context) for context in rows]),
        exact=from_fmpq(chance),
    )


def _fails(scores: Any, values: Any, best: int, beta: Any, eps: Any) -> bool:
    """Whether the output is more than eps away, proved either way."""
    from flint import arb

    from relverify.attention.softmax import attention_error
    from relverify.rigor.decide import Verdict, compare

    rows = [[v] for v in values]
    found = compare(lambda prec: attention_error(scores, rows, best, beta, prec), "<=", lambda prec: arb(eps))
    if found.verdict is Verdict.UNDECIDED:
        raise ArithmeticError(found.reason)
    return found.verdict is Verdict.REFUTED


def extremal() -> Instance:
    """A tie, and a context with a gap."""
    return _instance(
        [(["1/2", "1/2"], ["0", "0"], ["0", "1"]), (["1", "0"], ["0", "0"], ["0", "1"])], "1/4", "1/2", "1/7"
    )


def witness() -> Witness:
    """Networks for u = -(x - y)², proved against it on the whole square; the attention selects in random contexts."""
    import random

    from flint import fmpq

    from relverify.attention.retrieval import retriever
    from relverify.rigor.decide import Decision, Verdict

    built = retriever("-(x-y)**2", "[0,1]", n=4, eta="1/50", eps="1/10", theta="1/2")
    rng, failed, seen = random.Random(0), 0, 0
    while seen < 20:
        x, items = fmpq(rng.randrange(65), 64), [fmpq(rng.randrange(65), 64) for _ in range(4)]
        utilities = sorted((-((x - y) ** 2) for y in items), reverse=True)
        if utilities[0] - utilities[1] > built.eta:
            seen += 1
            failed += built.decide(x, items).verdict is not Verdict.PROVED
    verdict = Verdict.PROVED if not failed and built.proven <= fmpq(1, 10) else Verdict.REFUTED
    return Witness(
        text=f"networks for u = -(x - y)², within {float(built.eps_u.p) / float(built.eps_u.q):.3g}, four items",
        predicted=built.predicted,
        built=built.hidden_units,
        decision=Decision(verdict, f"{seen} random contexts with the gap, {failed} failed"),
        error=f"{float(built.proven.p) / float(built.proven.q):.6g}",
        allowed="1/10",
    )


def _separately_continuous() -> Instance:
    """u = y - 2b((y - 1/2 - x)/x²), b the hat: continuous in x and in y apart, but its preorders have no closed graph.

    At x = 0 the item 1/2 is better than 0, and for small x > 0 the item 1/2 + x is worse than 0, by a constant. So no
    continuous score is near u; the one here is exact at x = 0.
    """
    from fractions import Fraction

    def u(x: Fraction, y: Fraction) -> Fraction:
        return y if x == 0 else y - 2 * max(Fraction(0), 1 - abs((y - Fraction(1, 2) - x) / x**2))

    contexts = []
    for x in (Fraction(0), *(Fraction(1, 2**k) for k in range(2, 6))):
        items = [Fraction(1, 2) + x, Fraction(0)]
        utilities = [u(x, y) for y in items]
        contexts.append((utilities, [y - v for y, v in zip(items, utilities, strict=True)], items))
    return _instance(contexts, "1/4", "1/2", "1/10", gamma="1/10")


def _one_competitor() -> Instance:
    """The temperature of two items in a context of nine."""
    utilities, errors = ["1", *["37/50"] * 8], ["-1/64", *["1/64"] * 8]
    return _instance([(utilities, errors, ["0", *["1"] * 8])], "1/4", "1/8", "1/100", items=2, gamma="1/100")


def _whole_error() -> Instance:
    """Scores off by theta*eta, twice what is allowed."""
    context = (["1", "1/2", "1/2"], ["-3/8", "3/8", "3/8"], ["0", "1", "1"])
    return _instance([context], "49/100", "3/4", "1/10", gamma="1/10")


THEOREM = Theorem(
    label="attention-selection-continuous",
    title="Attention selects from continuous families of preorders",
    status="paper",
    sense="upper",
    constructive=True,
    sharp=True,
    statement=(
        "Let X and Y be compact metrizable, and let every query x have a complete preorder :math:`\\preceq_x` of Y "
        "with a closed graph :math:`\\{(x,y,y'):y\\preceq_xy'\\}`. That is necessary and sufficient for a jointly "
        "continuous utility :math:`u(x,y)`; continuity in x and in y apart is not enough. If the gap of the two best "
        "of n items is at most :math:`\\eta` with a probability of at most :math:`\\gamma`, there are query and key "
        "networks within :math:`\\varepsilon_u=\\theta\\eta/2` of u, and at inverse temperature "
        ":math:`\\beta=\\max(0,\\log((n-1)(D-\\varepsilon)/\\varepsilon)/(\\eta(1-\\theta)))` attention is more "
        "than :math:`\\varepsilon` away from the best value with a probability of at most :math:`\\gamma`. The "
        "networks are built where u is given."
    ),
    source=Source("altabaa2024"),
    formal=formal,
    uses=("approximate-margin", "attention-selection", "perturbation"),
    instances=instances,
    extremal=extremal,
    witness=witness,
    mutants=(
        Mutant("separate-continuity", "u is continuous in x and in y apart", _separately_continuous),
        Mutant("one-competitor", "the temperature of two items", _one_competitor),
        Mutant("whole-error", "ε_u = θη", _whole_error),
        Mutant("half-probability", "γ/2", extremal, lambda f: f.bound / 2),
    ),
    limits=("γ → 0: the finite form, attention-selection",),
)
