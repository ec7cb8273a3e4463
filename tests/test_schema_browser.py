"""Chapter 11's live figure in a browser with no kernel: it scores schemas as minigpt.zeroshot.winograd does."""

from __future__ import annotations

import pytest
from conftest import unusable, watched
from test_widgets_browser import AXE, VENDOR, page_text

from minigpt import tinyweb, widgets
from minigpt.tinyweb.tasks import items
from minigpt.widgets import assets
from minigpt.widgets.figures import source
from minigpt.zeroshot import make
from minigpt.zeroshot.scoring import score

TITLE, SIZE = "A schema, word by word", tinyweb.SIZES[0]


@pytest.fixture(scope="module")
def own_site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    (folder / "_static").mkdir()
    (folder / "_static" / "vendor").symlink_to(VENDOR)
    generated = folder / "_static" / "generated"
    generated.mkdir()
    (generated / f"tinyweb-{SIZE}.js").write_text(assets.script(f"tinyweb-{SIZE}"), encoding="utf-8")
    quiz = widgets.quiz([{"question": "Which?", "answer": "This."}])
    (folder / "index.html").write_text(page_text([widgets.SchemaScores(size=SIZE)], quiz), encoding="utf-8")
    (folder / "empty.html").write_text("<!doctype html><html><title>empty</title><body>")
    return folder


def opened(browser, own_site, width=900, **context):
    page = watched(browser, own_site / "index.html", width, **context)
    figure(page).get_by_role("button", name=f"Load {SIZE}").click()
    page.wait_for_selector(".mg-schema table")
    return page


@pytest.fixture(scope="module")
def module(browser, own_site):
    """A page in which `window.s` holds the functions of the figure, and `window.both` the smallest model."""
    page = browser.new_page()
    page.goto((own_site / "empty.html").as_uri())
    script = source("core.js", "bpe.js", "gpt.js", "chart.js", "models.js", "schema.js")
    names = "partsOf, joined, switched, scoreSchema, sumsAt, openModel, plainBuffer"
    page.evaluate(
        """async (text) => {
            window.s = await import(URL.createObjectURL(new Blob([text], { type: "text/javascript" })));
        }""",
        f"{script}\nexport {{ {names} }};",
    )
    page.add_script_tag(content=assets.script(f"tinyweb-{SIZE}"))
    page.evaluate(
        """(name) => {
            const { meta, buffers } = globalThis.minigptAssets[name];
            window.both = s.openModel({ meta, buffers: buffers.map(s.plainBuffer) });
        }""",
        f"tinyweb-{SIZE}",
    )
    yield page
    page.close()


def figure(page):
    return page.get_by_role("group", name=TITLE, exact=True)


def cells(page) -> list[list[str]]:
    rows = figure(page).locator(".mg-scores tbody tr").all()
    return [row.locator("th, td").all_inner_texts() for row in rows]


# ---- What is computed ----


def test_sums_are_the_packages(module):
    model, tokenizer = tinyweb.load_model(SIZE)
    task = make("tinyweb-pronoun")
    reader = task.reader(tokenizer, model.config.block_size)
    for item in items("pronoun", 6, seed=5):
        record = task.record(item, asked := task.requests(item, reader), score(model, [asked])[0], reader)
        text = f"{item.prompt} [{item.candidates[0].strip()} / {item.candidates[1].strip()}]{item.rest}"
        got = module.evaluate(
            """(text) => {
                const found = s.scoreSchema(both.model, both.tokenizer, s.partsOf(text));
                return found.map((one) => [s.sumsAt(one, one.words.length), one.words.length, one.place]);
            }""",
            text,
        )
        for (sums, words, place), nats, part in zip(got, record["nats"], record["parts"]):
            assert sums["full"] == pytest.approx(sum(nats), abs=0.02)
            assert sums["partial"] == pytest.approx(sum(nats[part:]), abs=0.02)
            assert place == len(item.prompt.split()) and words == place + 1 + len(item.rest.split())


