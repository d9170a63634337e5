"""Short reStructuredText in other clothes: plain text for terminals, LaTeX, and escaped text for pages."""

from __future__ import annotations

import re
from collections.abc import Callable

_MARKUP = re.compile(r":([\w:]+):`([^`]*)`|``([^`]+)``|\*\*([^*\s][^*]*)\*\*|\*([a-z][a-z0-9-]*)\*")
_COMMANDS = {
    "varphi": "φ", "phi": "φ", "psi": "ψ", "varepsilon": "ε", "epsilon": "ε", "alpha": "α", "beta": "β",
    "gamma": "γ", "delta": "δ", "eta": "η", "theta": "θ", "tau": "τ", "mu": "μ", "lambda": "λ", "rho": "ρ",
    "sigma": "σ", "ell": "ℓ", "omega": "ω", "pi": "π", "kappa": "κ", "xi": "ξ", "Lambda": "Λ", "Omega": "Ω",
    "Phi": "Φ", "Psi": "Ψ", "Delta": "Δ", "le": "≤", "leq": "≤", "ge": "≥", "geq": "≥", "neq": "≠", "ne": "≠",
    "in": "∈", "notin": "∉", "to": "→", "times": "×", "cdot": "·", "partial": "∂", "infty": "∞", "langle": "⟨",
    "rangle": "⟩", "|": "‖", "Vert": "‖", "lVert": "‖", "rVert": "‖", "vert": "|", "lvert": "|", "rvert": "|",
    "sum": "Σ", "int": "∫", "prod": "Π", "lceil": "⌈", "rceil": "⌉", "lfloor": "⌊", "rfloor": "⌋",
    "succeq": "⪰", "preceq": "≼", "prec": "≺", "succ": "≻", "top": "T", "subset": "⊂", "cup": "∪", "cap": "∩",
    "setminus": "∖", "mapsto": "↦", "Rightarrow": "⇒", "iff": "⇔", "forall": "∀", "exists": "∃", "dots": "…",
    "ldots": "…", "cdots": "…", "approx": "≈", "equiv": "≡", "pm": "±", "sim": "~", "ast": "*", "quad": " ",
    "qquad": "  ", "prime": "′", "colon": ":", "mid": "|", "sup": "sup ", "inf": "inf ", "max": "max ",
    "min": "min ", "log": "log ", "exp": "exp ", "tanh": "tanh ", ",": " ", ";": " ", ":": " ", "!": "",
    " ": " ", "{": "{", "}": "}", "%": "%", "left": "", "right": "", "bigl": "", "bigr": "", "Bigl": "",
    "Bigr": "", "big": "", "displaystyle": "", "mathrm": "", "mathbf": "", "mathbb": "", "mathcal": "",
    "text": "", "operatorname": "",
}  # fmt: skip
_ACCENTS = {"hat": "\u0302", "widehat": "\u0302", "tilde": "\u0303", "widetilde": "\u0303", "bar": "\u0304"}
_GROUP = r"\{((?:[^{}]|\{[^{}]*\})*)\}"


def math_to_text(math: str) -> str:
    r"""LaTeX of a short formula as one line of Unicode text.

    Examples
    --------
    >>> math_to_text(r"\tfrac{1}{2}\|\varphi-f\|\le\sqrt{M/\varepsilon}")
    '1/2‖φ-f‖ ≤ √(M/ε)'
    """
    text = math.replace("\\lVert", "\\|").replace("\\rVert", "\\|")
    for _ in range(4):
        text = re.sub(rf"\\[dt]?frac{_GROUP}{_GROUP}", lambda m: f"{_atom(m[1])}/{_atom(m[2])}", text)
        text = re.sub(rf"\\sqrt{_GROUP}", lambda m: f"√{_atom(m[1])}", text)
        text = re.sub(rf"\\({'|'.join(_ACCENTS)})(?:{_GROUP}|\s*([A-Za-z]))", _accent, text)
    text = re.sub(r"\\([A-Za-z]+|.)\s?", lambda m: _COMMANDS.get(m[1], m[1]), text)
    text = re.sub(r"([_^])\{(\w)\}", r"\1\2", text)
    text = re.sub(r"([_^])\{([^{}]*)\}", lambda m: f"{m[1]}({m[2]})", text)
    text = text.replace("{", "").replace("}", "").replace("^2", "²").replace("^3", "³")
    text = re.sub(r"\s*([≤≥=<>≠≼≺≻⪰→∈])\s*", r" \1 ", text)
    return " ".join(text.split()).replace(" _", "_").replace(" )", ")").replace("( ", "(")


def _atom(text: str) -> str:
    return text if re.fullmatch(r"\\?\w+", text) else f"({text})"


def _accent(match: re.Match[str]) -> str:
    return (match[2] or match[3]) + _ACCENTS[match[1]]


def to_text(source: str) -> str:
    r"""Readable plain text.

    Examples
    --------
    >>> to_text("At most :math:`K\\delta` by ``bound``, see *symmetric*.")
    'At most Kδ by bound, see symmetric.'
    """

    def show(role: str, inner: str) -> str:
        return math_to_text(inner) if role == "math" else re.sub(r"\s*<[^<>]*>$", "", inner)

    return " ".join(_replace(source, show, str).split())


def to_latex(source: str) -> str:
    """LaTeX text.

    Examples
    --------
    >>> print(to_latex("At most :math:`K_f` in 100% of *cases*"))
    At most $K_f$ in 100\\% of \\emph{cases}
    """

    def show(role: str, inner: str) -> str:
        if role == "math":
            return f"${inner}$"
        command = {"literal": "texttt", "strong": "textbf", "emphasis": "emph"}.get(role, "texttt")
        return f"\\{command}{{{_latex_escape(inner)}}}"

    return " ".join(_replace(source, show, _latex_escape).split())


def _latex_escape(text: str) -> str:
    text = text.replace("\\", "\\textbackslash ")
    return re.sub(r"[%&#_$^{}]", lambda m: {"^": "\\^{}"}.get(m[0], "\\" + m[0]), text)


def to_rst(source: str, link: Callable[[str], str | None] = lambda label: None) -> str:
    """Text with the roles that it has, everything else escaped; a ``*label*`` becomes a link where `link` knows it.

    Examples
    --------
    >>> print(to_rst("sup |r| over :math:`x_1` of a_ and b*"))
    sup \\|r\\| over :math:`x_1` of a\\_ and b\\*
    """

    def show(role: str, inner: str) -> str:
        if role == "emphasis":
            return link(inner) or f"*{inner}*"
        return {"literal": f"``{inner}``", "strong": f"**{inner}**"}.get(role, f":{role}:`{inner}`")

    def escape(text: str) -> str:
        return re.sub(r"[\\*|`]|_(?=\W|$)", lambda m: "\\" + m[0], text)

    return " ".join(_replace(source, show, escape).split())


def _replace(source: str, show: Callable[[str, str], str], other: Callable[[str], str]) -> str:
    parts, end = [], 0
    for match in _MARKUP.finditer(source):
        parts.append(other(source[end : match.start()]))
        role, inner, literal, strong, emphasis = match.groups()
        if role:
            parts.append(show(role, inner))
        elif literal:
            parts.append(show("literal", literal))
        else:
            parts.append(show("strong", strong) if strong else show("emphasis", emphasis))
        end = match.end()
    return "".join([*parts, other(source[end:])])
