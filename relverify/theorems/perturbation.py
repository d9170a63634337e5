"""Perturbation of an inner product of features."""

from __future__ import annotations

from typing import Any

from relverify.core.theorem import Formal, FormalProof, Instance, Mutant, Quantity, Source, Theorem, Witness


def formal() -> Formal:
    import sympy as sp

    from relverify.core.steps import Cited, Identity, Inequality
    from relverify.core.symbols import K_f, K_g, delta_f, delta_g

    # one coordinate of f, g and of the errors a = phi - f, b = psi - g
    f, g, a, b = sp.symbols("f g a b", real=True)
    inner = sp.Function("inner")
    norm_f, norm_g, norm_a, norm_b = sp.symbols("norm_f norm_g norm_a norm_b", nonnegative=True)
    bound = K_f * delta_g + K_g * delta_f + delta_f * delta_g
    within = (norm_f <= K_f, norm_g <= K_g, norm_a <= delta_f, norm_b <= delta_g)
    return Formal(
        quantities=(
            Quantity(K_f, "sup of ‖f(x)‖ over X"),
            Quantity(K_g, "sup of ‖g(y)‖ over Y"),
            Quantity(delta_f, "sup of ‖φ(x) − f(x)‖ over X"),
            Quantity(delta_g, "sup of ‖ψ(y) − g(y)‖ over Y"),
        ),
        bound=bound,
        bounded=r"\sup_{x,y}|\langle\varphi(x),\psi(y)\rangle-\langle f(x),g(y)\rangle|",
        hypotheses=("f, φ : X → R^d and g, ψ : Y → R^d are bounded",),
        steps=(
            Identity(
                (f + a) * (g + b) - f * g, "=", f * b + a * g + a * b,
                "In each coordinate, with φ = f + a and ψ = g + b; summing gives the same for inner products.",
            ),
            Cited(
                sp.Abs(inner(f, b)) + sp.Abs(inner(a, g)) + sp.Abs(inner(a, b)), "<=",
                norm_f * norm_b + norm_a * norm_g + norm_a * norm_b,
                "Triangle inequality, then Cauchy–Schwarz on each inner product.",
                lemma="cauchy-schwarz", key="steele2004",
            ),
            Inequality(
                norm_f * norm_b + norm_a * norm_g + norm_a * norm_b, "<=", bound,
                "Each norm is at most its supremum.", given=within,
            ),
        ),
    )  # fmt: skip


def instances() -> Any:
    from hypothesis import strategies as st

    from relverify.strategies.numbers import rationals

    @st.composite
    def features(draw: Any) -> Instance:
        size = draw(st.integers(1, 4))
        vectors = [[draw(rationals(-3, 3)) for _ in range(size)] for _ in range(4)]
        return _instance(*vectors)

    return features()


def _instance(f: list[Any], g: list[Any], a: list[Any], b: list[Any]) -> Instance:
    """The instance with one point on each side: every supremum is a norm, an exact algebraic number."""
    import sympy as sp

    from relverify.rigor.enclose import enclose

    f, g, a, b = ([sp.Rational(v) for v in vector] for vector in (f, g, a, b))
    error = abs(sum((p + r) * (q + s) - p * q for p, q, r, s in zip(f, g, a, b, strict=True)))
    norms = [sp.sqrt(sum(v**2 for v in vector)) for vector in (f, g, a, b)]
    return Instance(
        values=dict(zip(("K_f", "K_g", "delta_f", "delta_g"), norms, strict=True)),
        observed=lambda prec: enclose(sp.sympify(error), prec=prec),
        text=f"f={f}, g={g}, phi-f={a}, psi-g={b}",
        exact=sp.sympify(error),
    )


_FEATURES = (["3/5", "4/5"], ["6/5", "8/5"])


def _scaled(vector: list[str], factor: str) -> list[Any]:
    import sympy as sp

    return [sp.Rational(v) * sp.Rational(factor) for v in vector]


def extremal() -> Instance:
    f, g = _FEATURES
    return _instance(f, g, _scaled(f, "1/10"), _scaled(g, "1/10"))


def witness() -> Witness:
    """Features scaled by 1 + δ/K are the perturbation that attains the bound."""
    import sympy as sp

    from relverify.rigor.decide import decide

    f, g = _FEATURES
    phi, psi = _scaled(f, "11/10"), _scaled(g, "11/10")
    error = abs(sum(p * q for p, q in zip(phi, psi, strict=True)) - _dot(f, g))
    values = {formal().symbol(name): value for name, value in extremal().values.items()}
    allowed = formal().bound.subs(values)
    return Witness(
        text=f"features {f}, {g} scaled by 11/10 without new features",
        predicted=len(f),
        built=len(phi),
        decision=decide(sp.Le(error, allowed, evaluate=False)),
        error=str(error),
        allowed=str(allowed),
    )


def _dot(f: list[Any], g: list[Any]) -> Any:
    import sympy as sp

    return sum(sp.Rational(p) * sp.Rational(q) for p, q in zip(f, g, strict=True))


THEOREM = Theorem(
    label="perturbation",
    title="Perturbation of an inner product",
    status="classical",
    sense="upper",
    constructive=True,
    sharp=True,
    statement=(
        "If :math:`\\|\\varphi-f\\|\\le\\delta_f` and :math:`\\|\\psi-g\\|\\le\\delta_g` everywhere, then inner "
        "products of the perturbed features differ from those of the features by at most "
        ":math:`K_f\\delta_g+K_g\\delta_f+\\delta_f\\delta_g`; parallel features and errors attain it."
    ),
    source=Source("steele2004"),
    formal=formal,
    instances=instances,
    extremal=extremal,
    witness=witness,
    mutants=(
        Mutant(
            "no-product",
            "the product of the two errors is dropped",
            extremal,
            lambda f: f.bound - f.symbol("delta_f") * f.symbol("delta_g"),
        ),
        Mutant(
            "half-first-order",
            "the first-order terms are halved",
            extremal,
            lambda f: f.bound - (f.symbol("K_f") * f.symbol("delta_g") + f.symbol("K_g") * f.symbol("delta_f")) / 2,
        ),
    ),
    formal_proof=FormalProof("theories/Link.v", "perturbation_generated"),
    limits=("symmetric case f = g, φ = ψ: 2Kδ + δ²",),
)
