"""Chapter 02's live figure in a browser with no kernel: it counts as `minigpt.ngram` does, and everyone can use it."""

from __future__ import annotations

import base64
import json
import math
import random

import numpy as np
import pytest
from conftest import unusable, watched
from test_widgets_browser import AXE, VENDOR, nasty_texts, page_text

from minigpt import widgets
from minigpt.metrics import bits_per_byte, nats_to_bits, perplexity
from minigpt.ngram import END, UNKNOWN, NGram, cut_words
from minigpt.widgets import assets
from minigpt.widgets.figures import source

TITLE = "What comes next?"


@pytest.fixture(scope="module")
def counted():
    """A few hundred invented pages: enough to count in, and quickly trained on at every order."""
    dice = random.Random(3)
    words = ["the", " hen", " cow", " sat", " ate", " on", " an", " egg", ".", "\n", " Ida", "你好", " 🙂"]
    return [dice.choices(words, range(len(words), 0, -1), k=dice.randrange(0, 14)) for _ in range(400)]


@pytest.fixture(scope="module")
def own_site(tmp_path_factory, counted):
    folder = tmp_path_factory.mktemp("site")
    (folder / "_static" / "generated").mkdir(parents=True)
    (folder / "_static" / "vendor").symlink_to(VENDOR)
    meta, buffers = assets.words_asset(counted)
    content = json.dumps({"meta": meta, "buffers": [base64.b64encode(buffer).decode() for buffer in buffers]})
    script = f"(globalThis.minigptAssets ??= {{}}).words = {content};"
    (folder / "_static" / "generated" / "words.js").write_text(script, encoding="utf-8")
    quiz = widgets.quiz([{"question": "Which?", "answer": "This."}])
    made = widgets.NextWord(text="the hen sat on", n=3)
    (folder / "index.html").write_text(page_text([made], quiz), encoding="utf-8")
    (folder / "empty.html").write_text("<!doctype html><html><title>empty</title><body>")
    return folder


def opened(browser, own_site, width=900, **context):
    page = watched(browser, own_site / "index.html", width, **context)
    page.wait_for_selector(".mg-bars button")
    return page


@pytest.fixture(scope="module")
def module(browser, own_site, counted):
    """A page in which `window.m` holds the figure's functions, and `window.c` has counted the pages."""
    page = browser.new_page()
    page.goto((own_site / "empty.html").as_uri())
    meta, buffers = assets.words_asset(counted)
    page.evaluate(
        """async ([text, meta, data]) => {
            window.m = await import(URL.createObjectURL(new Blob([text], { type: "text/javascript" })));
            window.c = new m.Counted({ meta, buffers: [Uint8Array.from(atob(data), (x) => x.charCodeAt(0)).buffer] });
        }""",
        [
            source("core.js", "nextword.js") + "\nexport { Counted, cutWords };",
            meta,
            base64.b64encode(buffers[0]).decode(),
        ],
    )
    yield page
    page.close()


def figure(page):
    return page.get_by_role("group", name=TITLE, exact=True)


def fact(page, name: str) -> str:
    return figure(page).locator(".mg-facts > div", has=page.get_by_text(name, exact=True)).locator("dd").inner_text()


# ---- What is computed ----


@pytest.mark.parametrize("n", [1, 2, 3, 6])
def test_probabilities_are_the_packages(module, counted, n):
    smooth, plain = NGram.train(counted, n), NGram.train(counted, n, add_k=0)
    assert module.evaluate("c.words") == smooth.words
    unseen = ["nobody", " hen", " knows"]
    contexts = [[], ["the"], ["the", " hen", " sat", " on", " an"], ["\n", "你好"], unseen, [" 🙂"] * 7, counted[0]]
    for context in contexts:
        ids = [0, *(smooth.words.index(word) if word in smooth.words else 1 for word in context)]
        got = module.evaluate("([ids, n]) => [...c.probabilities(ids, n, 'kneser-ney')]", [ids, n])
        assert np.abs(np.array(got) - smooth.probabilities(context)).max() < 1e-12
        counts_alone = "([ids, n]) => { const p = c.probabilities(ids, n, 'counts'); return p && [...p]; }"
        got = module.evaluate(counts_alone, [ids, n])
        if got is None:  # the package spreads what it knows nothing of evenly
            assert np.ptp(plain.probabilities(context)) == 0
        else:
            assert np.abs(np.array(got) - plain.probabilities(context)).max() < 1e-12


def test_words_are_cut_as_in_the_package(module):
    for text in nasty_texts():
        if "\x00" not in text:
            assert module.evaluate("(text) => m.cutWords(text)", text) == cut_words(text), repr(text[:100])


def test_the_asset_is_small_and_whole():
    script = assets.script("words")
    assert len(script) < 600_000
    content = json.loads(script[script.index(" = ") + 3 : script.rindex(";")])
    ids = np.frombuffer(base64.b64decode(content["buffers"][0]), "<u2")
    words = content["meta"]["words"]
    assert words[:2] == [END, UNKNOWN]
    first = assets.counted_pages()[0]
    assert [words[i] for i in ids[: len(first) + 2]] == [END, *first, END]


# ---- What the reader does ----


def test_units_are_those_of_the_package(page, counted):
    text = "the hen sat on the cow"
    figure(page).get_by_role("textbox", name="Your text").fill(text)
    page.wait_for_function("document.querySelectorAll('.mg-tokens .mg-token').length === 7")
    words = cut_words(text)
    nats = -NGram.train(counted, 3).log_probabilities(words)[:-1].sum()  # the page may go on
    assert fact(page, "words") == "6"
    assert fact(page, "nats") == f"{nats:.1f}" and fact(page, "bits") == f"{nats_to_bits(nats):.1f}"
    assert fact(page, "perplexity a word") == f"{perplexity(nats, 6):.1f}"
    assert fact(page, "bits a byte") == f"{bits_per_byte(nats, len(text)):.2f}"


