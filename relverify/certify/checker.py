"""Check a certificate, with the standard library and python-flint alone: ``python checker.py CERTIFICATE``.

The file claims lower <= sup|r(x, y) - <phi(x), psi(y)>| <= upper over a box. It holds the networks, r as operations, a
point for the lower bound, and a tree that divides the box into cells, with a bound each. Nothing that a search found is
trusted: on every cell phi, psi and r are enclosed anew by Taylor models: f(c + h t) is in p(t) for all |t_i| <= 1, p a
polynomial of degree K whose coefficients are balls. Coefficients are subtracted before absolute values are taken. What
a cell states must be what is found here, so that a changed number is noticed even where it would do no harm.
"""
# mypy: ignore-errors

import base64
import gzip
import hashlib
import json
import math
import re
import struct
import sys
from fractions import Fraction
from functools import lru_cache, partial, reduce
from itertools import chain, pairwise, product

from flint import arb, arb_mat, arb_series, ctx, fmpq

SCHEMA, LIMIT, FINE, ZERO, ONE, UNIT = "relverify-certificate-1", 2**28, 2**100, arb(0), arb(1), arb(0, 1)

class Rejected(ValueError):
    """The file does not prove what it claims; any other ValueError says that it is no certificate."""

def need(condition, text, kind=Rejected):
    """Raise an error unless a condition holds."""
    if not condition:
        raise kind(text)

def total(*models):
    """The sum of the absolute values of coefficients; a model has a dictionary from monomials to balls a degree."""
    return sum(map(abs, chain(*(part.values() for part in models))), ZERO)

def constant(value, order):
    return [{0: value}] + [{} for _ in range(order)]

def combine(*terms):
    """The sum of factors times models."""
    result = [{} for _ in terms[0][1]]
    for factor, z in terms:
        for out, part in zip(result, z, strict=True):
            for key, value in part.items():
                out[key] = out[key] + factor * value if key in out else factor * value
    return result

def times(a, b):
    """A product; what has a degree above K goes to the radius of the constant."""
    order, result = len(a) - 1, [{} for _ in a]
    for i, part in enumerate(a):
        for j in range(order + 1 - i) if part else ():
            out = result[i + j]
            for m, u in part.items():
                for n, v in b[j].items():
                    out[m + n] = out[m + n] + u * v if m + n in out else u * v
    s, t = ([total(part) for part in z] for z in (a, b))
    result[0][0] = result[0].get(0, ZERO) + sum((s[i] * sum(t[-i:], ZERO) for i in range(1, order + 1)), ZERO) * UNIT
    return result

def expand(function, centre, count):
    found = function(arb_series([centre, 1], prec=count))
    need(found.prec >= count, "series: too short", ValueError)
    return found.coeffs() + [ZERO] * count

def compose(function, z):
    """A function of a model: the Taylor polynomial at its constant, and Lagrange's rest over pieces of its range."""
    order, centre, reach = len(z) - 1, z[0].get(0, ZERO), total(*z[1:])
    if reach == 0:
        return constant(expand(function, centre, 1)[0], order)
    count = min(16, int(float(reach.upper()) * 8) + 1) if reach < 100 else 1
    parts = [expand(function, centre + reach * (k + UNIT) / count, order + 2) for k in range(1 - count, count, 2)]
    whole, rest = (reduce(arb.union, [part[k] for part in parts]) for k in (0, order + 1))
    rest *= reach ** (order + 1) * (UNIT if order % 2 == 0 else (UNIT + 1) / 2)
    if not (rest.is_finite() and rest.rad() < whole.rad()):
        return constant(whole, order)
    taylor, power, terms = expand(function, centre, order + 1), [{}, *z[1:]], [(rest, constant(ONE, order))]
    for coefficient in taylor[1 : order + 1]:
        terms.append((coefficient, power))
        power = times(power, [{}, *z[1:]])
    return combine((taylor[0], constant(ONE, order)), *terms)

def kinked(left, right, z):
    """The function with slopes left < right beside 0; if 0 is inside, the chord and half the distance from it."""
    middle, reach = z[0].get(0, ZERO), total(*z[1:])
    lo, hi = (middle - reach).lower(), (middle + reach).upper()
    if lo >= 0 or hi <= 0:
        return combine((right if lo >= 0 else left, z))
    gap = (right - left) * -lo * hi / (hi - lo) / 2
    return combine(((right * hi - left * lo) / (hi - lo), z), (gap + gap * UNIT, constant(ONE, len(z) - 1)))

