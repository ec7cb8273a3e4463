"""Chapter 14's live figure in a browser with no kernel: it calculates what minigpt.training.calculator does."""

from __future__ import annotations

import random

import pytest
from conftest import unusable, watched
import torch
from test_widgets_browser import AXE, VENDOR, page_text

from minigpt import widgets
from minigpt.config import GPT2_SIZES
from minigpt.training import Settings, calculator
from minigpt.training.calculator import cost, duration, memory_of, size
from minigpt.training.perf import GPU_PEAKS, flops_per_token
from minigpt.widgets.figures import source

TITLE = "What a run takes"
PARTS = ("weights", "gradients", "optimizer", "copies", "activations", "passing", "total")


@pytest.fixture(scope="module")
def own_site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    (folder / "_static").mkdir()
    (folder / "_static" / "vendor").symlink_to(VENDOR)
    quiz = widgets.quiz([{"question": "Which?", "answer": "This."}])
    (folder / "index.html").write_text(page_text([widgets.CostCalculator()], quiz), encoding="utf-8")
    (folder / "empty.html").write_text("<!doctype html><html><title>empty</title><body>")
    return folder


def opened(browser, own_site, width=900, **context):
    page = watched(browser, own_site / "index.html", width, **context)
    page.wait_for_selector(".mg-facts dd")
    return page


@pytest.fixture(scope="module")
def module(browser, own_site):
    """A page in which `window.m` holds the functions of the figure."""
    page = browser.new_page()
    page.goto((own_site / "empty.html").as_uri())
    names = "parameters, shapeOf, flopsPerToken, memoryOf, costOf, resolve, sizeWords, duration"
    script = source("core.js", "chart.js", "sizes.js", "cost.js") + f"\nexport {{ {names} }};"
    page.evaluate(
        """async (text) => {
            window.m = await import(URL.createObjectURL(new Blob([text], { type: "text/javascript" })));
        }""",
        script,
    )
    yield page
    page.close()


def configurations(many: int = 400) -> list[dict]:
    """Runs of all kinds, the four recipes' shapes among them, as the figure holds them."""
    dice, found = random.Random(14), []
    for number in range(many):
        gpus = dice.choice([1, 2, 3, 8, 32])
        n_layer, n_head, n_embd = list(GPT2_SIZES.values())[number % 4]
        if number >= 40:
            n_layer, n_head = dice.randint(1, 60), dice.randint(1, 30)
            n_embd = n_head * dice.choice([1, 16, 64, 100])
        found.append({
            "n_layer": n_layer, "n_head": n_head, "n_embd": n_embd, "vocab": dice.choice([300, 8192, 50257, 50304]),
            "block": dice.choice([1, 64, 1024, 2000]), "batch": dice.choice([1, 3, 8, 64]),
            "accum": gpus * dice.choice([1, 2, 5]), "steps": dice.randint(1, 10**6), "gpus": gpus,
            "half": dice.random() < 0.5, "recompute": dice.random() < 0.4, "utilization": dice.choice([0.05, 0.4, 1.0]),
            "parallel": dice.choice(["ddp", "fsdp", "auto"]), "gpu": dice.choice(list(calculator.GPU_MEMORY)),
            "price": dice.choice([None, 0.0, 2.5]),
        })  # fmt: skip
    return found


def settings_of(run: dict) -> Settings:
    return Settings(
        n_layer=run["n_layer"], n_head=run["n_head"], n_embd=run["n_embd"], block_size=run["block"],
        batch_size=run["batch"], grad_accum=run["accum"], max_steps=run["steps"],
        recompute="true" if run["recompute"] else "false", parallel=run["parallel"],
    )  # fmt: skip


def test_everything_is_the_calculators(module):
    """Parameters, FLOP, each part of the memory, time and money, of 400 configurations."""
    runs = configurations()
    rates = {name: [GPU_PEAKS[name], memory] for name, memory in calculator.GPU_MEMORY.items()}
    constants = widgets.CostCalculator().constants
    got = module.evaluate(
        """([runs, rates, constants]) => runs.map((run) => {
            const [peak, memory] = rates[run.gpu];
            const now = m.resolve(run, memory, constants);
            return [m.parameters(m.shapeOf(run)), m.flopsPerToken(run), now.parallel, m.memoryOf(now, constants),
                    m.costOf(now, peak, run.price)];
        })""",
        [runs, rates, constants],
    )
    chosen = set()
    for run, (parameters, flops, parallel, memory, whole) in zip(runs, got, strict=True):
        s, V = settings_of(run), run["vocab"]
        dtype = torch.bfloat16 if run["half"] else torch.float32
        wanted = run["parallel"]
        if wanted == "auto":  # as calculator.table does
            fits = memory_of(s, V, dtype, "ddp", run["gpus"]).total < 0.9e9 * calculator.GPU_MEMORY[run["gpu"]]
            wanted = "ddp" if fits or run["gpus"] == 1 else "fsdp"
        assert parallel == wanted
        chosen.add((run["parallel"], wanted))
        config = s.model_config(V)
        assert (parameters, flops) == (config.n_params, flops_per_token(config))
        own = memory_of(s, V, dtype, wanted, run["gpus"])
        for part in PARTS:
            assert memory[part] == pytest.approx(getattr(own, part), rel=1e-12), (part, run)
        price = run["price"]
        told = cost(s, V, run["gpu"], run["gpus"], run["utilization"], price)
        assert (whole["tokens"], whole["flops"]) == (told.tokens, pytest.approx(told.flops, rel=1e-12))
        assert whole["seconds"] == pytest.approx(told.seconds, rel=1e-12)
        assert whole["dollars"] == (None if price is None else pytest.approx(told.dollars, rel=1e-12))
    assert {("auto", "ddp"), ("auto", "fsdp")} <= chosen  # both came about


