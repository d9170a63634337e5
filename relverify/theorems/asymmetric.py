"""General relations: two networks, truncation and perturbation together."""

from __future__ import annotations

from typing import Any

from relverify.core.theorem import Formal, Instance, Mutant, Quantity, Resource, Source, Theorem, Witness
from relverify.theorems.perturbation import THEOREM as PERTURBATION


def formal() -> Formal:
    import sympy as sp

    from relverify.core.steps import Identity, Inequality
    from relverify.core.symbols import K_f, K_g, delta, delta_f, delta_g, eps, t, tau

    # values at one pair of points: r, ⟨f,g⟩ and ⟨φ,ψ⟩
    r, r_d, product = sp.symbols("r r_d product", real=True)
    perturbation = PERTURBATION.formal().bound
    bound = tau + perturbation
    total = K_f + K_g
    common = 2 * t / (sp.sqrt(total**2 + 4 * t) + total)
    rest = (t - K_g * delta_f) / (K_f + delta_f)
    return Formal(
        quantities=(
            Quantity(tau, "sup of |r − ⟨f,g⟩|"),
            Quantity(K_f, "sup of ‖f(x)‖ over X"),
            Quantity(K_g, "sup of ‖g(y)‖ over Y; K_f = K_g after rescaling"),
            Quantity(delta_f, "sup of ‖φ(x) − f(x)‖ over X"),
            Quantity(delta_g, "sup of ‖ψ(y) − g(y)‖ over Y"),
            Quantity(delta, "δ_f = δ_g where both networks get the same error"),
            Quantity(eps, "error that is asked for"),
        ),
        bound=bound,
        bounded=r"\sup_{x,y}|r(x,y)-\langle\varphi(x),\psi(y)\rangle|",
        hypotheses=(
            "r is continuous on X × Y; f, g are bounded features",
            sp.Lt(tau, eps), sp.Le(K_g * delta_f, eps - tau),
            # of the solved form only: the factor ε − τ keeps it from the bound itself
            sp.Gt((K_f + delta_f) * (eps - tau), 0),
        ),
        solve={
            "delta": Resource(common.subs(t, eps - tau), integer=False, meaning="equal errors that suffice"),
            "delta_g": Resource(rest.subs(t, eps - tau), integer=False, meaning="error of ψ that suffices"),
        },
        steps=(
            Identity(
                (K_f + delta_f) * (K_g + delta_g) - K_f * K_g, "=", perturbation,
                "The budget for t = ε − τ is exactly (K_f + δ_f)(K_g + δ_g) ≤ K_f K_g + t.",
            ),
            Inequality(
                (K_f + delta_f) * (K_g + rest) - K_f * K_g, "=", t,
                "What φ leaves of the budget, ψ may use.", given=(K_f + delta_f > 0,),
            ),
            Inequality(
                (K_f + common) * (K_g + common) - K_f * K_g, "=", t,
                "The equal split of the budget.", given=(t > 0,),
            ),
            Inequality(
                sp.Abs(r - product), "<=", sp.Abs(r - r_d) + sp.Abs(r_d - product), "Triangle inequality.",
            ),
            Inequality(
                sp.Abs(r - r_d) + sp.Abs(r_d - product), "<=", bound,
                "The features cost τ, the two networks what perturbation says.",
                given=(sp.Abs(r - r_d) <= tau, sp.Abs(r_d - product) <= perturbation),
            ),
        ),
    )  # fmt: skip


def instances() -> Any:
    from hypothesis import strategies as st

    from relverify.strategies.numbers import rationals

    @st.composite
    def networks(draw: Any) -> Instance:
        points, others, kept = draw(st.integers(1, 3)), draw(st.integers(1, 3)), draw(st.integers(1, 3))

        def table(rows: int, columns: int, size: int) -> list[list[Any]]:
            return [[draw(rationals(-size, size)) for _ in range(columns)] for _ in range(rows)]

        return _instance(
            table(points, kept, 2), table(others, kept, 2), table(points, others, 1),
            table(points, kept, 1), table(others, kept, 1),
        )  # fmt: skip

    return networks()