def tanh(s):
    """By t' = w (1 - t²) for the series s = c + w X; the value by that at the ends."""
    t = [s[0].lower().tanh().union(s[0].upper().tanh())]
    for i in range(s.prec - 1):
        t.append(s[1] * ((i == 0) - sum((t[k] * t[i - k] for k in range(i + 1)), ZERO)) / (i + 1))
    return arb_series(t, prec=s.prec)

SERIES = {name: getattr(arb_series, name) for name in ("exp", "log", "sin", "cos", "tan", "sqrt", "erf", "atan")} | {
    "tanh": tanh, "sigmoid": lambda s: (1 + tanh(s / 2)) / 2, "silu": lambda s: s * (1 + tanh(s / 2)) / 2,
    "softplus": lambda s: (1 + arb_series([s[0]]).exp()).log() + ((1 + tanh(s / 2)) / 2).integral(),
    "gelu": lambda s: s * (1 + (s / arb(2).sqrt()).erf()) / 2,
    "inverse": lambda s: 1 / s if s[0] != 0 else s * arb.nan()}  # fmt: skip
CALLS = {name: partial(compose, function) for name, function in SERIES.items()} | {
    "relu": partial(kinked, ZERO, ONE), "leaky_relu": partial(kinked, arb(0.01), ONE), "identity": list,
    "square": lambda z: times(z, z), "Abs": partial(kinked, -ONE, ONE),
    "add": lambda a, b: combine((ONE, a), (ONE, b)), "sub": lambda a, b: combine((ONE, a), (-ONE, b)), "mul": times,
    "div": lambda a, b: times(a, CALLS["inverse"](b)),
    "Max": lambda a, b: CALLS["add"](b, CALLS["relu"](CALLS["sub"](a, b))),
    "Min": lambda a, b: CALLS["sub"](a, CALLS["relu"](CALLS["sub"](a, b)))}  # fmt: skip
KINDS = ("tanh", "sigmoid", "sin", "relu", "leaky_relu", "softplus", "gelu", "silu", "square", "identity")
SIGNS = {"add": "({} + {})", "sub": "({} - {})", "mul": "({} * {})", "div": "({} / {})", "square": "({} ** 2)"}

def rational(text):
    need(re.fullmatch(r"-?[0-9]{1,1200}(/0*[1-9][0-9]{0,1200})?", text), "not an exact number", ValueError)
    return fmpq(*map(int, text.split("/")))

def program(tape, names, order):
    """The steps of r, each a number, a variable or a function of earlier steps, and the text that they spell."""
    steps, texts = [], []
    for name, *given in tape:
        numbers = [] if name in ("number", "variable") else given
        need(all(type(n) is int and 0 <= n < len(texts) for n in numbers), "tape: not an earlier step", ValueError)
        if name == "variable":
            step, text = names.index(given[0]), given[0]
        elif name == "number":
            value = {"pi": arb.pi(), "E": ONE.exp()}.get(given[0]) or arb(rational(given[0]))
            step, text = partial(constant, value, order), f"({given[0]})"
        else:
            parts = [texts[n] for n in numbers]
            step, text = CALLS[name], SIGNS.get(name, name + "(" + ", ".join(parts) + ")").format(*parts)
        need(len(text) < 20000, "tape: too long", ValueError)
        texts, steps = [*texts, text], [*steps, (step, numbers)]
    return steps, texts[-1]

@lru_cache
def monomials(variables, order):
    grid = [e for e in product(range(order + 1), repeat=variables) if sum(e) <= order]
    return [[sum(e << 4 * k for k, e in enumerate(es)) for es in grid if sum(es) == d] for d in range(order + 1)]

def coordinates(cell, order):
    """The models of the coordinates in intervals of float64 numbers, or at rational numbers."""
    models = []
    for k, (lo, hi) in enumerate(cell):
        middle = min(max(lo + (hi - lo) / 2, lo), hi)
        half = (arb(hi) - arb(middle)).max(arb(middle) - arb(lo))
        models.append([{0: arb(middle)}, {1 << 4 * k: half} if lo < hi else {}, {}, {}, {}, {}, {}][: order + 1])
    return models

def network(data, inputs):
    """The activation and the layers, as exact matrices and biases."""
    raw, layers, place = base64.b64decode(data["weights"], validate=True), [], 0
    state = f"relverify-mlp-1:{data['activation']}".encode()
    for rows, columns in data["shapes"]:
        need(type(rows) is int and 0 < rows < LIMIT and columns == inputs, "network: shapes do not fit", ValueError)
        numbers = struct.unpack_from(f"<{rows * columns + rows}d", raw, place)
        need(all(map(math.isfinite, numbers)), "network: a weight is not finite", ValueError)
        state += f":{rows}x{columns}:".encode() + raw[place : place + 8 * len(numbers)]
        values, inputs, place = list(map(arb, numbers)), rows, place + 8 * len(numbers)
        layers.append((arb_mat(rows, columns, values[:-rows]), values[-rows:]))
    need(layers and place == len(raw) and data["activation"] in KINDS, "network: not understood", ValueError)
    need(hashlib.sha256(state).hexdigest() == data["sha256"], "network: the hash of the weights differs")
    return data["activation"], layers

