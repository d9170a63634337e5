"""Symmetric relations: one network with itself, truncation and perturbation together."""

from __future__ import annotations

from typing import Any

from relverify.core.theorem import Formal, Instance, Mutant, Quantity, Resource, Source, Theorem, Witness
from relverify.theorems.perturbation import THEOREM as PERTURBATION


def formal() -> Formal:
    import sympy as sp

    from relverify.core.steps import Identity, Inequality
    from relverify.core.symbols import K, delta, eps, t, tau

    # values at one pair of points: r, the truncated r_d = ⟨f,f⟩, and ⟨φ,φ⟩
    r, r_d, product = sp.symbols("r r_d product", real=True)
    perturbed = PERTURBATION.formal()
    both = dict.fromkeys(("K_f", "K_g"), K) | dict.fromkeys(("delta_f", "delta_g"), delta)
    perturbation = perturbed.bound.subs({perturbed.symbol(name): value for name, value in both.items()})
    bound = tau + 2 * K * delta + delta**2
    budget = t / (sp.sqrt(K**2 + t) + K)
    return Formal(
        quantities=(
            Quantity(tau, "sup of |r − ⟨f,f⟩|, the tail of the expansion"),
            Quantity(K, "at least sup of √r_d(x, x) = ‖f(x)‖", of_relation="diagonal_root"),
            Quantity(delta, "sup of ‖φ(x) − f(x)‖"),
            Quantity(eps, "error that is asked for"),
        ),
        bound=bound,
        bounded=r"\sup_{x,y}|r(x,y)-\langle\varphi(x),\varphi(y)\rangle|",
        hypotheses=("r is continuous, symmetric and PSD; f keeps d features of an expansion", sp.Lt(tau, eps)),
        solve={"delta": Resource(budget.subs(t, eps - tau), integer=False, meaning="error of φ that suffices")},
        steps=(
            Identity(
                perturbation, "=", 2 * K * delta + delta**2,
                "Perturbation with the same features on both sides.",
            ),
            Inequality(
                2 * K * budget + budget**2, "=", t,
                "The error δ that uses up a budget t = ε − τ, in the form that does not cancel.", given=(t > 0,),
            ),
            Inequality(
                sp.Abs(r - product), "<=", sp.Abs(r - r_d) + sp.Abs(r_d - product),
                "Triangle inequality.",
            ),
            Inequality(
                sp.Abs(r - r_d) + sp.Abs(r_d - product), "<=", bound,
                "The truncation costs τ (mercer-truncation), the network 2Kδ + δ² (perturbation).",
                given=(sp.Abs(r - r_d) <= tau, sp.Abs(r_d - product) <= 2 * K * delta + delta**2),
            ),
        ),
    )  # fmt: skip


def instances() -> Any:
    from hypothesis import strategies as st

    from relverify.strategies.numbers import rationals

    @st.composite
    def networks(draw: Any) -> Instance:
        points, kept, left = draw(st.integers(1, 3)), draw(st.integers(1, 3)), draw(st.integers(0, 2))
        features = [[draw(rationals(-2, 2)) for _ in range(kept + left)] for _ in range(points)]
        errors = [[draw(rationals(-1, 1)) for _ in range(kept)] for _ in range(points)]
        return _instance(features, errors)

    return networks()


def _instance(features: list[list[Any]], errors: list[list[Any]]) -> Instance:
    """Features and errors of the network at the points of a finite set; the suprema are exact."""
    import sympy as sp

    from relverify.rigor.enclose import enclose

    rows = [[sp.Rational(v) for v in row] for row in features]
    wrong = [[sp.Rational(v) for v in row] for row in errors]
    kept = len(wrong[0])
    phi = [[p + e for p, e in zip(row, error, strict=False)] for row, error in zip(rows, wrong, strict=True)]
    error = max(abs(_dot(rows[a], rows[b]) - _dot(phi[a], phi[b])) for a in range(len(rows)) for b in range(len(rows)))
    return Instance(
        values={
            "tau": max(_dot(row[kept:], row[kept:]) for row in rows),
            "K": sp.sqrt(max(_dot(row[:kept], row[:kept]) for row in rows)),
            "delta": sp.sqrt(max(_dot(row, row) for row in wrong)),
        },
        observed=lambda prec: enclose(sp.sympify(error), prec=prec),
        text=f"features {rows}, {kept} kept, errors of the network {wrong}",
        exact=sp.sympify(error),
    )


