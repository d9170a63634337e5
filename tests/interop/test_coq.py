"""The printer to Coq, and what the proofs reject."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import sympy as sp

from relverify.errors import InputError, UnknownNode
from relverify.interop.coq import Bound, certificate, definition, generate, identifier, main, render, to_coq

ROOT = Path(__file__).resolve().parents[2]
PROOFS = ROOT / "proofs"

a, b, c = sp.symbols("a b c", real=True)
x, y = sp.symbols("x y", positive=True)
K_f, K_g, delta_f, delta_g = sp.symbols("K_f K_g delta_f delta_g", nonnegative=True)
n = sp.Symbol("n", integer=True, positive=True)
beta, eta = sp.symbols("beta eta", positive=True)

PERTURBATION = K_f * delta_g + K_g * delta_f + delta_f * delta_g
SOFTMAX = 1 / (1 + (n - 1) * sp.exp(-beta * eta))


@pytest.mark.parametrize(
    ("expr", "text"),
    [
        (sp.Integer(7), "7"),
        (sp.Integer(-7), "(- 7)"),
        (sp.Rational(1, 3), "(1 / 3)"),
        (sp.Rational(-2, 3), "((- 2) / 3)"),
        (sp.pi, "PI"),
        (sp.E, "(exp 1)"),
        (a + b, "(a + b)"),
        (a - b, "(a - b)"),
        (-a - b, "(- a - b)"),
        (-a * b, "(- (a * b))"),
        (3 * a / (4 * b), "(3 * a / (4 * b))"),
        (a / (b * c), "(a / (b * c))"),
        (a / 2 - 1, "((a / 2) - 1)"),
        (a**2, "(a ^ 2)"),
        (1 / a, "(/ a)"),
        (a**-3, "(/ (a ^ 3))"),
        (sp.sqrt(x), "(sqrt x)"),
        (x ** sp.Rational(3, 2), "((sqrt x) ^ 3)"),
        (1 / sp.sqrt(x), "(/ (sqrt x))"),
        (sp.exp(-x), "(exp (- x))"),
        (sp.log(x), "(ln x)"),
        (sp.sin(a) * sp.cos(a), "((sin a) * (cos a))"),
        (sp.atan(a), "(atan a)"),
        (sp.tanh(a), "(tanh a)"),
        (sp.Abs(a), "(Rabs a)"),
        (sp.Max(a, b), "((a + b + Rabs (a - b)) / 2)"),
        (sp.Min(a, b), "((a + b - Rabs (a - b)) / 2)"),
        (PERTURBATION, "((K_f * delta_g) + (K_g * delta_f) + (delta_f * delta_g))"),
        (SOFTMAX, "(/ (((n - 1) * (exp (- (beta * eta)))) + 1))"),
    ],
)
def test_prints(expr: sp.Expr, text: str) -> None:
    assert to_coq(expr) == text


@pytest.mark.parametrize(
    ("expr", "name"),
    [
        (sp.Float("0.5"), "Float"),
        (a + sp.Float(2), "Float"),
        (sp.gamma(x), "gamma"),
        (1 + sp.sin(sp.besselj(0, a)), "besselj"),
        (sp.Piecewise((a, a > 0), (b, True)), "Piecewise"),
        (x**y, "Pow"),
        (x ** sp.Rational(1, 3), "Pow"),
        (x**1000, "Pow"),
        (sp.I * a, "ImaginaryUnit"),
        (sp.oo, "Infinity"),
        (sp.nan, "NaN"),
        (sp.zoo, "ComplexInfinity"),
        (sp.Function("f")(a), "f"),
        (sp.EulerGamma, "EulerGamma"),
    ],
)
def test_refuses_unknown_nodes_by_name(expr: sp.Expr, name: str) -> None:
    with pytest.raises(UnknownNode, match=repr(name)):
        to_coq(expr)


def test_a_function_of_the_user_cannot_pose_as_a_known_one() -> None:
    with pytest.raises(UnknownNode):
        to_coq(sp.Function("exp")(a))


@pytest.mark.parametrize("name", ["R", "exp", "in", "PI"])
def test_names_that_mean_something_in_coq_are_renamed(name: str) -> None:
    assert identifier(sp.Symbol(name)) == f"{name}_"


@pytest.mark.parametrize("name", ["", "1x", "a b", "δ", "x'", "x). Admitted. (*"])
def test_names_that_are_no_identifiers_are_refused(name: str) -> None:
    with pytest.raises(InputError):
        identifier(sp.Symbol(name))
    with pytest.raises(InputError):
        definition(name, a, (a,))


def test_definition_needs_every_symbol_once() -> None:
    with pytest.raises(InputError, match="b is missing"):
        definition("bound", a + b, (a,))
    with pytest.raises(InputError, match="twice"):
        definition("bound", a, (a, sp.Symbol("a", positive=True)))
    assert definition("two", sp.Integer(2), ()) == "Definition two : R :=\n  2.\n"


def test_certificate_encloses_the_value_closely_and_keeps_the_house_rule() -> None:
    text = certificate("bound", SOFTMAX, {beta: "1/3", eta: 2, n: 10**6})
    low, high = (
        int(m) * sp.Rational(1, 10) ** int(e) for m, e in re.findall(r"\((\d+) / 10 \^ (\d+)\)", text)
    )
    value = SOFTMAX.subs({beta: sp.Rational(1, 3), eta: 2, n: 10**6})
    assert low < value < high
    assert (high - low) / low < sp.Rational(1, 10**14)
    assert "bound (1 / 3) 2 1000000" in text
    assert int(re.findall(r"i_prec (\d+)", text)[0]) >= 60


@pytest.mark.parametrize(
    ("value", "sign"), [(sp.Integer(0), "- 1"), (sp.Rational(-1, 3), "- 3"), (-sp.pi * 10**30, "- 3")]
)
def test_certificate_of_other_values(value: sp.Expr, sign: str) -> None:
    assert certificate("bound", value, {}).splitlines()[1].startswith(f"  ({sign}")


def test_certificate_refuses_what_is_not_exact_or_not_enclosed() -> None:
    with pytest.raises(InputError, match="a float"):
        certificate("bound", a, {a: 0.1})
    with pytest.raises(InputError, match="not enclosed"):
        certificate("bound", 1 / a, {a: 0})


def bounds() -> list[Bound]:
    return [
        Bound("softmax-selection", SOFTMAX, "theories/Link.v", "softmax_selection_generated"),
        Bound("perturbation", PERTURBATION, "theories/Link.v", "perturbation_generated"),
    ]


def test_the_same_bytes_whatever_the_order_and_the_hash_seed(tmp_path: Path) -> None:
    path = tmp_path / "Generated.v"
    assert generate(path, bounds())
    data = path.read_bytes()
    time = path.stat().st_mtime_ns
    assert not generate(path, reversed(bounds()))
    assert path.stat().st_mtime_ns == time
    assert list(tmp_path.iterdir()) == [path]
    script = (
        "import sympy as sp; from relverify.interop.coq import to_coq;"
        "s = sp.symbols('z y x w v', real=True);"
        "print(to_coq(sp.Max(*s) * sum(s) * sp.prod(s) + sp.Min(*s) + sp.exp(sum(s))))"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", script], env={**os.environ, "PYTHONHASHSEED": seed}, cwd=ROOT,
            capture_output=True, text=True, check=True,
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(printed) == 1
    assert data.startswith(b"(* Printed by relverify") and data.isascii()


def test_generate_leaves_nothing_behind_when_it_fails(tmp_path: Path) -> None:
    with pytest.raises(UnknownNode):
        generate(tmp_path / "Generated.v", [Bound("bad", sp.gamma(x), "theories/Link.v", "bad")])
    assert list(tmp_path.iterdir()) == []


def test_command_prints_every_record_that_claims_a_proof(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from relverify.core.registry import theorems

    path = tmp_path / "Generated.v"
    assert main([str(path)]) == 0
    claims = re.findall(r"^\(\* claim (\S+) (\S+) (\S+) ", path.read_text(), re.MULTILINE)
    proofs = {label: t.formal_proof for label, t in theorems().items() if t.formal_proof}
    assert {label: (file, lemma) for label, file, lemma in claims} == {
        k: (p.file, p.lemma) for k, p in proofs.items()
    }
    assert {"perturbation", "softmax-selection"} <= set(proofs)
    assert main([]) == 64
    assert main([str(tmp_path / "absent" / "Generated.v")]) == 64
    assert "Traceback" not in capsys.readouterr().err


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, "PYTHONPATH": path, "MAKEFLAGS": ""}
    command = ["make", "-C", str(folder), f"PYTHON={sys.executable}", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=300)


needs_coq = pytest.mark.skipif(
    not (shutil.which("coqc") and shutil.which("make")), reason="coqc or make is not installed"
)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the proofs, built from the records."""
    folder = tmp_path_factory.mktemp("coq") / "proofs"
    made = shutil.ignore_patterns("Generated.v", "*.vo", "*.vok", "*.vos", "*.glob", ".*")
    shutil.copytree(PROOFS, folder, ignore=made)
    done = make(folder, "-j2")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "certificates proved from the axioms" in done.stdout
    return folder