def _instance(f: Any, g: Any, rest: Any, a: Any, b: Any) -> Instance:
    """Features f, g, remainder r − ⟨f,g⟩ and errors φ − f, ψ − g on finite sets; the suprema are exact."""
    import sympy as sp

    from relverify.rigor.enclose import enclose

    f, g, rest, a, b = (sp.Matrix(table).applyfunc(sp.Rational) for table in (f, g, rest, a, b))
    error = max(abs(v) for v in f * g.T + rest - (f + a) * (g + b).T)

    def norm(table: Any) -> Any:
        return sp.sqrt(max(sum(v**2 for v in table.row(k)) for k in range(table.rows)))

    values = dict(zip(("K_f", "K_g", "delta_f", "delta_g"), map(norm, (f, g, a, b)), strict=True))
    return Instance(
        values={"tau": max(abs(v) for v in rest), **values},
        observed=lambda prec: enclose(sp.sympify(error), prec=prec),
        text=f"f={f.tolist()}, g={g.tolist()}, remainder {rest.tolist()}, phi-f={a.tolist()}, psi-g={b.tolist()}",
        exact=sp.sympify(error),
    )


def extremal() -> Instance:
    """Parallel features and errors, and a remainder of the other sign."""
    return _instance([["3/5", "4/5"]], [["6/5", "8/5"]], [["-1/7"]], [["3/50", "4/50"]], [["6/50", "8/50"]])


def witness() -> Witness:
    """Two networks of spline features for r = xy² + x²y/4 + (x−y)³/100 on [0,1]²."""
    import sympy as sp

    from relverify.certify.vertex import vertex_certificate
    from relverify.core.symbols import x, y
    from relverify.networks.construct import spline_network
    from relverify.relations import parse_relation
    from relverify.rigor.decide import Decision, Verdict
    from relverify.theorems.ridge_spline import THEOREM as RIDGE_SPLINE

    # f = (x, x²/2) and g = (y², y/2): x and y/2 are affine, one unit each without error
    eps = "1/20"
    values = {"tau": "1/100", "K_f": sp.sqrt(5) / 2, "K_g": sp.sqrt(5) / 2, "eps": eps}
    symbols = {formal().symbol(name): sp.sympify(value) for name, value in values.items()}
    delta = THEOREM.resource("delta").expression.subs(symbols)
    pieces = [RIDGE_SPLINE.resource("n").count(L=1, M=M, delta=delta) or 0 for M in (1, 2)]
    phi = spline_network([x, x**2 / 2], "[0,1]", [1, pieces[0]])
    psi = spline_network([y**2, y / 2], "[0,1]", [pieces[1], 1])
    relation = parse_relation("x*y**2 + x**2*y/4 + (x-y)**3/100")
    certificate = vertex_certificate(relation, phi, psi, "[0,1]", "[0,1]", eps=eps)
    return Witness(
        text="spline features (x, x²/2) and (y², y/2) for x*y² + x²y/4 + (x-y)³/100 on [0,1]²",
        predicted=2 + sum(pieces),
        built=phi.hidden_units + psi.hidden_units,
        decision=Decision(certificate.verdict or Verdict.UNDECIDED, f"vertex certificate: {certificate.reason}"),
        error="unknown" if certificate.upper is None else f"{float(certificate.upper):.6g}",
        allowed=eps,
    )


THEOREM = Theorem(
    label="asymmetric",
    title="General relations are inner products of two networks",
    status="paper",
    sense="upper",
    constructive=True,
    sharp=True,
    statement=(
        "If :math:`|r-\\langle f,g\\rangle|\\le\\tau` and two networks have :math:`\\|\\varphi-f\\|\\le\\delta_f`, "
        ":math:`\\|\\psi-g\\|\\le\\delta_g`, then "
        ":math:`|r-\\langle\\varphi,\\psi\\rangle|\\le\\tau+(K_f+\\delta_f)(K_g+\\delta_g)-K_fK_g`. So an error "
        ":math:`\\varepsilon>\\tau` is met exactly on the budget "
        ":math:`(K_f+\\delta_f)(K_g+\\delta_g)\\le K_fK_g+\\varepsilon-\\tau`."
    ),
    source=Source("altabaa2024"),
    formal=formal,
    uses=("perturbation",),
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
            "own-norms",
            "each error is weighted with the norm of its own features",
            lambda: _instance([[1]], [["1/4"]], [[0]], [["0"]], [["1"]]),
            lambda f: f.bound.xreplace({f.symbol("K_f"): f.symbol("K_g"), f.symbol("K_g"): f.symbol("K_f")}),
        ),
        Mutant("no-tail", "the remainder is forgotten", extremal, lambda f: f.bound - f.symbol("tau")),
    ),
    limits=("symmetric: f = g, φ = ψ", "the gauge f_i → s_i f_i, g_i → g_i / s_i is free"),
)