def flat(model, table):
    return [part.get(key, ZERO) for part, keys in zip(model, table, strict=True) for key in keys]

def side(own, other, cell, order):
    """A network on a cell, P + W s with |s| <= slack: P by degrees, and bounds whose products bound all else."""
    table, slack, (activation, layers) = monomials(len(cell), order), [ZERO] * len(cell), own
    rows = [flat(model, table) for model in coordinates(cell, order)]
    for depth, (weights, biases) in enumerate(layers):
        for k, row in enumerate(rows if depth else ()):
            entries = iter(row)
            z = [{key: v for key, v in zip(keys, entries, strict=False) if not v.is_zero()} for keys in table]
            rows[k] = flat(CALLS[activation](z), table)
            if not rows[k][0].is_finite() and activation != "square":  # |s(z)| is at most |z| + 1, or 1
                rows[k] = [UNIT * (1 if activation in KINDS[:3] else sum(map(abs, row), ONE)), *[ZERO] * (len(row) - 1)]
        if depth and depth == len(layers) - 1:
            slack, rows = [row[0].rad() for row in rows], [[row[0].mid(), *row[1:]] for row in rows]
        rows = [[row[0] + b, *row[1:]] for row, b in zip((weights * arb_mat(rows)).tolist(), biases, strict=True)]
    stops = [0, *(sum(map(len, table[: d + 1])) for d in range(order + 1))]
    norms = [[sum(map(abs, row[i:j]), ZERO) for row in rows] for i, j in pairwise(stops)]
    beyond = [sum(c, ZERO) for d in range(order, 0, -1) for c in zip(*norms[d:], strict=True)]
    foreign = other[1][-1][0].transpose()
    lifted = [sum(map(abs, row), ZERO) for row in (foreign * arb_mat(rows)).tolist()]
    mixed = [[abs(v) for v in row] for row in (foreign * layers[-1][0]).tolist()]
    moved = map(arb.__add__, lifted, (arb_mat(mixed) * arb_mat([[v] for v in slack])).entries())
    left, right = [[*chain(*norms[1:]), *slack, *lifted]], [[v] for v in (*beyond, *moved, *slack)]
    by_degree = [arb_mat([[row[k] for row in rows] for k in range(i, j)]) for i, j in pairwise(stops)]
    return by_degree, [arb_mat([row[:j] for row in rows]) for j in stops[1:]], arb_mat(left), arb_mat(right)

def error_model(document, order):
    """The Taylor model of e = r - <phi, psi> as a function of pairs of cells, and the text of r."""
    p, q = len(document["x"]), len(document["y"])
    names = [f"{s}{k + 1}" if max(p, q) > 1 else s for s, count in (("x", p), ("y", q)) for k in range(count)]
    phi, psi = network(document["phi"], p), network(document["psi"] or document["phi"], q)
    need(p + q <= 8 and phi[1][-1][0].nrows() == psi[1][-1][0].nrows(), "networks do not fit", ValueError)
    steps, text = program(document["tape"], names, order)
    cached = lru_cache(4096)(lambda k, cell: side((phi, psi)[k], (psi, phi)[k], cell, order))
    def model(cell):
        (rows, _, left, _), (_, columns, _, right) = cached(0, cell[:p]), cached(1, cell[p:])
        variables, values = coordinates(cell, order), []
        for step, numbers in steps:
            values.append(variables[step] if type(step) is int else step(*(values[n] for n in numbers)))
        e = [dict(part) for part in values[-1]]
        for i, part in enumerate(monomials(p, order)):
            entries = iter((rows[i] * columns[order - i]).entries())
            for a, (j, keys) in product(part, enumerate(monomials(q, order)[: order + 1 - i])):
                for key in (a + (b << 4 * p) for b in keys):
                    e[i + j][key] = e[i + j].get(key, ZERO) - next(entries)
        e[0][0] += (left * right)[0, 0] * UNIT
        return e
    return model, text