def test_numbers_are_told_as_the_command_tells_them(module):
    bytes_told, seconds = [0, 4.99e5, 52_300_000, 999e6, 1e9, 18.9e9, 123e9], [1, 90, 7199, 7200, 21600, 172_800, 2e6]
    assert module.evaluate("(all) => all.map(m.sizeWords)", bytes_told) == [size(one) for one in bytes_told]
    assert module.evaluate("(all) => all.map(m.duration)", seconds) == [duration(one) for one in seconds]


# ---- What the reader does ----


def figure(page):
    return page.get_by_role("group", name=TITLE, exact=True)


def fact(page, name: str) -> str:
    return figure(page).locator(".mg-facts > div", has=page.get_by_text(name, exact=True)).locator("dd").inner_text()


def test_one_number_is_changed(page):
    said = figure(page).get_by_role("status")
    assert fact(page, "parameters") == "124,439,808" and fact(page, "FLOP a token") == "855,166,464"
    assert figure(page).get_by_role("button", name="124M", exact=True).get_attribute("aria-pressed") == "true"
    figure(page).get_by_role("button", name="1558M").press("Enter")
    assert fact(page, "parameters") == "1,557,611,200" and said.inner_text().startswith("It fits into 80 GB")
    eighth = fact(page, "on 8 × H100")
    figure(page).get_by_label("GPUs", exact=True).fill("1")
    assert fact(page, "on 1 × H100") != eighth
    figure(page).get_by_label("machine").select_option("T4")
    assert "does not fit into 16 GB" in said.inner_text() and fact(page, "of money") == "no price"
    figure(page).get_by_label("$ an hour, one").fill("0.35")
    assert fact(page, "of money").startswith("$")
    before = fact(page, "of memory, one GPU")
    figure(page).get_by_role("checkbox", name="compute activations again").check()
    assert fact(page, "of memory, one GPU") != before
    figure(page).get_by_role("radio", name="32 bit").check()
    assert "the time too short" in said.inner_text()
    figure(page).get_by_label("GPUs", exact=True).fill("8")
    figure(page).get_by_role("radio", name="shared out (FSDP)").check()
    assert "shared out" in said.inner_text()
    slider = figure(page).get_by_role("slider", name="share of the peak")
    slider.focus()
    before = fact(page, "on 8 × T4")
    page.keyboard.press("Home")
    assert fact(page, "on 8 × T4") != before


def test_what_cannot_be_is_refused(page):
    said = figure(page).get_by_role("status")
    figure(page).get_by_label("GPUs", exact=True).fill("5")
    assert "5 GPUs cannot share the 32 batches" in said.inner_text()
    figure(page).get_by_label("GPUs", exact=True).fill("4")
    figure(page).get_by_label("heads").fill("7")
    assert "must be a multiple" in said.inner_text()
    figure(page).get_by_label("heads").fill("")
    assert "heads must be a whole number from 1 to 200" in said.inner_text()
    assert not figure(page).locator(".mg-facts").is_visible()
    figure(page).get_by_role("button", name="124M", exact=True).click()
    assert fact(page, "parameters") == "124,439,808"


@pytest.mark.parametrize(("scheme", "width"), [("light", 900), ("dark", 900), ("light", 390), ("dark", 390)])
def test_accessible_and_narrow(browser, own_site, scheme, width):
    page = opened(browser, own_site, width, color_scheme=scheme, reduced_motion="reduce")
    ground = page.evaluate("getComputedStyle(document.querySelector('.mg')).backgroundColor")
    assert ground == {"light": "rgb(255, 255, 255)", "dark": "rgb(22, 25, 29)"}[scheme]
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.add_script_tag(path=str(AXE))
    assert unusable(page) == [] and page.problems == []
    page.context.close()


@pytest.mark.parametrize("over", ["http", "file"])
def test_the_chapter_has_its_figure_alive(page_for, over):
    page = page_for("14", over=over)
    page.wait_for_selector(".mg-facts dd")
    assert page.locator(".mg-wrong").count() == 0 and page.problems == []
