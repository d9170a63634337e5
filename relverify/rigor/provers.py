"""Provers for derivation steps: SymPy identities, Z3 inequalities, Arb branch and bound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sympy as sp
from flint import arb, ctx

from relverify.errors import UnknownNode
from relverify.rigor.decide import Decision, Verdict
from relverify.rigor.enclose import compile_arb, to_arb

Z3_MILLISECONDS = 20_000
MAX_BOXES = 100_000


def prove_identity(lhs: sp.Expr, rhs: sp.Expr) -> Decision:
    """Prove that two expressions are equal for all values of their symbols.

    Examples
    --------
    >>> a, b = sp.symbols("a b")
    >>> prove_identity((a + b) ** 2, a**2 + 2 * a * b + b**2).verdict
    <Verdict.PROVED: 'proved'>
    """
    difference = sp.sympify(lhs) - sp.sympify(rhs)
    for method in (sp.expand, sp.simplify, lambda e: sp.simplify(e.rewrite(sp.exp)), lambda e: sp.simplify(e.doit())):
        if method(difference) == 0:
            return Decision(Verdict.PROVED, "the difference simplifies to 0")
    return Decision(Verdict.UNDECIDED, f"SymPy leaves the difference {sp.simplify(difference)}")


def prove_by_z3(lhs: sp.Expr, relation: str, rhs: sp.Expr, given: Sequence[Any] = ()) -> Decision:
    """Prove an inequality for all real values of its symbols in their domains.

    Parameters
    ----------
    lhs, rhs : Expr
        Rational functions, square roots, absolute values, Max and Min; other functions become free variables.
    relation : {"=", "<=", "<", ">=", ">"}
    given : sequence of Boolean
        Assumptions.

    Returns
    -------
    Decision
        Refuted with a counterexample only where no function was replaced by a free variable.

    Examples
    --------
    >>> a, b = sp.symbols("a b", positive=True)
    >>> prove_by_z3(sp.sqrt(a * b), "<=", (a + b) / 2).verdict
    <Verdict.PROVED: 'proved'>
    """
    import z3

    translator = _ToZ3()
    try:
        left, right = translator.visit(sp.sympify(lhs)), translator.visit(sp.sympify(rhs))
        assumptions = [translator.boolean(sp.sympify(g)) for g in given]
    except UnknownNode as error:
        return Decision(Verdict.UNDECIDED, str(error))
    claim = {"=": left == right, "<=": left <= right, "<": left < right, ">=": left >= right, ">": left > right}
    known = translator.facts + assumptions
    for condition, definition in translator.partial:
        if _solve([*known, z3.Not(condition)]) != z3.unsat:
            return Decision(Verdict.UNDECIDED, "an operation may be undefined under the assumptions")
        known += definition
    solver = z3.SolverFor("QF_NRA")
    solver.set("timeout", Z3_MILLISECONDS)
    solver.add(*known, z3.Not(claim[relation]))
    answer = solver.check()
    if answer == z3.unsat:
        return Decision(Verdict.PROVED, "Z3: the negation is unsatisfiable over the reals")
    if answer == z3.sat and not translator.abstracted:
        return Decision(Verdict.REFUTED, f"Z3: {solver.model()}".replace("\n", " "))
    why = f"abstracting {', '.join(translator.abstracted)}" if answer == z3.sat else solver.reason_unknown()
    return Decision(Verdict.UNDECIDED, f"Z3 could not decide ({why})")


def _solve(assertions: Sequence[Any]) -> Any:
    import z3

    solver = z3.SolverFor("QF_NRA")
    solver.set("timeout", Z3_MILLISECONDS)
    solver.add(*assertions)
    return solver.check()


class _ToZ3:
    """SymPy to Z3 reals, with the domains of symbols as facts and side conditions of partial operations."""

    def __init__(self) -> None:
        self.memo: dict[sp.Basic, Any] = {}
        self.facts: list[Any] = []
        self.partial: list[tuple[Any, list[Any]]] = []
        self.abstracted: list[str] = []

    def visit(self, node: sp.Basic) -> Any:
        if node not in self.memo:
            self.memo[node] = self.translate(node)
        return self.memo[node]

    def fresh(self, node: sp.Basic) -> Any:
        import z3

        variable = z3.Real(f"v{len(self.memo)}_{type(node).__name__}")
        if node.is_positive:
            self.facts.append(variable > 0)
        elif node.is_nonnegative:
            self.facts.append(variable >= 0)
        if node.is_integer and node.is_positive:
            self.facts.append(variable >= 1)
        return variable

    def translate(self, node: sp.Basic) -> Any:
        import z3

        match node:
            case sp.Rational():
                return z3.RatVal(int(node.p), int(node.q))
            case sp.Symbol():
                return self.fresh(node)
            case sp.Add():
                return sum((self.visit(a) for a in node.args[1:]), self.visit(node.args[0]))
            case sp.Mul():
                above, below = node.as_numer_denom()
                if below == 1:
                    result = self.visit(node.args[0])
                    for factor in node.args[1:]:
                        result = result * self.visit(factor)
                    return result
                return self.quotient(above, below)
            case sp.Pow(exp=exponent) if exponent.is_Integer and abs(exponent) <= 16:
                if exponent.is_negative:
                    return self.quotient(sp.Integer(1), sp.Pow(node.base, -exponent))
                base = self.visit(node.base)
                result = base
                for _ in range(int(exponent) - 1):
                    result = result * base
                return result
            case sp.Pow(exp=exponent) if exponent.is_Rational and exponent.q == 2:
                if exponent.is_negative:
                    return self.quotient(sp.Integer(1), sp.Pow(node.base, -exponent))
                return self.visit(sp.sqrt(node.base) ** int(exponent.p)) if exponent.p > 1 else self.root(node.base)
            case sp.Abs():
                inner = self.visit(node.args[0])
                return z3.If(inner >= 0, inner, -inner)
            case sp.Max() | sp.Min():
                result = self.visit(node.args[0])
                for other in node.args[1:]:
                    value = self.visit(other)
                    keep = result >= value if isinstance(node, sp.Max) else result <= value
                    result = z3.If(keep, result, value)
                return result
        if isinstance(node, sp.Float) or not isinstance(node, sp.Expr):
            raise UnknownNode(type(node).__name__)
        self.abstracted.append(str(node))
        return self.fresh(node)

    def root(self, radicand: sp.Expr) -> Any:
        import z3

        inner = self.visit(radicand)
        value = z3.Real(f"root{len(self.partial)}")
        self.partial.append((inner >= 0, [value >= 0, value * value == inner]))
        return value

    def quotient(self, above: sp.Expr, below: sp.Expr) -> Any:
        import z3

        denominator, numerator = self.visit(below), self.visit(above)
        value = z3.Real(f"quotient{len(self.partial)}")
        self.partial.append((denominator != 0, [value * denominator == numerator]))
        return value

    def boolean(self, node: sp.Basic) -> Any:
        import z3

        if node in (sp.true, sp.false):
            return z3.BoolVal(node == sp.true)
        if isinstance(node, sp.And | sp.Or):
            parts = [self.boolean(a) for a in node.args]
            return z3.And(*parts) if isinstance(node, sp.And) else z3.Or(*parts)
        if isinstance(node, sp.core.relational.Relational):
            left, right = self.visit(node.lhs), self.visit(node.rhs)
            tests = {"<=": left <= right, "<": left < right, ">=": left >= right, ">": left > right, "==": left == right}
            if node.rel_op in tests:
                return tests[node.rel_op]
        raise UnknownNode(type(node).__name__)


def prove_on_box(
    lhs: sp.Expr, relation: str, rhs: sp.Expr, box: Mapping[sp.Symbol, tuple[Any, Any]], prec: int = 128
) -> Decision:
    """Prove an inequality over a box of parameters by branch and bound with balls.

    Examples
    --------
    >>> x = sp.Symbol("x")
    >>> prove_on_box(sp.sin(x), "<", x + sp.Rational(1, 10), {x: (0, 3)}).verdict
    <Verdict.PROVED: 'proved'>
    """
    strict = relation in ("<", ">")
    difference = rhs - lhs if relation in ("<=", "<") else lhs - rhs
    function = compile_arb(difference, tuple(box))
    with ctx.workprec(prec):
        stack = [tuple((to_arb(low), to_arb(high)) for low, high in box.values())]
        count = 0
        while stack:
            cell = stack.pop()
            count += 1
            value = function(*[low.union(high) for low, high in cell])
            if (value > 0) if strict else (value >= 0):
                continue
            middle = function(*[((low + high) / 2).mid() for low, high in cell])
            if (middle <= 0) if strict else (middle < 0):
                point = {str(s): str((low + high) / 2) for s, (low, high) in zip(box, cell, strict=True)}
                return Decision(Verdict.REFUTED, f"fails at {point}", prec)
            if count > MAX_BOXES:
                return Decision(Verdict.UNDECIDED, f"{MAX_BOXES} boxes did not suffice", prec)
            widest = max(range(len(cell)), key=lambda axis: float((cell[axis][1] - cell[axis][0]).mid()))
            low, high = cell[widest]
            half = arb(((low + high) / 2).mid())
            for part in ((low, half), (half, high)):
                stack.append((*cell[:widest], part, *cell[widest + 1 :]))
    return Decision(Verdict.PROVED, f"{count} boxes", prec)