def bound(e, count):
    """A bound of |e| for a model e in some variables; a mixed term h t u is at most |h|, or |h| (t² + u²)/2."""
    e, best, rest = [*e, {}, {}], ZERO, total(*e[3:])
    mixed = {key: abs(v) for key, v in e[2].items() if key not in [2 << 4 * k for k in range(count)]}
    for sign in (1, -1):
        plain, shared = total(mixed), ZERO
        for k in range(count):
            slope, bend = abs(e[1].get(1 << 4 * k, ZERO)), sign * e[2].get(2 << 4 * k, ZERO)
            share = sum((v for key, v in mixed.items() if key >> 4 * k & 15), ZERO) / 2
            plain, shared = plain + top(slope, bend), shared + top(slope, bend + share)
        best = best.max(sign * e[0][0] + plain.min(shared))
    return (best + rest).upper()

def top(slope, bend):
    """A bound of slope t + bend t² over |t| <= 1."""
    peak = slope + bend if slope > -2 * bend else slope.min(slope * slope / (-4 * bend))
    return peak if bend < 0 else slope + bend.max(ZERO)

def hull(ends):
    (a, lo), (b, hi) = ((float(v), v) for v in (Fraction(int(v.p), int(v.q)) for v in ends))
    return a if a <= lo else math.nextafter(a, -math.inf), b if b >= hi else math.nextafter(b, math.inf)

def sealed(document):
    rest = {key: document[key] for key in sorted(document) if key != "sha256"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()

def check(document):
    """Prove what a certificate claims; returns the verdict, the relation and the bounds."""
    need(document["schema"] == SCHEMA and document["semantics"] == "real", f"not of the schema {SCHEMA}", ValueError)
    need(document["sha256"] == sealed(document), "the hash of the file differs")
    order, precision = document["order"], document["precision"]
    need(type(order) is int and 0 < order < 7 and type(precision) is int and 52 < precision < 5000, "order", ValueError)
    lower, box = rational(document["lower"]), [tuple(map(rational, ends)) for ends in document["x"] + document["y"]]
    upper, eps = (None if document[key] is None else rational(document[key]) for key in ("upper", "eps"))
    need(document["points"] and (upper is not None or eps is not None), "no points, or no claim", ValueError)
    with ctx.workprec(256):
        model, text = error_model(document, 0)
        need(document["relation"] == text, "relation: not the text of the tape")
        for k, (point, value) in enumerate(document["points"]):
            cell = tuple((v, v) for v in map(rational, point))
            need(all(a <= v[0] <= b for v, (a, b) in zip(cell, box, strict=True)), f"point {k}: not in the box")
            e = model(cell)[0][0]
            need(abs(e * FINE - arb(rational(value))) <= 1, f"point {k}: the error is not the stated one")
            need(k or abs(e) >= arb(lower), "lower: not reached at the first point")
    if upper is not None:
        with ctx.workprec(precision):
            divide(document, error_model(document, order)[0], [tuple(map(hull, box))], arb(upper))
    verdict = "proved" if eps is None or (upper is not None and upper <= eps) else "undecided"
    bounds = {key: v and arb(v).str(12) for key, v in (("lower", lower), ("upper", upper), ("eps", eps))}
    verdict = "refuted" if eps is not None and lower > eps else verdict
    return {"verdict": verdict, "relation": document["relation"], **bounds}

def divide(document, model, stack, upper):
    """Follow the tree from the box to its leaves, and bound the error on each."""
    raw, unit = base64.b64decode(document["bounds"], validate=True), arb(2) ** rational(document["unit"])
    stated = iter(struct.unpack(f">{len(raw) // 2}H", raw))
    for mark in document["tree"]:
        cell = stack.pop()
        if mark == ".":
            claim, found = next(stated, 0), bound(model(cell), len(cell))
            need(found <= claim * unit <= upper, f"cell {cell}: not proved")
            need(found > (claim - 2) * unit, f"cell {cell}: the bound is another")
        else:
            n = "01234567".index(mark)
            lo, hi, middle = *cell[n], cell[n][0] + (cell[n][1] - cell[n][0]) / 2
            need(lo < middle < hi, f"tree: {cell} cannot be divided so")
            stack += [(*cell[:n], half, *cell[n + 1 :]) for half in ((middle, hi), (lo, middle))]
    need(not stack and next(stated, None) is None, "tree: does not cover the box")

def verify(path):
    """Read and check a certificate; the verdict is proved, refuted, undecided, rejected or malformed."""
    try:
        with gzip.open(path) as file:
            return check(json.loads(file.read(LIMIT)))
    except Exception as error:
        verdict = "rejected" if isinstance(error, Rejected) else "malformed"
        return {"verdict": verdict, "reason": " ".join(f"{error or type(error).__name__}".split())[:300]}

if __name__ == "__main__":
    result = verify(sys.argv[-1])
    print(*(f"{key}: {value}" for key, value in result.items()), sep="\n")
    sys.exit({"proved": 0, "refuted": 1, "rejected": 1, "undecided": 2}.get(result["verdict"], 64))