def without_certificates(text: str) -> str:
    return re.sub(r"^Lemma .*?Qed\.$", "", text, flags=re.MULTILINE | re.DOTALL)


def lowered(text: str) -> str:
    """Lower the upper end of the last certificate to its lower end."""
    *_, (low, high) = re.findall(r"(\(\d+ / 10 \^ \d+\)) <=.*?<= (\(\d+ / 10 \^ \d+\))", text, re.DOTALL)
    return text.replace(f"<= {high}", f"<= {low}")


def bare(old: str, new: str) -> Callable[[str], str]:
    """Without certificates, so that the links alone have to object."""
    return lambda text: without_certificates(text).replace(old, new)


FLOATS = "\nLemma without_precision : 2 <= exp 1 <= 3.\nProof. interval. Qed.\n"

# the file that is changed, the change, and where it is noticed
MUTATIONS: dict[str, tuple[str, Callable[[str], str], str]] = {
    "sign-in-exp": ("Generated", bare("(exp (- (beta * eta)))", "(exp (beta * eta))"), "Link.v"),
    "larger-constant": ("Generated", bare("(delta_f * delta_g)", "(2 * delta_f * delta_g)"), "Link.v"),
    "constant": ("Generated", bare("(n - 1)", "(n - 2)"), "Link.v"),
    "constant-certified": ("Generated", lambda t: t.replace("(n - 1)", "(n - 2)"), "Generated.v"),
    "certificate-end": ("Generated", lowered, "Generated.v"),
    "floats": ("Generated", lambda t: t + FLOATS, "depend on the axiom PrimFloat"),
    "claim": ("Generated", lambda t: t.replace("perturbation_generated", "perturbation_grand"), "no theorem"),
    "admitted": (
        "Link",
        lambda t: t.replace("Proof. unfold perturbation_bound; ring. Qed.", "Admitted."),
        "audit:",
    ),
}


