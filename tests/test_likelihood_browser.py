"""Chapter 09's live figure in a browser with no kernel: it counts as the package does, and everyone can use it."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from conftest import unusable
import torch
from test_widgets_browser import AXE, VENDOR, nasty_texts, page_text

from minigpt import tinyweb, widgets
from minigpt.metrics import nats_to_bits, perplexity
from minigpt.widgets import assets
from minigpt.widgets.figures import source
from minigpt.zeroshot.language import as_stream, window_ends
from minigpt.zeroshot.scoring import Row, score
from minigpt.zeroshot.task import Reader

TITLE = "One text, one likelihood, every unit and window"
TEXT = (
    'The last words of Nina that day were "Ida dizi epeleku", which means "Ida sold the kite".\n'
    "But Faye read it twice, and looked for a goat.\n"
)
SIZES = ("0.25M", "0.67M")  # those that the tests load


def nats_of(text: str, context: int, parts: int, size: str = "0.67M") -> tuple[np.ndarray, np.ndarray]:
    """Nats of each token as the package has them, and the tokens that each was predicted from."""
    torch.set_num_threads(1)
    model, tok = tinyweb.load_model(size)
    stream = as_stream([text], 0, Reader(tok, model.config.block_size, start=True), False)
    nats, seen = [], []
    for first, end in window_ends(len(stream.owner), context, context // parts):
        begin = max(0, end - context)
        got = score(model, [[Row(stream.ids[begin : end + 1].tolist(), first - begin + 1, first - begin + 1)]])
        nats += got[0][0].nats
        seen += [target - begin + 1 for target in range(first, end)]
    return np.array(nats), np.array(seen)


@pytest.fixture(scope="module")
def own_site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    (folder / "_static" / "generated").mkdir(parents=True)
    (folder / "_static" / "vendor").symlink_to(VENDOR)
    for size in SIZES:
        name = assets.MODEL + size
        (folder / "_static" / "generated" / f"{name}.js").write_text(assets.script(name), encoding="utf-8")
    quiz = widgets.quiz([{"question": "Which?", "answer": "This."}])
    made = widgets.Likelihood(text=TEXT, context=16, parts=1)
    (folder / "index.html").write_text(page_text([made], quiz), encoding="utf-8")
    (folder / "empty.html").write_text("<!doctype html><title>Empty</title>", encoding="utf-8")
    return folder


def opened(browser, own_site, **settings):
    context = browser.new_context(**settings)
    page = context.new_page()
    page.set_default_timeout(30_000)
    page.problems = []
    page.on("console", lambda m: page.problems.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda e: page.problems.append(str(e)))
    page.goto((own_site / "index.html").as_uri())
    page.get_by_role("button", name="Load 0.67M").click()
    done(page)
    return page


def figure(page):
    return page.get_by_role("group", name=TITLE, exact=True)


def done(page) -> None:
    """Waits until every way to cut the text is computed."""
    page.wait_for_function("document.querySelector('.mg-windows')?.getAttribute('aria-busy') === 'false'")


def unit(page, name: str) -> list[str]:
    """The row of a unit: count, nats, bits, perplexity."""
    table = figure(page).get_by_role("group", name="The same number in every unit")
    row = table.locator("tbody tr", has=page.get_by_role("rowheader", name=name, exact=True))
    return row.locator("td").all_inner_texts()


# ---- What is computed ----


def test_windows_and_nats_are_the_packages(browser, own_site):
    page = browser.new_page()
    page.goto((own_site / "empty.html").as_uri())
    page.add_script_tag(path=str(own_site / "_static" / "generated" / "tinyweb-0.25M.js"))
    page.evaluate(
        """async (text) => {
            window.m = await import(URL.createObjectURL(new Blob([text], { type: "text/javascript" })));
            const { meta, buffers } = minigptAssets["tinyweb-0.25M"];
            const plain = buffers.map((one) => Uint8Array.from(atob(one), (x) => x.charCodeAt(0)).buffer);
            window.both = m.openModel({ meta, buffers: plain });
        }""",
        source("core.js", "bpe.js", "gpt.js", "models.js", "likelihood.js")
        + "\nexport { openModel, predict, unitCounts, windowEnds };",
    )
    for case in ((10, 4, 4), (7, 4, 2), (5, 8, 1), (64, 64, 8), (1, 1, 1)):
        assert page.evaluate("(x) => m.windowEnds(...x)", case) == [list(one) for one in window_ends(*case)]
    run = """([text, context, parts]) => {
        const steps = m.predict(both.model, [both.tokenizer.eot, ...both.tokenizer.encode(text)], context, parts);
        for (;;) { const { done, value } = steps.next(); if (done) return [[...value.nats], [...value.seen]]; }
    }"""
    for context, parts in ((8, 1), (8, 8), (16, 2), (256, 1)):
        nats, seen = page.evaluate(run, [TEXT, context, parts])
        expected, its_seen = nats_of(TEXT, context, parts, "0.25M")
        assert np.abs(np.array(nats) - expected).max() < 2e-3 and seen == its_seen.tolist()
    for text in nasty_texts():
        counts = page.evaluate("(text) => m.unitCounts(text, 1)", text)
        assert counts["word"] == len(text.split()), repr(text[:80])
        assert counts["byte"] == len(text.encode()) and counts["character"] == len(text)
        assert counts["word or line end"] == len(text.split()) + text.count("\n")
    page.close()


def test_every_number_of_the_table_is_right(page):
    words = len(TEXT.split())
    buttons = figure(page).locator(".mg-windows button")
    assert buttons.count() == 17
    for button in buttons.all():
        context, parts = map(int, button.get_attribute("data-key").split("/"))
        nats, _ = nats_of(TEXT, context, parts)
        assert float(button.inner_text()) == pytest.approx(perplexity(nats.sum(), words), rel=0.01)


def test_units_are_those_of_the_package(page):
    nats, _ = nats_of(TEXT, 16, 1)
    n_bytes, words = len(TEXT.encode()), len(TEXT.split())
    whole = unit(page, "the whole text")
    assert float(whole[1]) == pytest.approx(nats.sum(), abs=0.11)
    assert float(whole[2]) == pytest.approx(nats_to_bits(nats.sum()), abs=0.15)
    for name, count in (
        ("a token", len(nats)), ("a word", words), ("a word or line end", words + 2), ("a byte", n_bytes),
        ("a character", len(TEXT)),
    ):  # fmt: skip
        shown = unit(page, name)
        assert shown[0] == str(count)
        assert float(shown[1]) == pytest.approx(nats.sum() / count, abs=2e-3)
        assert float(shown[3].replace(",", "")) == pytest.approx(math.exp(nats.sum() / count), rel=5e-3)


# ---- What the reader does ----


def test_a_press_on_a_number_cuts_the_text_in_that_way(page):
    cuts = figure(page).locator(".mg-token.mg-begins")
    n_tokens = figure(page).locator(".mg-tokens .mg-token").count()
    assert cuts.count() == len(list(window_ends(n_tokens, 16, 16))) - 1
    before = unit(page, "a word")
    figure(page).get_by_role("button", name="context 16, 4 windows begun in each").press("Enter")
    assert figure(page).locator(".mg-windows [aria-pressed=true]").get_attribute("data-key") == "16/4"
    assert page.evaluate("document.activeElement.dataset.key") == "16/4"  # the keyboard's place is kept
    assert cuts.count() == len(list(window_ends(n_tokens, 16, 4))) - 1
    assert float(unit(page, "a word")[1]) < float(before[1])


def test_a_token_says_what_it_cost_and_what_it_saw(page):
    chips = figure(page).locator(".mg-tokens .mg-token")
    said = figure(page).locator(".mg-live")
    chips.first.focus()
    assert "seeing 1 token" in said.inner_text()
    page.keyboard.press("End")
    nats, seen = nats_of(TEXT, 16, 1)
    cost = float(re.search(r"cost ([\d.]+) nats", said.inner_text())[1])
    assert cost == pytest.approx(nats[-1], abs=0.01) and f"seeing {seen[-1]} tokens" in said.inner_text()
    page.keyboard.press("Home")
    for _ in range(16):
        page.keyboard.press("ArrowRight")
    assert "the first of its window" in said.inner_text()
    assert chips.nth(16).get_attribute("title").endswith("seeing 1 token")


def test_colours_tell_surprise_context_and_what_the_cut_added(page):
    chips = "[...document.querySelectorAll('.mg-tokens .mg-token')]"
    every = f"{chips}.map((chip) => getComputedStyle(chip).backgroundColor).join()"
    colours = set()
    for name in ("surprise", "context it had", "added by the cut"):
        figure(page).get_by_role("radio", name=name).check()
        colours.add(page.evaluate(every))
    assert len(colours) == 3


def test_other_texts_and_another_model(page):
    box = figure(page).get_by_role("textbox", name="Your text")
    box.fill("")
    page.wait_for_function("document.querySelectorAll('.mg-tokens .mg-token').length === 0")
    done(page)
    assert unit(page, "a word") == ["0", "–", "–", "–"]
    assert figure(page).locator(".mg-live").inner_text() == "No text, no likelihood."
    box.fill("你好 🙂")
    page.wait_for_function("document.querySelectorAll('.mg-tokens .mg-token').length > 3")
    done(page)
    assert unit(page, "a character")[0] == "4" and unit(page, "a byte")[0] == "11"
    large = unit(page, "a byte")
    figure(page).get_by_role("radio", name="0.25M").check()
    page.wait_for_function("document.body.textContent.includes('64 wide')")
    done(page)
    assert unit(page, "a byte")[1] != large[1]
    box.fill("x " * 400)
    page.wait_for_function("document.body.textContent.includes('Only the first 160 tokens')")
    assert figure(page).locator(".mg-tokens .mg-token").count() == 160


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_and_for_everyone(browser, own_site, scheme):
    page = opened(browser, own_site, color_scheme=scheme, viewport={"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.add_script_tag(path=str(AXE))
    assert unusable(page) == [] and page.problems == []
    page.context.close()


def test_bad_settings_are_refused():
    with pytest.raises(ValueError, match="context is 8, 16, 32, 64 or 256"):
        widgets.Likelihood(context=100)
    with pytest.raises(ValueError, match="there are: 0.25M"):
        widgets.Likelihood(size="3M")


@pytest.mark.parametrize("over", ["http", "file"])
def test_the_chapter_has_its_figure_alive(page_for, over):
    page = page_for("09", over=over)
    figure(page).first.get_by_role("button", name="Load").click()
    page.wait_for_selector(".mg-windows [aria-pressed=true]")
    page.wait_for_function("!isNaN(parseFloat(document.querySelector('.mg-windows [aria-pressed=true]').textContent))")
    assert page.locator(".mg-wrong").count() == 0 and page.problems == []
