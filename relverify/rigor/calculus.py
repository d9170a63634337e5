"""Derivatives of expressions with an absolute value, in a form that shows where a kink is none."""

from __future__ import annotations

from functools import lru_cache

import sympy as sp


@lru_cache(maxsize=512)
def derivative(expression: sp.Expr, symbol: sp.Symbol, order: int = 1) -> sp.Expr:
    r"""The derivative of an expression, whose smooth parts may be written with an absolute value.

    Parameters
    ----------
    expression : Expr
    symbol : Symbol
    order : int

    Returns
    -------
    Expr
        As SymPy gives it. Where the absolute value of one linear function w of the symbol occurs, products of w, its
        absolute value and its sign are reduced (even powers of a sign are 1, which holds off a null set), and
        ``g DiracDelta(w)`` is ``g(0) DiracDelta(w)``, which is nothing where g(0) = 0. So f(\|w\|) with f'(0) = 0 has
        the second derivative f''(\|w\|).

    Examples
    --------
    >>> x, y = sp.symbols("x y", real=True)
    >>> derivative((1 + abs(x - y)) * sp.exp(-abs(x - y)), x, 2)
    (Abs(x - y) - 1)*exp(-Abs(x - y))
    >>> derivative(abs(x - y), x, 2)
    2*DiracDelta(x - y)
    """
    found = {a.args[0] for a in expression.atoms(sp.Abs) if symbol in a.free_symbols}
    w = next(iter(found)) if len(found) == 1 else None
    slope = w.diff(symbol) if w is not None else sp.nan
    if w is None or not (slope.is_number and slope.is_nonzero):
        return expression.diff(symbol, order)
    u = sp.Dummy("u", real=True)
    place = sp.expand(symbol - w / slope) + u / slope
    inner = expression.xreplace({sp.Abs(w): sp.Abs(u)}).subs(symbol, place)
    for _ in range(order):
        inner = _reduced(slope * inner.diff(u), u)
    return inner.subs(u, w)


def _reduced(expression: sp.Expr, u: sp.Symbol) -> sp.Expr:
    size, sign, delta = sp.Abs(u), sp.sign(u), sp.DiracDelta(u)
    plain = sp.expand(expression, power_exp=False, power_base=False, log=False)
    terms: list[sp.Expr] = []
    impulses: list[sp.Expr] = []
    for term in sp.Add.make_args(plain):
        rest, total, odd, deltas = sp.Integer(1), 0, 0, 0
        for factor in sp.Mul.make_args(term):
            base, exponent = factor.as_base_exp()
            whole = exponent.is_Integer and exponent > 0
            if whole and base in (u, size):
                total, odd = total + int(exponent), odd + (int(exponent) if base == u else 0)
            elif whole and base == sign:
                odd += int(exponent)
            elif factor == delta:
                deltas += 1
            else:
                rest *= factor
        if deltas and total:
            # w g(w) DiracDelta(w) = 0 for a bounded g
            continue
        power = u**total if (total + odd) % 2 == 0 else size * u ** (total - 1) if total else sign
        (impulses if deltas else terms).append(rest * power)
    smooth = [f for f in sp.Add(*terms).atoms(sp.Function) if f.has(u) and not isinstance(f, sp.Abs | sp.sign)]
    result = sp.collect(sp.Add(*terms), sorted(smooth, key=sp.default_sort_key))
    strength = sp.Add(*impulses)
    if not strength.has(sp.sign, sp.DiracDelta):
        at_kink = sp.simplify(strength.subs(size, 0).subs(u, 0))
        # an unbounded factor of an impulse is left as it stands
        strength = strength if at_kink.has(sp.zoo, sp.nan, sp.oo, -sp.oo) else at_kink
    return result + strength * delta