def test_texts_are_taken_apart_and_switched(module):
    parts = "(text) => s.partsOf(text)"
    got = module.evaluate(parts, "Ada thanked  Bibi because [ Ada/Bibi ]had helped.")
    assert got == {"before": "Ada thanked  Bibi because", "candidates": [" Ada", " Bibi"], "rest": " had helped."}
    assert module.evaluate(parts, "[The cat / The dog], that is.")["candidates"] == ["The cat", "The dog"]
    for wrong in ("no place", "[one] is", "[a / b]", "[ / b] c", "[a / b / c] d"):
        assert module.evaluate(parts, wrong) is None, wrong
    turn = "(text) => s.joined(s.switched(s.partsOf(text)))"
    assert module.evaluate(turn, "The hat fell on the hatter [the hat / the hatter] had made.") == (
        "The hatter fell on the hat [the hat / the hatter] had made."
    )
    twice = "(text) => s.joined(s.switched(s.switched(s.partsOf(text))))"
    for item in items("pronoun", 8):
        text = f"{item.prompt} [{item.candidates[0].strip()} / {item.candidates[1].strip()}]{item.rest}"
        assert module.evaluate(turn, text) != text == module.evaluate(twice, text)


def test_what_is_too_long_is_not_scored(module):
    long = "The hen sat. " * 200 + "[The hen / The egg] was old."
    assert module.evaluate("(text) => s.scoreSchema(both.model, both.tokenizer, s.partsOf(text))", long) is None


# ---- What the reader does ----


def test_sums_grow_word_by_word(page):
    whole = cells(page)
    reach = figure(page).get_by_role("slider", name="Words read")
    reach.press("Home")
    page.wait_for_function("document.querySelector('.mg-schema .mg-live').textContent.includes('neither')")
    assert [row[1:] for row in cells(page)] == [["0.00", "0.00"]] * 2 + [["+0.00", "+0.00"]]
    assert "has not begun" in figure(page).locator(".mg-live").inner_text()
    reach.press("End")
    assert cells(page) == whole and "At the end" in figure(page).locator(".mg-live").inner_text()
    lead = [float(one.replace("\u2212", "-")) for one in whole[2][1:]]
    for column, value in enumerate(lead, 1):
        assert float(whole[1][column]) - float(whole[0][column]) == pytest.approx(value, abs=0.02)
    first = figure(page).get_by_role("group", name="The sentence with candidate 1")
    first.locator("button").nth(1).click()
    assert reach.get_attribute("aria-valuetext") == "2 words"
    page.keyboard.press("ArrowRight")
    assert reach.get_attribute("aria-valuetext") == "3 words"


def test_examples_switching_and_ones_own(page):
    box = figure(page).get_by_role("textbox", name="Your text")
    before = box.input_value()
    examples = figure(page).get_by_role("group", name="Schemas of tinyweb").locator("button")
    examples.nth(3).click()
    assert box.input_value() != before and "On the page it is" in figure(page).inner_text()
    there = box.input_value()
    turn = figure(page).get_by_role("button", name="Switch the two")
    turn.click()
    assert box.input_value() != there
    page.wait_for_timeout(100)
    turn.click()
    assert box.input_value() == there
    box.fill("Nothing to choose here.")
    page.wait_for_function("document.querySelector('.mg-schema').hidden")
    assert "Put two candidates" in figure(page).locator(".mg-wrong").inner_text()
    box.fill("Ada met Bibi, and [Ada / Bibi] <b> smiled.")
    page.wait_for_function("!document.querySelector('.mg-schema').hidden")
    assert "with \u201cBibi\u201d" in figure(page).inner_text() and "On the page" not in figure(page).inner_text()


@pytest.mark.parametrize(("scheme", "width"), [("light", 900), ("dark", 900), ("light", 390), ("dark", 390)])
def test_accessible_and_narrow(browser, own_site, scheme, width):
    page = opened(browser, own_site, width, color_scheme=scheme, reduced_motion="reduce")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.add_script_tag(path=str(AXE))
    assert unusable(page) == [] and page.problems == []
    page.context.close()


@pytest.mark.parametrize("over", ["http", "file"])
def test_the_chapter_has_its_figure_alive(page_for, over):
    page = page_for("11", over=over)
    page.set_default_timeout(30_000)
    figure(page).get_by_role("button", name="Load 2.8M").click()
    page.wait_for_selector(".mg-schema table")
    assert page.locator(".mg-wrong:not(:empty)").count() == 0 and page.problems == []