def test_n_moves_with_the_keyboard_and_changes_the_evidence(page):
    order = figure(page).get_by_role("slider", name="n", exact=True)
    rows = figure(page).get_by_role("group", name="What was counted").locator("tbody tr")
    assert rows.count() == 3
    before = figure(page).locator(".mg-bars").inner_text()
    order.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.querySelectorAll('.mg-scroll tbody tr').length === 4")
    page.keyboard.press("Home")
    page.wait_for_function("document.querySelectorAll('.mg-scroll tbody tr').length === 1")
    assert figure(page).locator(".mg-bars").inner_text() != before
    assert order.get_attribute("aria-valuetext") == "n = 1: 0 words of context"


def test_pointing_at_a_word_shows_what_was_expected_there(page):
    chips = figure(page).locator(".mg-tokens .mg-token")
    chips.last.focus()
    page.keyboard.press("ArrowLeft")
    assert figure(page).get_by_text("In the place of “on”").count() == 1
    assert figure(page).locator(".mg-bars .mg-num", has_text="◀").count() == 1
    page.keyboard.press("Home")
    assert figure(page).get_by_text("In the place of “the”").count() == 1


def test_counts_alone_fail_where_smoothing_does_not(page):
    box = figure(page).get_by_role("textbox", name="Your text")
    box.fill("the nobody hen")
    page.wait_for_function("document.querySelectorAll('.mg-tokens .mg-token').length === 4")
    assert math.isfinite(float(fact(page, "nats")))
    figure(page).get_by_role("radio", name="counts alone").check()
    page.wait_for_function("document.querySelector('.mg-facts dd').parentNode.parentNode.textContent.includes('∞')")
    assert fact(page, "nats") == "∞"
    assert figure(page).get_by_text("this context never occurred").count() == 1
    figure(page).get_by_role("button", name="Draw a word").click()
    assert "cannot go on" in figure(page).locator(".mg-live").inner_text()


def test_writing_by_hand_and_by_dice(page):
    box = figure(page).get_by_role("textbox", name="Your text")
    first = figure(page).locator(".mg-bars button:enabled").first
    first.press("Enter")
    page.wait_for_function("document.querySelectorAll('.mg-tokens .mg-token').length === 6")
    assert box.input_value().startswith("the hen sat on") and len(box.input_value()) > len("the hen sat on")
    assert page.evaluate("document.activeElement.closest('.mg-tokens') !== null")
    figure(page).get_by_role("button", name="Draw twenty").click()
    assert figure(page).locator(".mg-live").inner_text().startswith("Drew ")
    box.fill("")
    page.wait_for_function("document.querySelectorAll('.mg-tokens .mg-token').length === 1")
    assert fact(page, "perplexity a word") == "–"
    box.fill("你好 🙂 " + "x " * 200)
    page.wait_for_function("document.querySelectorAll('.mg-tokens .mg-token').length === 81")


@pytest.mark.parametrize(("scheme", "width"), [("light", 900), ("dark", 900), ("light", 390), ("dark", 390)])
def test_accessible_and_narrow(browser, own_site, scheme, width):
    page = opened(browser, own_site, width, color_scheme=scheme, reduced_motion="reduce")
    ground = page.evaluate("getComputedStyle(document.querySelector('.mg')).backgroundColor")
    assert ground == {"light": "rgb(255, 255, 255)", "dark": "rgb(22, 25, 29)"}[scheme]
    figure(page).get_by_role("textbox", name="Your text").fill("the nobody hen sat on the egg egg")
    page.wait_for_function("document.querySelectorAll('.mg-tokens .mg-token').length === 9")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.add_script_tag(path=str(AXE))
    assert unusable(page) == [] and page.problems == []
    page.context.close()


def test_a_kernel_is_asked_where_there_is_no_built_page(browser, own_site, counted):
    page = browser.new_page()
    page.goto((own_site / "empty.html").as_uri())
    meta, buffers = assets.words_asset(counted)
    page.evaluate(
        """async ([text, settings, meta, data]) => {
            const figure = (await import(URL.createObjectURL(new Blob([text], { type: "text/javascript" })))).default;
            const listeners = new Set();
            const bytes = Uint8Array.from("-----" + atob(data), (c) => c.charCodeAt(0));
            const views = [new DataView(bytes.buffer, 5)];
            const answer = (message) => listeners.forEach((f) => f({ ...message, meta }, views));
            figure.render({ el: document.body, model: {
                get: (name) => settings[name],
                on: (_, f) => listeners.add(f),
                off: (_, f) => listeners.delete(f),
                send: (message) => { window.asked = message; setTimeout(() => answer(message)); },
            } });
        }""",
        [
            source("core.js", "nextword.js"),
            {"text": "the hen", "n": 2, "smoothing": "kneser-ney", "seed": 1},
            meta,
            base64.b64encode(buffers[0]).decode(),
        ],
    )
    page.wait_for_selector(".mg-bars button")
    assert page.evaluate("window.asked") == {"type": "asset", "name": "words"}
    page.close()


@pytest.mark.parametrize("over", ["http", "file"])
def test_the_chapter_has_its_figure_alive(page_for, over):
    page = page_for("02", over=over)
    page.wait_for_selector(".mg-bars button")
    chips = figure(page).first.locator(".mg-tokens .mg-token")
    before = chips.count()
    figure(page).first.get_by_role("button", name="Draw a word").click()
    assert chips.count() == before + 1
    assert page.locator(".mg-wrong").count() == 0 and page.problems == []
