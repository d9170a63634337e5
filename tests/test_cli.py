"""The command: contract of exit codes, one clear line for bad input, JSON equal to the library's results."""

import json
import re
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

import relverify
from relverify import cli


def run(capsys, *arguments):
    code = cli.run(list(arguments))
    captured = capsys.readouterr()
    return code, captured.out, captured.err


BAD = {
    "negative budget": ["bound", "perturbation", "K_f=1", "K_g=1", "delta_f=-1", "delta_g=1"],
    "eps zero": ["bound", "grid-neurons", "L=1", "M=4", "eps=0", "--solve", "n"],
    "eps negative": ["synthesize", "gaussian(ell=1/2)", "--x", "[0,1]", "--eps", "-1"],
    "precision": ["train", "gaussian(ell=1/2)", "--x", "[0,1]", "--eps", "1/10", "--precision", "float16"],
    "eps zero built": ["synthesize", "gaussian(ell=1/2)", "--x", "[0,1]", "--eps", "0"],
    "unknown label": ["bound", "no-such-theorem", "n=1"],
    "unknown label shown": ["show", "no-such-theorem"],
    "unknown label verified": ["verify", "no-such-theorem"],
    "unknown symbol": ["bound", "softmax-selection", "n=2", "beta=1", "eta=1", "foo=1"],
    "missing value": ["bound", "softmax-selection", "n=2", "beta=1"],
    "not an assignment": ["bound", "softmax-selection", "n"],
    "given twice": ["bound", "softmax-selection", "n=2", "n=2", "beta=1", "eta=1"],
    "nan": ["bound", "softmax-selection", "n=2", "beta=nan", "eta=1"],
    "infinite": ["bound", "softmax-selection", "n=2", "beta=oo", "eta=1"],
    "fractional count": ["bound", "softmax-selection", "n=5/2", "beta=1", "eta=1"],
    "not solved": ["bound", "softmax-selection", "n=2", "beta=1", "eta=1", "--solve", "foo"],
    "digits": ["bound", "softmax-selection", "n=2", "beta=1", "eta=1", "--digits", "0"],
    "code": ["synthesize", "__import__('os')", "--x", "[0,1]", "--eps", "1/10"],
    "attribute": ["synthesize", "x.__class__", "--x", "[0,1]", "--eps", "1/10"],
    "power": ["synthesize", "9**9**9", "--x", "[0,1]", "--eps", "1/10"],
    "power value": ["bound", "softmax-selection", "n=9**9**9", "beta=1", "eta=1"],
    "nested": ["synthesize", "(" * 10_000 + "x" + ")" * 10_000, "--x", "[0,1]", "--eps", "1/10"],
    "long": ["synthesize", "x+" * 5_000_000 + "x", "--x", "[0,1]", "--eps", "1/10"],
    "empty box": ["synthesize", "brownian", "--x", "[1,0]", "--eps", "1/10"],
    "no box": ["synthesize", "brownian", "--x", "unit", "--eps", "1/10"],
    "plane": ["synthesize", "x1*y2", "--x", "[0,1]^2", "--eps", "1/10"],
    "asymmetric": [
        "bound", "grid-neurons", "--relation", "tanh_order(c=4)", "--x", "[-1,1]", "eps=0.1", "--solve", "n",
    ],
    "relation without box": ["bound", "grid-neurons", "--relation", "brownian", "eps=0.1", "--solve", "n"],
    "unbounded": ["synthesize", "1/(x-y)", "--x", "[0,1]", "--eps", "1/10"],
    "device": ["verify", "--device", "tpu"],
    "jobs": ["verify", "--jobs", "0"],
    "new label": ["new", "Not A Label"],
    "no such command": ["frobnicate"],
    "no such option": ["list", "--frobnicate"],
    "missing argument": ["bound"],
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_line_and_exit_64(name, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, err = run(capsys, *BAD[name])
    assert code == 64
    assert out == ""
    assert len(err.strip().splitlines()) == 1, err
    assert "Traceback" not in err
    assert len(err) < 600
    assert not list(tmp_path.iterdir())


def test_the_process_exits_64_without_a_traceback(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "relverify", "bound", "softmax-selection", "n=0", "beta=1", "eta=1"],
        capture_output=True, text=True, cwd=tmp_path, check=False,
    )  # fmt: skip
    assert done.returncode == 64
    assert "n: n > 0 does not hold" in done.stderr
    assert done.stdout == ""


def test_bound_has_fifty_agreeing_digits_and_equals_the_library(capsys):
    arguments = ["bound", "softmax-selection", "n=128", "beta=30", "eta=1/7", "--digits", "50", "--json"]
    code, out, err = run(capsys, *arguments)
    assert code == 0, err
    data = json.loads(out)
    lo, value, hi = (Fraction(data[key]) for key in ("lo", "value", "hi"))
    assert lo <= value <= hi
    assert data["lo"][:52] == data["hi"][:52] == data["mpmath"][:52]
    assert lo <= Fraction(data["mpmath"]) <= hi
    assert relverify.bound("softmax-selection", n=128, beta=30, eta="1/7", digits=50) == data
    assert data["integer"] is None


@pytest.mark.parametrize(("eps", "units"), [("1e-1", 4), ("1e-2", 10), ("1e-3", 32), ("1e-4", 100)])
def test_grid_neurons_of_the_gaussian(eps, units, capsys):
    code, out, _ = run(capsys, "bound", "grid-neurons", "L=1", "M=4", f"eps={eps}", "--solve", "n", "--json")
    assert (code, json.loads(out)["integer"]) == (0, units)
    by_relation = ["--relation", "gaussian(ell=1/2)", "--x", "[0,1]"]
    code, out, _ = run(capsys, "bound", "grid-neurons", *by_relation, f"eps={eps}", "--solve", "n", "--json")
    assert (code, json.loads(out)["integer"]) == (0, units)


def test_list_and_show_speak_of_the_same_theorems(capsys):
    rows = json.loads(run(capsys, "list", "--json")[1])["theorems"]
    assert rows == relverify.list_theorems()
    for row in rows:
        data = json.loads(run(capsys, "show", row["label"], "--json")[1])
        assert data["title"] == row["title"]
        assert all(re.fullmatch(r"[A-Za-z_0-9]+", symbol["name"]) for symbol in data["symbols"])
    assert rows[0]["label"] in run(capsys, "list")[1]
    assert "Derivation" in run(capsys, "show", rows[0]["label"])[1].title()


def test_synthesize_writes_networks_and_certificate(capsys, tmp_path):
    out = tmp_path / "made"
    arguments = ["synthesize", "gaussian(ell=1/2)", "--x", "[0,1]", "--eps", "1e-1", "--out", str(out), "--json"]
    code, text, _ = run(capsys, *arguments)
    data = json.loads(text)
    assert code == 0
    assert data["N"] == 3
    assert data["upper"] <= 0.1
    assert data["lower"] <= data["upper"]
    assert sorted(p.name for p in out.iterdir()) == ["certificate.json.gz", "phi.safetensors", "record.json"]
    assert relverify.load(data["files"]["phi"]).hidden_units == 3


@pytest.fixture
def sine(tmp_path):
    return str(relverify.save(relverify.MLP(([[1.0]], [[1.0]]), ([0.0], [0.0]), "sin"), tmp_path / "sine.safetensors"))


def test_certify_decides_and_equals_the_library(capsys, sine):
    arguments = ["certify", sine, "--relation", "x*y", "--x", "[-1,1]"]
    code, out, err = run(capsys, *arguments, "--eps", "0.3", "--json")
    data = json.loads(out)
    assert (code, data["verdict"], data["semantics"]) == (0, "proved", "real"), err
    assert Fraction(data["lower"]) <= Fraction(data["upper"]) <= Fraction(3, 10)
    library = relverify.certify("x*y", sine, x="[-1,1]", eps="0.3")
    assert str(library.upper) == data["exact"]["upper"] and library.cells == data["cells"]
    assert run(capsys, *arguments, "--eps", "0.29")[0] == 1
    assert run(capsys, *arguments, "--eps", "0.29", "--within", "1.00000000001", "--time-limit", "0")[0] in (1, 2)
    code, out, _ = run(capsys, *arguments, sine, "--within", "1.01")
    assert code == 0 and "between 0.291" in out and "target met" in out


def test_certify_of_an_execution(capsys, sine):
    arguments = ["certify", sine, "--relation", "x*y", "--x", "[-1,1]", "--eps", "0.3"]
    data = json.loads(run(capsys, *arguments, "--semantics", "float32", "--json")[1])
    assert (data["verdict"], data["semantics"], data["device"]) == ("proved", "float32", "cpu")
    assert 0 < Fraction(data["rounding"]) < Fraction(1, 10**5)
    code, out, _ = run(capsys, *arguments, "--semantics", "float64", "--threads", "1", "--device", "cpu")
    assert code == 0 and "within 4 units in the last place" in out and "of it rounding" in out
    code, out, _ = run(capsys, *arguments[:-1], "0.2")
    assert code == 1 and "between 0.29" in out and "refuted" in out


def test_certify_says_undecided(capsys, sine):
    code, out, _ = run(capsys, "certify", sine, "--relation", "1/(x-y)", "--x", "[0,1]", "--time-limit", "1", "--json")
    assert code == 2
    assert json.loads(out)["upper"] is None
    assert json.loads(out)["verdict"] == "undecided"
    out = run(capsys, "certify", sine, "--relation", "1/(x-y)", "--x", "[0,1]", "--time-limit", "0")[1]
    assert "at least 0" in out and "proved; no upper bound: time limit reached" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--x", "[0,1]^2"], "phi: has 1 inputs"),
        (["--x", "[1,0]"], "x: "),
        (["--x", "[0,1]", "--eps", "0"], "eps: 0 is not positive"),
        (["--x", "[0,1]", "--activation", "swish"], "activation 'swish' is unknown"),
        (["--x", "[0,1]", "--memory", "0"], "memory: "),
        (["--x", "[0,1]", "--semantics", "float16"], "semantics: 'float16' is unknown"),
        (["--x", "[0,1]", "--device", "tpu"], "device: 'tpu' is unknown"),
        (["--x", "[0,1]", "--threads", "0"], "threads: 0 is no number of threads"),
        ([], "--x"),
    ],
)
def test_certify_refuses_bad_input(arguments, message, capsys, sine):
    code, out, err = run(capsys, "certify", sine, "--relation", "x*y", *arguments)
    assert code == 64 and out == "" and message in err and len(err.strip().splitlines()) == 1