def _dot(u: list[Any], v: list[Any]) -> Any:
    import sympy as sp

    return sum((p * q for p, q in zip(u, v, strict=True)), sp.Integer(0))


def extremal() -> Instance:
    """Two points with opposite tails: the network errs in the direction in which the truncation errs."""
    return _instance([[1, "1/2"], [1, "-1/2"]], [["1/10"], ["1/10"]])


def witness() -> Witness:
    """A network of spline features for r = xy + x²y²/4 + x³y³/100 on [0,1], of which two features are kept."""
    import sympy as sp

    from relverify.certify.vertex import vertex_certificate
    from relverify.core.symbols import x
    from relverify.networks.construct import spline_network
    from relverify.relations import parse_relation
    from relverify.rigor.decide import Decision, Verdict
    from relverify.theorems.ridge_spline import THEOREM as RIDGE_SPLINE

    values = {"tau": "1/100", "K": sp.sqrt(5) / 2, "eps": "1/20"}
    symbols = {formal().symbol(name): sp.sympify(value) for name, value in values.items()}
    delta = THEOREM.resource("delta").expression.subs(symbols)
    # x is affine and costs one unit without error; x²/2 has second derivative 1
    pieces = RIDGE_SPLINE.resource("n").count(L=1, M=1, delta=delta)
    assert pieces is not None
    network = spline_network([x, x**2 / 2], "[0,1]", [1, pieces])
    relation = parse_relation("x*y + x**2*y**2/4 + x**3*y**3/100")
    certificate = vertex_certificate(relation, network, None, "[0,1]", eps=values["eps"])
    upper = "unknown" if certificate.upper is None else f"{float(certificate.upper):.6g}"
    return Witness(
        text="spline features of x and x²/2 for x*y + x²y²/4 + x³y³/100 on [0,1]",
        predicted=1 + pieces,
        built=network.hidden_units,
        decision=Decision(certificate.verdict or Verdict.UNDECIDED, f"vertex certificate: {certificate.reason}"),
        error=upper,
        allowed=str(values["eps"]),
    )


def _larger(f: Formal) -> Any:
    import sympy as sp

    return sp.Max(f.symbol("tau"), f.bound - f.symbol("tau"))


THEOREM = Theorem(
    label="symmetric",
    title="Symmetric relations are inner products of one network",
    status="paper",
    sense="upper",
    constructive=True,
    sharp=True,
    statement=(
        "Let :math:`f` keep d features of a continuous symmetric PSD :math:`r`, with tail :math:`\\tau<\\varepsilon` "
        "and :math:`\\|f\\|\\le K`. A network with :math:`\\|\\varphi-f\\|\\le\\delta` has "
        ":math:`|r-\\langle\\varphi,\\varphi\\rangle|\\le\\tau+2K\\delta+\\delta^2`, which is at most "
        ":math:`\\varepsilon` for :math:`\\delta=t/(\\sqrt{K^2+t}+K)`, :math:`t=\\varepsilon-\\tau`."
    ),
    source=Source("altabaa2024"),
    formal=formal,
    uses=("perturbation", "mercer-truncation"),
    instances=instances,
    extremal=extremal,
    witness=witness,
    mutants=(
        Mutant(
            "no-square", "the square of δ is dropped", extremal, lambda f: f.bound - f.symbol("delta") ** 2
        ),
        Mutant(
            "tail-hidden",
            "the larger of the two errors in place of their sum",
            extremal,
            _larger,
        ),
        Mutant(
            "one-side", "the network errs on one side only", extremal,
            lambda f: f.bound - f.symbol("K") * f.symbol("delta"),
        ),
    ),
    limits=("τ = 0: perturbation with f = g", "asymmetric with equal features"),
)  # fmt: skip
