"""One notation for all theorems.

A symbol carries its domain as SymPy assumptions; every evaluation enforces them. What a symbol means is said by each
theorem that uses it.
"""

from __future__ import annotations

import sympy as sp

_TABLE: dict[str, sp.Symbol] = {}
_LATEX: dict[str, str] = {}


def _symbol(name: str, latex: str = "", **domain: bool) -> sp.Symbol:
    symbol = sp.Symbol(name, **(domain or {"real": True}))
    _TABLE[name] = symbol
    if latex:
        _LATEX[name] = latex
    return symbol


def _positive(name: str, latex: str = "") -> sp.Symbol:
    return _symbol(name, latex, positive=True)


def _nonnegative(name: str, latex: str = "") -> sp.Symbol:
    return _symbol(name, latex, nonnegative=True)


def _count(name: str, latex: str = "") -> sp.Symbol:
    return _symbol(name, latex, integer=True, positive=True)


def _count0(name: str, latex: str = "") -> sp.Symbol:
    return _symbol(name, latex, integer=True, nonnegative=True)


# points
x, y, z = _symbol("x"), _symbol("y"), _symbol("z")
x1, x2, x3 = _symbol("x1", "x_1"), _symbol("x2", "x_2"), _symbol("x3", "x_3")
y1, y2, y3 = _symbol("y1", "y_1"), _symbol("y2", "y_2"), _symbol("y3", "y_3")

# sizes and indices
n = _count("n")
n_x, n_y = _count("n_x"), _count("n_y")
N = _count0("N")
m = _count("m")
d = _count0("d")
k = _count0("k")
P = _count("P")
runs = _count("runs")
i = _count("i")

# errors and budgets
eps = _positive("eps", r"\varepsilon")
eps_u = _nonnegative("eps_u", r"\varepsilon_u")
eps_1 = _positive("eps_1", r"\varepsilon_1")
eps_2 = _nonnegative("eps_2", r"\varepsilon_2")
tau = _nonnegative("tau", r"\tau")
delta = _nonnegative("delta", r"\delta")
delta_f, delta_g = _nonnegative("delta_f", r"\delta_f"), _nonnegative("delta_g", r"\delta_g")
t = _nonnegative("t")

# sizes of functions and domains
K = _nonnegative("K")
K_f, K_g = _nonnegative("K_f"), _nonnegative("K_g")
L = _positive("L")
L_x, L_y = _positive("L_x"), _positive("L_y")
M = _nonnegative("M")
M_x, M_y = _nonnegative("M_x"), _nonnegative("M_y")
M_xy = _nonnegative("M_xy", "M_{xy}")
g_x, g_y = _nonnegative("g_x"), _nonnegative("g_y")
R = _positive("R")
V = _positive("V")
R_x, R_y = _positive("R_x"), _positive("R_y")
Omega = _nonnegative("Omega", r"\Omega")
rho = _positive("rho", r"\rho")
rho_1, rho_2 = _positive("rho_1", r"\rho_1"), _positive("rho_2", r"\rho_2")
d_1, d_2 = _count("d_1"), _count("d_2")
D = _nonnegative("D")
M_3 = _nonnegative("M_3")
kappa = _nonnegative("kappa", r"\kappa")
norm_f = _nonnegative("norm_f", r"\|f\|")
h = _positive("h")
h_x, h_y = _positive("h_x"), _positive("h_y")
S, T = _nonnegative("S"), _nonnegative("T")
T_d, T_neg = _nonnegative("T_d"), _nonnegative("T_neg", r"T_-")
Q = _symbol("Q")
p = _positive("p")
s = _positive("s")
q = _nonnegative("q")
a, b, c = _symbol("a"), _symbol("b"), _symbol("c")
mu = _nonnegative("mu", r"\mu")
v = _nonnegative("v")
w = _symbol("w")

# attention
eta = _positive("eta", r"\eta")
beta = _nonnegative("beta", r"\beta")
theta = _positive("theta", r"\theta")
gamma = _positive("gamma", r"\gamma")
gamma_1, gamma_2 = _positive("gamma_1", r"\gamma_1"), _positive("gamma_2", r"\gamma_2")
ell = _positive("ell", r"\ell")
A, B = _nonnegative("A"), _nonnegative("B")


def symbol(name: str) -> sp.Symbol:
    """The symbol of a given ASCII name.

    Examples
    --------
    >>> symbol("eps").is_positive
    True
    """
    return _TABLE[name]


def latex(expression: sp.Basic) -> str:
    """Typeset an expression in the notation of the table.

    Examples
    --------
    >>> latex(eps_u / 2)
    '\\\\frac{\\\\varepsilon_u}{2}'
    """
    return str(sp.latex(expression, symbol_names={_TABLE[name]: code for name, code in _LATEX.items()}))


def domain(quantity: sp.Symbol) -> str:
    """The domain of a symbol in words.

    Examples
    --------
    >>> domain(eps), domain(n), domain(N)
    ('real > 0', 'integer >= 1', 'integer >= 0')
    """
    if quantity.is_integer:
        return "integer >= 1" if quantity.is_positive else ("integer >= 0" if quantity.is_nonnegative else "integer")
    return "real > 0" if quantity.is_positive else ("real >= 0" if quantity.is_nonnegative else "real")
