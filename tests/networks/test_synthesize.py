"""Smallest proved networks and their files."""

import hashlib
import json
import os
from pathlib import Path

import pytest
from flint import fmpq

from relverify.certify.certificate import check_certificate
from relverify.certify.vertex import vertex_certificate
from relverify.errors import InputError
from relverify.networks import files
from relverify.networks.synthesize import decimal, synthesize
from relverify.relations.parse import parse_relation

GAUSSIAN = parse_relation("gaussian(ell=1/2)")


@pytest.mark.parametrize("eps, units, needed", [("1e-1", 3, 1), ("1e-2", 8, 4), ("1e-3", 23, 15), ("1e-4", 71, 49)])
def test_gaussian_counts(eps, units, needed):
    lines = []
    result = synthesize(GAUSSIAN, "[0,1]", eps=eps, progress=lines.append)
    assert (result.N, result.n_x, result.n_y) == (units, units, 0) and result.psi is None
    assert result.lower <= result.upper <= result.eps and result.ratio <= 1.1
    assert result.needed == needed and result.ratio_units == units / needed
    assert any("proved" in line for line in lines)


def test_brownian_and_tanh():
    brownian = synthesize(parse_relation("brownian"), "[0,1]", eps="3e-2")
    assert (brownian.N, brownian.psi) == (6, None)
    tanh = synthesize(parse_relation("tanh_order(4)"), "[-1,1]", eps="1e-1")
    assert tanh.N == tanh.n_x + tanh.n_y <= 18 and tanh.psi is not None and tanh.needed >= 10


def test_symmetric_but_not_psd_gets_two_networks():
    result = synthesize(parse_relation("abs(x-y)"), "[0,1]", eps="3e-2")
    assert result.psi is not None and (result.n_x, result.n_y, result.N) == (12, 12, 24)


def test_written_files_prove_the_same(tmp_path):
    result = synthesize(parse_relation("tanh_order(4)"), "[-1,1]", eps="1e-1")
    paths = result.write(tmp_path / "out")
    assert sorted(os.listdir(tmp_path / "out")) == [
        "certificate.json.gz",
        "phi.safetensors",
        "psi.safetensors",
        "record.json",
    ]
    assert check_certificate(paths["certificate"])["verdict"] == "proved"
    record = json.loads(Path(paths["record"]).read_text())
    for name, entry in record["networks"].items():
        data = (tmp_path / "out" / name).read_bytes()
        assert hashlib.sha256(data).hexdigest() == entry["file_sha256"]
    phi, psi = files.load(paths["phi"]), files.load(paths["psi"])
    assert phi == result.phi and psi == result.psi
    again = vertex_certificate(parse_relation(record["relation"]), phi, psi, record["x"], record["y"], record["eps"])
    assert again.verdict == "proved"
    p, q = map(int, record["exact"]["upper"].split("/"))
    assert fmpq(p, q) == result.upper
    assert record["N"] == record["n_x"] + record["n_y"] and record["lower"] <= record["upper"] <= 0.1


def test_misuse_is_refused(tmp_path):
    for eps, word in ((None, "missing"), ("0", "not positive"), ("-1", "not positive")):
        with pytest.raises(InputError, match=word):
            synthesize(GAUSSIAN, "[0,1]", eps=eps)
    with pytest.raises(InputError, match="dimensions"):
        synthesize(GAUSSIAN, "[0,1]^2", eps="1/10")
    with pytest.raises(InputError, match="coordinates"):
        synthesize(parse_relation("x1*y1+x2*y2"), "[0,1]", eps="1/10")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be made"):
        synthesize(GAUSSIAN, "[0,1]", eps="1/5").write(tmp_path / "file")


def test_decimal_rounds_outwards():
    for p in range(1, 200, 7):
        value = fmpq(p, 997)
        low, high = decimal(value, up=False, digits=6), decimal(value, up=True, digits=6)
        assert fmpq(*low.as_integer_ratio()) < value < fmpq(*high.as_integer_ratio())
    assert decimal(fmpq(0), up=True) == 0.0


@pytest.mark.parametrize(
    ("text", "box", "eps", "said"),
    [
        ("tan(2*x)", "[0,1]", "1e-2", "not proved to be bounded"),
        ("x**x**x**x**x", "[0,1]", "1e-2", "not proved to be bounded"),
        ("x**(-400)*1e-400", "[0,1]", "1e-2", "not proved to be bounded"),
        ("gaussian(ell=1/2)", "[-1e400,1e400]", "1e-2", "end beyond 1e50"),
        ("gaussian(ell=1/2)", "[0,1]", "1e-12", "calls for about"),
        ("gaussian(ell=1/2)", "[0,1]", "1e-300", "calls for about"),
    ],
)
def test_what_is_out_of_reach_is_refused_at_once(text, box, eps, said):
    with pytest.raises(InputError, match=said) as caught:
        synthesize(parse_relation(text), box, eps=eps)
    assert len(str(caught.value)) < 300
