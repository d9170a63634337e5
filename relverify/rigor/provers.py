"""Provers for derivation steps: SymPy identities, Z3 inequalities, Arb branch and bound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sympy as sp
from flint import arb, ctx, fmpq

from relverify.errors import UnknownNode
from relverify.rigor.decide import Decision, Verdict
from relverify.rigor.enclose import compile_arb, enclose, endpoints, to_arb
from relverify.rigor.exact import exact, to_fmpq

Z3_MILLISECONDS = 20_000
MAX_BOXES = 100_000
MAX_STUCK = 100


def prove_identity(lhs: sp.Expr, rhs: sp.Expr) -> Decision:
    """Prove that two expressions are equal for all values of their symbols at which they are defined.

    Simplification is checked against the sides in balls at a few points, where one that differs refutes.

    Examples
    --------
    >>> a, b = sp.symbols("a b")
    >>> prove_identity((a + b) ** 2, a**2 + 2 * a * b + b**2).verdict
    <Verdict.PROVED: 'proved'>
    """
    difference = sp.sympify(lhs) - sp.sympify(rhs)
    for point in _points(lhs, rhs):
        try:
            left, right = (enclose(side, point) for side in (lhs, rhs))
        except UnknownNode:
            break
        if left.is_finite() and right.is_finite() and not left.overlaps(right):
            where = ", ".join(f"{symbol}={value}" for symbol, value in point.items())
            return Decision(Verdict.REFUTED, f"the sides differ at {where}", 128)
    for method in (sp.expand, sp.simplify, lambda e: sp.simplify(e.rewrite(sp.exp)), lambda e: sp.simplify(e.doit())):
        if method(difference) == 0:
            return Decision(Verdict.PROVED, "the difference simplifies to 0")
    return Decision(Verdict.UNDECIDED, f"SymPy leaves the difference {sp.simplify(difference)}")


def prove_limit(limit: sp.Expr, value: sp.Expr) -> Decision:
    """Prove that a limit has a value, for all values of the other symbols.

    Parameters
    ----------
    limit : Limit
        Unevaluated.
    value : Expr

    Examples
    --------
    >>> u = sp.Symbol("u", positive=True)
    >>> prove_limit(sp.Limit(sp.log(1 + u) / u, u, sp.oo), sp.Integer(0)).verdict
    <Verdict.PROVED: 'proved'>
    """
    if not isinstance(limit, sp.Limit):
        return Decision(Verdict.UNDECIDED, f"{type(limit).__name__} is not a limit")
    try:
        found = limit.doit()
    except (NotImplementedError, ValueError) as error:
        return Decision(Verdict.UNDECIDED, f"SymPy finds no limit ({error})")
    if found.has(sp.Limit):
        return Decision(Verdict.UNDECIDED, "SymPy finds no limit")
    decision = prove_identity(found, value)
    if decision.verdict is Verdict.PROVED:
        return Decision(Verdict.PROVED, f"the limit is {found}")
    return Decision(decision.verdict, f"the limit is {found}: {decision.reason}")


def _points(*sides: sp.Expr) -> list[dict[sp.Symbol, sp.Rational]]:
    """A few exact points in the domain of the symbols."""
    symbols = sorted(set().union(*(sp.sympify(side).free_symbols for side in sides)), key=lambda s: s.name)
    if any(s.is_even is not None or s.is_prime or s.is_composite or s.is_irrational or s.is_zero for s in symbols):
        return []
    points = []
    for first in (2, 3, 5):
        point = {}
        for i, symbol in enumerate(symbols):
            value = sp.Integer(first + i) if symbol.is_integer else sp.Rational(2 * first + 3 * i, 7)
            signed = symbol.is_nonnegative or (i + first) % 3
            point[symbol] = value if signed and not symbol.is_nonpositive else -value
        points.append(point)
    return points


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
        Refuted with a counterexample only where no function was replaced by a free variable, and no symbol has a
        domain beyond a sign. Undecided where the assumptions contradict each other.

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
    if _solve(known) == z3.unsat:
        return Decision(Verdict.UNDECIDED, "the assumptions contradict each other, so that they prove anything")
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
        elif node.is_negative:
            self.facts.append(variable < 0)
        elif node.is_nonpositive:
            self.facts.append(variable <= 0)
        elif node.is_nonzero:
            self.facts.append(variable != 0)
        if node.is_integer and node.is_positive:
            self.facts.append(variable >= 1)
        if isinstance(node, sp.Symbol) and (node.is_rational is not None or node.is_algebraic is not None):
            self.abstracted.append(f"the domain of {node}")
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
                # as_numer_denom would clear nested quotients, and with them the condition that they are defined
                below = [f for f in node.args if f.is_Pow and f.exp.could_extract_minus_sign()]
                above = [f for f in node.args if f not in below]
                if below:
                    return self.quotient(sp.Mul(*above), sp.Mul(*[sp.Pow(f.base, -f.exp) for f in below]))
                result = self.visit(above[0])
                for factor in above[1:]:
                    result = result * self.visit(factor)
                return result
            case sp.Pow(exp=exponent) if exponent.could_extract_minus_sign():
                return self.quotient(sp.Integer(1), sp.Pow(node.base, -exponent))
            case sp.Pow(exp=exponent) if exponent.is_Integer and exponent <= 16:
                return self.repeated(self.visit(node.base), int(exponent))
            case sp.Pow(exp=exponent) if exponent.is_Rational and exponent.q == 2:
                if exponent.p == 1:
                    return self.root(node.base)
                if exponent.p <= 16:
                    return self.repeated(self.visit(sp.sqrt(node.base)), int(exponent.p))
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

    @staticmethod
    def repeated(base: Any, times: int) -> Any:
        result = base
        for _ in range(times - 1):
            result = result * base
        return result

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
            order = {"<=": left <= right, "<": left < right, ">=": left >= right, ">": left > right}
            tests = {**order, "==": left == right, "!=": left != right}
            if node.rel_op in tests:
                return tests[node.rel_op]
        raise UnknownNode(type(node).__name__)


def prove_on_box(
    lhs: sp.Expr, relation: str, rhs: sp.Expr, box: Mapping[sp.Symbol, tuple[Any, Any]], prec: int = 128
) -> Decision:
    """Prove an inequality over a box of parameters by branch and bound with balls.

    Parameters
    ----------
    lhs, rhs : Expr
    relation : {"<=", "<", ">=", ">"}
    box : mapping of Symbol to (lower, upper)
        Exact ends, ``lower <= upper``, in the domain of the symbol. Irrational ends are rounded outwards.
    prec : int
        Working precision in bits; cells are halved until they have about as many.

    Returns
    -------
    Decision
        Refuted only at a rational point that is proved to lie in the box.

    Examples
    --------
    >>> x = sp.Symbol("x")
    >>> prove_on_box(sp.sin(x), "<", x + sp.Rational(1, 10), {x: (0, 3)}).verdict
    <Verdict.PROVED: 'proved'>
    """
    if relation not in ("<=", "<", ">=", ">"):
        return Decision(Verdict.UNDECIDED, f"a box does not prove {relation}")
    with ctx.workprec(prec):
        sides = {symbol: (to_arb(low), to_arb(high)) for symbol, (low, high) in box.items()}
        for symbol, (low, high) in sides.items():
            if not low <= high and not low.overlaps(high):
                return Decision(Verdict.UNDECIDED, f"the box has no {symbol}")
            if (symbol.is_nonnegative and not low >= 0) or symbol.is_nonpositive:
                return Decision(Verdict.UNDECIDED, f"the box leaves the domain of {symbol}")
        try:
            function = compile_arb(rhs - lhs if relation in ("<=", "<") else lhs - rhs, tuple(box))
        except UnknownNode as error:
            return Decision(Verdict.UNDECIDED, str(error))
        outer = tuple((_end(box[s][0], low, 0), _end(box[s][1], high, 1)) for s, (low, high) in sides.items())
        return _branch_and_bound(function, relation in ("<", ">"), sides, outer, prec)


def _end(value: Any, ball: arb, side: int) -> fmpq:
    """An end of a side, exactly where it is rational, else rounded outwards."""
    number = exact(value)
    return to_fmpq(number) if number.is_Rational else endpoints(ball)[side]


def _branch_and_bound(
    function: Any, strict: bool, sides: Mapping[sp.Symbol, tuple[arb, arb]], outer: tuple[Any, ...], prec: int
) -> Decision:
    least = [(high - low) / (1 << prec // 2) for low, high in outer]
    stack, count, stuck = [outer], 0, 0
    while stack:
        cell = stack.pop()
        count += 1
        value = function(*[arb(low) if low == high else arb(low).union(arb(high)) for low, high in cell])
        if (value > 0) if strict else (value >= 0):
            continue
        point = [(low + high) / 2 for low, high in cell]
        middle = function(*[arb(p) for p in point])
        ends = zip(point, cell, sides.values(), strict=True)
        inside = all(low == high or a <= arb(p) <= b for p, (low, high), (a, b) in ends)
        if inside and ((middle <= 0) if strict else (middle < 0)):
            where = ", ".join(f"{s}={p}" for s, p in zip(sides, point, strict=True))
            return Decision(Verdict.REFUTED, f"fails at {where}", prec)
        if count > MAX_BOXES:
            return Decision(Verdict.UNDECIDED, f"{MAX_BOXES} boxes did not suffice", prec)
        widths = [high - low for low, high in cell]
        widest = max(range(len(cell)), key=widths.__getitem__, default=0)
        if not cell or widths[widest] <= least[widest]:
            # elsewhere the claim may still be refuted
            stuck += 1
            near = ", ".join(f"{s}={p}" for s, p in zip(sides, point, strict=True))
            if stuck < MAX_STUCK:
                continue
            break
        low, high = cell[widest]
        for part in ((low, point[widest]), (point[widest], high)):
            stack.append((*cell[:widest], part, *cell[widest + 1 :]))
    if stuck:
        return Decision(Verdict.UNDECIDED, f"not decided near {near}", prec)
    return Decision(Verdict.PROVED, f"{count} boxes", prec)
