"""Chapter 13's live figures in a browser with no kernel: they count as minigpt.memorization does."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import unusable, watched
from test_widgets_browser import AXE, VENDOR, nasty_texts, page_text

from minigpt import widgets
from minigpt.memorization import BloomFilter, overlap
from minigpt.memorization.bloom import hash_keys
from minigpt.memorization.ngrams import ngrams, normal_words
from minigpt.widgets.figures import source

BLOOM, MARKS = "A Bloom filter, bit by bit", "Was it in the training text?"
TRAIN = "The hen sat on a very old egg for nine days, and nobody came."
TEXT = "They say a hen sat on a very old egg for nine days."


@pytest.fixture(scope="module")
def own_site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    (folder / "_static").mkdir()
    (folder / "_static" / "vendor").symlink_to(VENDOR)
    quiz = widgets.quiz([{"question": "Which?", "answer": "This."}])
    made = [widgets.BloomBits(), widgets.TextOverlap(TRAIN, TEXT, n=4)]
    (folder / "index.html").write_text(page_text(made, quiz), encoding="utf-8")
    (folder / "empty.html").write_text("<!doctype html><html><title>empty</title><body>")
    return folder


def opened(browser, own_site, width=900, **context):
    page = watched(browser, own_site / "index.html", width, **context)
    page.wait_for_selector(".mg-bitrow")
    page.wait_for_selector(".mg-marked mark")
    return page


@pytest.fixture(scope="module")
def module(browser, own_site):
    """A page in which `window.b` and `window.o` hold the functions of the two figures."""
    page = browser.new_page()
    page.goto((own_site / "empty.html").as_uri())
    for name, script, names in (
        ("b", source("core.js", "chart.js", "bloom.js"), "hashKey, fillRows, passesAt"),
        ("o", source("core.js", "overlap.js"), "placedWords, ngramsOf, compareWith, runsOf"),
    ):
        page.evaluate(
            """async ([name, text]) => {
                window[name] = await import(URL.createObjectURL(new Blob([text], { type: "text/javascript" })));
            }""",
            [name, f"{script}\nexport {{ {names} }};"],
        )
    yield page
    page.close()


def figure(page, title):
    return page.get_by_role("group", name=title, exact=True)


def fact(page, title, name: str) -> str:
    facts = figure(page, title).locator(".mg-facts > div", has=page.get_by_text(name, exact=True))
    return facts.locator("dd").inner_text()


# ---- What is computed ----


def test_hashes_and_bits_are_the_packages(module):
    keys = ["", "a", "goose", "你好 🙂", "\x00", "four score and seven years ago our fathers", *map(str, range(50))]
    got = module.evaluate("(keys) => keys.map((key) => b.hashKey(key).toString())", keys)
    assert got == [str(number) for number in hash_keys(keys).tolist()]
    known = BloomFilter(20, 0.05)
    known.update(keys)
    rows, bits = known.n_rows, known.row_bits
    filled = module.evaluate(
        """([keys, rows, bits]) =>
            b.fillRows(keys.map(b.hashKey), rows, bits).map((row) => row.map((i) => +(i < Infinity)))""",
        [keys, rows, bits],
    )
    assert np.array_equal(np.unpackbits(known.bits, axis=1, bitorder="little")[:, :bits], np.array(filled))
    strangers = [f"stranger {i}" for i in range(500)]
    inside = module.evaluate(
        """([keys, asked, rows, bits]) => {
            const filled = b.fillRows(keys.map(b.hashKey), rows, bits);
            return asked.map((key) => b.passesAt(filled, b.hashKey(key)) < keys.length);
        }""",
        [keys, strangers, rows, bits],
    )
    assert inside == known.contains(strangers).tolist() and any(inside)


def test_words_and_ngrams_are_the_packages(module):
    for text in nasty_texts():
        if "\x00" in text or "Σ" in text.upper():  # what a final sigma is, is decided with more of the text
            continue
        words = module.evaluate("(text) => o.placedWords(text).map(([word]) => word)", text)
        assert words == normal_words(text), repr(text[:100])
        assert module.evaluate("(text) => o.ngramsOf(o.placedWords(text), 3)", text) == ngrams(text, 3)


@pytest.mark.parametrize("n", [1, 2, 4, 8])
def test_overlap_is_the_packages(module, n):
    got = module.evaluate(
        """([train, text, n]) => {
            const words = o.placedWords(text);
            const { hits } = o.compareWith(words, new Set(o.ngramsOf(o.placedWords(train), n)), n);
            return [hits.length, hits.filter(Boolean).length, o.runsOf(words, hits, n).slice(0, 3)];
        }""",
        [TRAIN, TEXT, n],
    )
    (wanted,) = overlap([TRAIN], [TEXT], n).documents
    assert got == [wanted.ngrams, wanted.found, [run.text for run in wanted.runs]]


# ---- What the reader does ----


def test_words_go_in_one_by_one(page):
    assert fact(page, BLOOM, "words went in") == "5"
    ones = figure(page, BLOOM).locator(".mg-one")
    before = ones.count()
    add = figure(page, BLOOM).get_by_role("button", name="Add the next word")
    for _ in range(3):
        add.press("Enter")
    assert fact(page, BLOOM, "words went in") == "8" and ones.count() > before
    assert figure(page, BLOOM).locator(".mg-last").count() == 4
    every = figure(page, BLOOM).get_by_role("slider", name="Words that went in")
    every.press("End")
    page.wait_for_function("document.querySelector('.mg-bits').closest('.mg').querySelector('button').disabled")
    every.press("Home")
    page.wait_for_function("document.querySelectorAll('.mg-one').length === 0")
    assert fact(page, BLOOM, "error measured") == "0 %" and fact(page, BLOOM, "error by the formula") == "0 %"


def test_asking_for_words(page):
    ask, said = figure(page, BLOOM).get_by_label("Ask for"), figure(page, BLOOM).locator(".mg-live")
    ask.fill("Seven")
    page.wait_for_function("document.querySelector('.mg-bits').closest('.mg').textContent.includes('never missed')")
    ask.fill("kettle")
    page.wait_for_function("document.querySelector('.mg-bits').closest('.mg').textContent.includes('never went in')")
    figure(page, BLOOM).get_by_role("slider", name="Bits a row").press("Home")
    figure(page, BLOOM).get_by_role("slider", name="Words that went in").press("End")
    figure(page, BLOOM).get_by_role("button", name="Find a word that passes").click()
    assert "a false alarm" in said.inner_text() and ask.input_value().startswith("stranger ")
    assert float(fact(page, BLOOM, "error measured").split()[0]) > 20


def test_the_readers_text_is_marked(page):
    view = figure(page, MARKS).get_by_role("group", name="Your text, marked")
    assert view.locator("mark").all_inner_texts() == ["hen sat on a very old egg for nine days"]
    assert fact(page, MARKS, "words in the longest run") == "10"
    box = figure(page, MARKS).get_by_role("textbox", name="Your text")
    box.fill("İt's <b> on A VERY old\n\negg 🙂 – and so on a very")
    page.wait_for_function("document.querySelectorAll('.mg-marked')[1].textContent.includes('<b>')")
    assert view.locator("mark").all_inner_texts() == ["on A VERY old\n\negg"]
    other = figure(page, MARKS).get_by_role("group", name="The training text, marked")
    assert other.locator("mark").all_inner_texts() == ["on a very old egg"]
    size = figure(page, MARKS).get_by_role("slider", name="n, words")
    size.press("End")
    page.wait_for_function("document.querySelectorAll('.mg-marked mark').length === 0")
    assert "share nothing" in figure(page, MARKS).locator(".mg-live").inner_text()
    box.fill("Too short")
    page.wait_for_function("document.querySelectorAll('.mg-marked')[1].textContent === 'Too short'")
    assert "fewer than 13 words" in figure(page, MARKS).locator(".mg-live").inner_text()


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
def test_the_chapter_has_its_figures_alive(page_for, over):
    page = page_for("13", over=over)
    page.wait_for_selector(".mg-bitrow")
    before = fact(page, BLOOM, "words went in")
    figure(page, BLOOM).get_by_role("button", name="Add the next word").click()
    assert int(fact(page, BLOOM, "words went in")) == int(before) + 1
    page.wait_for_selector(".mg-marked mark")
    figure(page, MARKS).get_by_role("textbox", name="Your text").fill("He forgot: FOUR score and seven years!")
    marked = figure(page, MARKS).get_by_role("group", name="Your text, marked").locator("mark")
    page.wait_for_function("document.querySelectorAll('.mg-marked')[1].textContent.includes('forgot')")
    assert marked.all_inner_texts() == ["FOUR score and seven years"]
    assert page.locator(".mg-wrong").count() == 0 and page.problems == []