@pytest.mark.slow
@needs_coq
@pytest.mark.parametrize("name", MUTATIONS)
def test_make_fails_when_something_is_changed(name: str, built: Path, tmp_path: Path) -> None:
    module, mutate, complaint = MUTATIONS[name]
    folder = tmp_path / "proofs"
    shutil.copytree(built, folder)
    path = folder / "theories" / f"{module}.v"
    text = path.read_text()
    mutated = mutate(text)
    assert mutated not in (text, without_certificates(text))
    path.write_text(mutated)
    done = make(folder, "check")
    assert done.returncode != 0
    assert complaint in done.stderr


@pytest.mark.slow
@needs_coq
def test_coq_agrees_with_arb_on_every_node(built: Path) -> None:
    """The certificates hold the printer and the enclosures against each other, one node at a time."""
    half = sp.Rational(1, 2)
    nodes = [
        sp.exp(-x),
        sp.log(x),
        sp.sin(x),
        sp.cos(x),
        sp.atan(x),
        sp.tanh(x),
        sp.Abs(x - 2),
        sp.pi * x,
        sp.E * x,
    ]
    nodes += [
        sp.Max(x, y, x * y),
        sp.Min(x, y, x * y),
        x ** (3 * half),
        x ** (-5 * half),
        x**-2 - y**3,
        1 / (1 - x),
    ]
    nodes += [-7 * x / (6 * y), -x, sp.Integer(0), x / 10**40, -x * 10**40]
    text = render(Bound(f"node-{i:02}", node, "theories/Nodes.v", "none") for i, node in enumerate(nodes))
    path = built.parent / "Nodes.v"
    path.write_text(text)
    command = ["coqc", "-w", "none", "-noglob", "-Q", str(built / "theories"), "Relverify", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
