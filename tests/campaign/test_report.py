"""The report is complete, needs nothing else, and opens in a browser."""

import json
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from relverify.campaign import run as campaign
from relverify.campaign.plan import Plan, Task
from relverify.campaign.report import short

PLAN = Plan(
    (
        Task("relation", "gaussian(ell=1/2)", {"x": "[0,1]", "eps": "1/10"}),
        Task("relation", "tanh_order(c=4)", {"x": "[0,1]", "eps": "1/10"}),
        Task("counts", "gaussian(ell=1/2)", {"x": "[0,1]", "eps": ("1/10", "1/100")}),
        Task("attention", "finite preorder", {"seed": 0}),
        Task("theorem", "perturbation", {"examples": 2, "seed": 0}),
        Task("theorem", "<script>alert(1)</script>", {"examples": 2, "seed": 0}),
    ),
    ("GPU: no CUDA device on this machine",),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("report")
    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(1) as executor:
        patch.setattr(campaign, "make_plan", lambda *a: PLAN)
        report = campaign.verify(out=out, executor=executor)
    assert str(report.verdict) == "undecided"
    return out


def test_results_and_plots(folder):
    data = json.loads((folder / "results.json").read_text())
    assert [r["verdict"] for r in data["results"]] == ["proved"] * 5 + ["undecided"]
    assert data["not_run"] == list(PLAN.not_run)
    assert sorted(p.name for p in (folder / "plots").iterdir()) == [
        "gaussian-ell-1-2-error.png",
        "gaussian-ell-1-2-units.png",
        "tanh-order-c-4-error.png",
    ]
    for result in data["results"][:2]:
        for path in result["result"]["files"].values():
            assert (folder / path).exists()


def test_page_is_self_contained_and_escapes_what_it_shows(folder):
    page = (folder / "report.html").read_text()
    assert not re.findall(r"""(?:src|href)=["'](?!data:|#)""", page)
    assert "<script>alert" not in page
    assert page.count("data:image/png;base64,") == 3
    assert "GPU: no CUDA device" in page
    assert "cauchy-schwarz" in page


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.slow
def test_page_opens_in_a_browser(folder, width, tmp_path):
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no Chromium on this machine")
    base = [
        chromium, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync", f"--user-data-dir={tmp_path / 'profile'}",
        f"--window-size={width},1400",
    ]  # fmt: skip
    page = (folder / "report.html").as_uri()
    done = subprocess.run([*base, "--dump-dom", page], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-500:]
    assert "what suffices, what was built" in done.stdout
    picture = tmp_path / "page.png"
    subprocess.run([*base, f"--screenshot={picture}", page], capture_output=True, timeout=120, check=True)
    assert picture.stat().st_size > 20_000


def test_short():
    assert short("1/3") == "0.3333"
    assert short(None) == "–"