def test_new_writes_a_module_and_never_overwrites(capsys, tmp_path):
    code, out, _ = run(capsys, "new", "my-theorem", "--out", str(tmp_path))
    path = Path(out.strip())
    assert code == 0
    assert path.name == "my_theorem.py"
    before = path.read_text()
    assert run(capsys, "new", "my-theorem", "--out", str(tmp_path))[0] == 64
    assert path.read_text() == before


def test_truncated_network_file_is_refused(tmp_path):
    relverify.save(relverify.MLP(([[1.0]], [[2.0]]), ([0.0], [0.0])), tmp_path / "phi.safetensors")
    data = (tmp_path / "phi.safetensors").read_bytes()
    (tmp_path / "phi.safetensors").write_bytes(data[: len(data) // 2])
    with pytest.raises(relverify.InputError) as error:
        relverify.load(tmp_path / "phi.safetensors")
    assert "\n" not in str(error.value)


def test_version(capsys):
    assert run(capsys, "--version")[1].strip() == f"relverify {relverify.__version__}"


def test_without_arguments_there_is_help(capsys):
    assert cli.run([]) == 64
    assert "synthesize" in capsys.readouterr().out


def test_verify_leaves_nothing_beside_its_folder(tmp_path):
    command = [sys.executable, "-m", "relverify", "verify", "perturbation", "--out", "report"]
    found = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


EMPTY = [
    ["certify", "net.safetensors", "--relation", "x*y", "--x", "[0,1]", "--out"],
    ["synthesize", "x*y", "--x", "[0,1]", "--eps", "1/4", "--out"],
    ["train", "x*y", "--x", "[0,1]", "--eps", "1/4", "--out"],
    ["limits", "x*y", "--x", "[0,1]", "--eps", "1/4", "--out"],
    ["audit", "model.safetensors", "--config", "config.json", "--out"],
    ["verify", "perturbation", "--out"],
    ["report", "store", "--out"],
    ["new", "my-theorem", "--out"],
    ["compare", "x*y", "--x", "[0,1]", "--eps", "1/4", "--plot"],
]


@pytest.mark.parametrize("arguments", EMPTY, ids=lambda a: a[0])
def test_empty_paths_are_refused_before_any_work(capsys, tmp_path, monkeypatch, arguments):
    monkeypatch.chdir(tmp_path)
    for given in ([*arguments, ""], [*arguments[:-1], arguments[-1] + "="]):
        code, out, err = run(capsys, *given)
        assert code == 64 and out == "" and err.count("\n") == 1
        assert f"{arguments[-1]}: is empty" in err
    assert list(tmp_path.iterdir()) == []
