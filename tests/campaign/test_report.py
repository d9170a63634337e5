"""The report is complete, needs nothing else, and opens in a browser."""

import asyncio
import gc
import json
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from relverify.campaign import run as campaign
from relverify.campaign.plan import Plan, Task
from relverify.campaign.report import short, write
from relverify.certify import checker

sys.path.insert(0, str(Path(__file__).parent))
from browser import page
from command import until

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


OVERFLOW = """[...document.querySelectorAll('main *')].filter(e => e.getClientRects().length
    && e.getBoundingClientRect().right > innerWidth + 0.5).map(e => e.outerHTML.slice(0, 80))"""


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.slow
def test_page_in_a_browser(folder, width, tmp_path):
    asyncio.run(click_through(folder, width, tmp_path))
    gc.collect()


async def click_through(folder, width, scratch):
    async with page(scratch / "profile") as shown:
        await shown.open((folder / "report.html").as_uri(), width)
        assert await shown.run("innerWidth") == width

        async def fits():
            assert await shown.run("document.documentElement.scrollWidth <= innerWidth")
            # nor does anything scroll inside, or hang out
            assert await shown.run(OVERFLOW) == []

        await fits()
        images = "[...document.images].map(i => [i.complete, i.naturalWidth, i.getBoundingClientRect().width])"
        pictures = await shown.run(images)
        assert len(pictures) == 3 and all(done and wide > 0 and drawn > 200 for done, wide, drawn in pictures)
        # everything that opens
        count = await shown.run("document.querySelectorAll('details').length")
        opened = await shown.run("document.querySelectorAll('details[open]').length")
        assert count == 3 and opened == 1, "what is not proved is open from the start"
        for k in range(count):
            states = []
            for _ in range(2):
                states.append(await shown.run(f"document.querySelectorAll('details')[{k}].open"))
                await shown.click("details > summary", k)
            assert states == [not states[1], states[1]]
        await shown.run("document.querySelectorAll('details').forEach(d => { d.open = true })")
        await fits()
        # every link inside the page leads to what it names, and shows it
        links = await shown.run("[...document.querySelectorAll('a[href^=\"#\"]')].map(a => a.getAttribute('href'))")
        assert {"#relations", "#theorems", "#gaussian-ell-1-2", "#lemmas", "#theorem-perturbation"} <= set(links)
        for k, link in enumerate(links):
            await shown.click('a[href^="#"]', k)
            place = await shown.run("(t => t && ['#' + t.id, t.getBoundingClientRect().top, innerHeight])"
                                    "(document.querySelector(':target'))")  # fmt: skip
            assert place is not None and place[0] == link and -1 <= place[1] < place[2], (link, place)
        # no other links but downloads; each certificate passes the checker, which needs nothing of the package
        downloads = scratch / "downloads"
        await shown.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(downloads))
        names = await shown.run("[...document.querySelectorAll('a[download]')].map(a => a.download)")
        assert len(names) == 2 and len(names) + len(links) == await shown.run("document.links.length")
        for k, name in enumerate(names):
            await shown.click("a[download]", k)
            until((downloads / name).exists)
            command = [sys.executable, "-I", checker.__file__, str(downloads / name)]
            done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
            assert done.returncode == 0 and "proved" in done.stdout, done
        picture = await shown.picture()
        assert len(picture) > 20_000


def test_the_smallest_networks_are_gathered_by_relation(tmp_path):
    rows = [("1/100", 8), ("1/10", 2)]
    results = tuple(
        {"kind": "smallest", "name": "brownian", "arguments": {"eps": eps, "seed": 0}, "verdict": "proved",
         "detail": "", "seconds": 1.0, "rows": [{"eps": eps, "units": units, "upper": "0.005", "tried": {}}]}
        for eps, units in rows
    )  # fmt: skip
    counts = {"kind": "counts", "name": "brownian", "arguments": {}, "verdict": "proved", "detail": "", "seconds": 1.0,
              "rows": [{"eps": "1/10", "predicted": 3, "needed": 1}]}  # fmt: skip
    write(campaign.Report((*results, counts), (), 1.0, tmp_path))
    page = (tmp_path / "report.html").read_text()
    table = page[page.index("The smallest networks") :]
    assert table.index(">2<") < table.index(">8<")
    lines = (tmp_path / "results.csv").read_text().splitlines()
    assert lines[1].startswith("smallest,brownian,proved,1.0,1/100,,0,8,,0.005")


def test_short():
    assert short("1/3") == "0.3333"
    assert short(None) == "–"
