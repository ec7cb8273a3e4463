"""Chapter 10's live figure in a browser with no kernel: its rungs are those of minigpt.zeroshot.lambada."""

from __future__ import annotations

import pytest
from conftest import unusable, watched
from test_widgets_browser import AXE, VENDOR, page_text

from minigpt import tinyweb, widgets
from minigpt.widgets import assets
from minigpt.widgets.figures import passages_of_each_set, source
from minigpt.zeroshot.lambada import STOP_WORDS, climb, goes_on, stop_tokens
from minigpt.zeroshot.scoring import score
from minigpt.zeroshot.task import Reader

TITLE = "Climb LAMBADA’s ladder"


@pytest.fixture(scope="module")
def own_site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    (folder / "_static").mkdir()
    (folder / "_static" / "vendor").symlink_to(VENDOR)
    (folder / "_static" / "generated").mkdir()
    (folder / "_static" / "generated" / "tinyweb-0.67M.js").write_text(assets.script("tinyweb-0.67M"))
    quiz = widgets.quiz([{"question": "Which?", "answer": "This."}])
    (folder / "index.html").write_text(page_text([widgets.LambadaLadder()], quiz), encoding="utf-8")
    (folder / "empty.html").write_text("<!doctype html><html><title>empty</title><body>")
    return folder


def opened(browser, own_site, width=900, **context):
    page = watched(browser, own_site / "index.html", width, **context)
    figure(page).get_by_role("button", name="Load 0.67M").click()
    page.wait_for_function("document.querySelectorAll('.mg-rungs li').length === 7")
    return page


@pytest.fixture(scope="module")
def module(browser, own_site):
    """A page in which `window.m` holds the figure's functions and `window.both` the model with its tokenizer."""
    page = browser.new_page()
    page.goto((own_site / "empty.html").as_uri())
    page.add_script_tag(content=assets.script("tinyweb-0.67M"))
    page.evaluate(
        """async (text) => {
            document.documentElement.dataset.content_root = "./";
            window.m = await import(URL.createObjectURL(new Blob([text], { type: "text/javascript" })));
            window.both = m.openModel(await m.loadAsset("tinyweb-0.67M"));
        }""",
        source("core.js", "bpe.js", "gpt.js", "models.js", "ladder.js")
        + "\nexport { cutPassage, climbLadder, stopTokens, goesOn, openModel, loadAsset };",
    )
    yield page
    page.close()


@pytest.fixture(scope="module")
def known():
    return tinyweb.load_model("0.67M")


def figure(page):
    return page.get_by_role("group", name=TITLE, exact=True)


def found(known, before: str, answer: str) -> bool:
    """Whether the word is what the model finds likeliest."""
    model, tok = known
    row = Reader(tok, model.config.block_size, start=True).row(before, answer)
    return score(model, [[row]])[0][0].best == row.ids[row.part :]


def answered(page, act) -> None:
    """Does something, and waits until the figure has answered it."""
    page.evaluate("document.querySelector('.mg-rungs').replaceChildren()")
    act()
    page.wait_for_function("document.querySelectorAll('.mg-rungs li').length === 7")


# ---- What is computed ----


def test_rungs_are_the_packages(module, known):
    model, tok = known
    texts = [text for _, some in passages_of_each_set() for text in some]
    reader, banned = Reader(tok, model.config.block_size, start=True), stop_tokens(tok)
    for text in texts:
        before, _, answer = text.rpartition(" ")
        row = reader.row(before, " " + answer, ahead=True)
        ((got,),) = score(model, [[row]], banned)
        wanted = climb(row.ids[row.part : -1], got, tok.decode([got.best[-1]]))
        rungs = module.evaluate(
            """async ([text, words]) => {
                const banned = m.stopTokens(both.tokenizer, words);
                const passage = m.cutPassage(text);
                const cache = both.model.newCache();
                const found = await m.climbLadder(both, cache, passage, "raw", banned, () => true);
                return found.rungs.map(({ name, right }) => [name, right]);
            }""",
            [text, sorted(STOP_WORDS)],
        )
        assert dict(rungs[:-1]) == wanted, text[-60:]
        assert rungs[-1][0] == "among the passage’s words"


def test_stop_words_and_ends_of_words_are_the_packages(module, known):
    got = module.evaluate("(words) => [...m.stopTokens(both.tokenizer, words)]", sorted(STOP_WORDS))
    assert sorted(got) == sorted(set(stop_tokens(known[1])))
    for written in ("ly", "'s", ".", "' ", " and", "", "-by", "-", "’t", "é"):
        assert module.evaluate("(text) => m.goesOn(text)", written) == goes_on(written), written


def test_a_passage_is_cut_before_its_last_word(module):
    cut = {"a hen sat.": ["a hen", " sat"], "a\nhen": ["a", "\nhen"], "He said: “no!”": ["He said:", " “no"]}
    cut |= {"one": None, "": None, " two ": None}
    for text, wanted in cut.items():
        got = module.evaluate("(text) => { const p = m.cutPassage(text); return p && [p.before, p.answer]; }", text)
        assert got == wanted, text


# ---- What the reader does ----


def test_a_reader_climbs(page, known):
    card, verdict = figure(page), {True: "✓ right", False: "✗ wrong"}
    assert "of 7 rungs count this answer as right" in card.locator(".mg-live").inner_text()
    before = card.get_by_role("textbox").input_value()
    answered(page, lambda: card.get_by_role("button", name="a page", exact=True).click())
    assert card.get_by_role("textbox").input_value() != before
    text = "Ada had a kettle. At last the kettle was given back to"
    answered(page, lambda: card.get_by_role("textbox").fill(f"{text} Ada."))
    first = card.locator(".mg-rungs li").first.locator(".mg-verdict")
    assert first.inner_text() == verdict[found(known, text, " Ada")]
    assert card.locator(".mg-blank").inner_text() == "____"
    look = card.get_by_role("group", name="The text").get_by_role("radio")
    look.first.focus()
    answered(page, lambda: page.keyboard.press("ArrowRight"))
    assert "given back to" in card.locator(".mg-passage").inner_text().lower() and look.nth(1).is_checked()
    small = text.lower().replace("kettle.", "kettle .")
    assert first.inner_text() == verdict[found(known, small, " ada")]
    card.get_by_role("textbox").fill("word")
    page.wait_for_function("document.querySelectorAll('.mg-rungs li').length === 0")
    assert "at least two words" in card.locator(".mg-live").inner_text()


@pytest.mark.parametrize(("scheme", "width"), [("light", 900), ("dark", 390)])
def test_accessible_and_narrow(browser, own_site, scheme, width):
    page = opened(browser, own_site, width, color_scheme=scheme, reduced_motion="reduce")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.add_script_tag(path=str(AXE))
    assert unusable(page) == [] and page.problems == []
    page.context.close()


@pytest.mark.parametrize("over", ["http", "file"])
def test_the_chapter_has_its_figure_alive(page_for, over):
    page = page_for("10", over=over)
    figure(page).get_by_role("button", name="Load 0.67M").click()
    page.wait_for_function("document.querySelectorAll('.mg-rungs li').length === 7")
    assert page.locator(".mg-wrong").count() == 0 and page.problems == []
