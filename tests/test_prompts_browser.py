"""Chapter 12's live figures in a browser with no kernel: they write and count as the package does; all can use them."""

from __future__ import annotations

import json
import random
import re

import pytest
from conftest import unusable, watched
import torch
from test_widgets_browser import AXE, VENDOR, page_text

from minigpt import tinyweb, widgets
from minigpt.metrics import wilson_interval
from minigpt.tinyweb.tasks import items
from minigpt.widgets import assets
from minigpt.widgets.figures import WAYS, prompt_task, source
from minigpt.zeroshot.questions import calibration, confidence_metrics, most_confident
from minigpt.zeroshot.scoring import write
from minigpt.zeroshot.task import Reader

SIZE = "0.67M"
ASKING, TRUST = "Ask without training", "Does it know what it knows?"


@pytest.fixture(scope="module")
def records():
    """Answers of two invented models: one that knows what it knows, and one that does not."""
    dice = random.Random(12)
    stated = [dice.random() for _ in range(150)]
    return {
        "honest": [{"probability": p, "right": float(dice.random() < p)} for p in stated],
        "blind": [{"probability": p, "right": float(dice.random() < 0.2)} for p in stated],
    }


@pytest.fixture(scope="module")
def own_site(tmp_path_factory, records):
    folder = tmp_path_factory.mktemp("site")
    (folder / "_static" / "generated").mkdir(parents=True)
    (folder / "_static" / "vendor").symlink_to(VENDOR)
    (folder / "_static" / "generated" / f"tinyweb-{SIZE}.js").write_text(assets.script(f"tinyweb-{SIZE}"), encoding="utf-8")
    quiz = widgets.quiz([{"question": "Which?", "answer": "This."}])
    made = [widgets.Prompts(size=SIZE, items=3), widgets.Calibration(records, share=10)]
    (folder / "index.html").write_text(page_text(made, quiz), encoding="utf-8")
    (folder / "empty.html").write_text("<!doctype html><html><title>empty</title><body>")
    return folder


def opened(browser, own_site, width=900, **context):
    page = watched(browser, own_site / "index.html", width, **context)
    page.wait_for_function("document.querySelectorAll('.mg').length === 2")
    return page


def figure(page, title: str):
    return page.get_by_role("group", name=title, exact=True)


def said(page, title: str, *, but: str = "") -> str:
    """What the figure says next."""
    live = figure(page, title).locator(".mg-live")
    page.wait_for_function("([node, but]) => ![but, ''].includes(node.textContent)", arg=[live.element_handle(), but])
    return live.inner_text()


# ---- Asking ----


@pytest.mark.parametrize("task", WAYS)
def test_the_first_way_to_ask_is_the_items_own(task):
    made = prompt_task(task, 4)
    way = made["ways"][0]
    for one, item in zip(made["items"], items(task, 4)):
        pairs = one["pairs"] + "\n" if way["pairs"] else ""
        assert pairs + way["before"] + one["text"] + way["after"] == item.prompt
        assert one["answer"] == item.answer.strip()


def test_bad_settings_are_told_in_one_sentence(records):
    for wrong in (lambda: widgets.Prompts(task="poems"), lambda: widgets.Prompts(items=0),
                  lambda: widgets.Calibration({}), lambda: widgets.Calibration(records, bins=1),
                  lambda: widgets.Calibration(records, share=0)):  # fmt: skip
        with pytest.raises(ValueError):
            wrong()


def test_it_loads_nothing_before_it_is_asked(page):
    assert page.evaluate("[...document.scripts].filter((s) => s.src.includes('generated/')).length") == 0
    asked = figure(page, ASKING)
    assert "TL;DR:" in asked.locator(".mg-paper").inner_text()
    asked.get_by_role("radio", name="nothing", exact=True).check()
    assert "TL;DR:" not in asked.locator(".mg-paper").inner_text()
    assert page.evaluate("[...document.scripts].filter((s) => s.src.includes('generated/')).length") == 0


def test_it_writes_what_the_package_writes(page):
    torch.set_num_threads(1)
    model, tok = tinyweb.load_model(SIZE)
    reader = Reader(tok, model.config.block_size, start=True)
    asked, before = figure(page, ASKING), ""
    asked.get_by_role("button", name="Ask", exact=True).click()
    for task in WAYS:
        made = prompt_task(task, 3)
        asked.get_by_role("radio", name=made["label"], exact=True).check()
        for way in made["ways"][:2]:
            asked.get_by_role("radio", name=way["label"], exact=True).check()
            one = made["items"][0]
            pairs = one["pairs"] + "\n" if way["pairs"] else ""
            prompt = reader.prompt(pairs + way["before"] + one["text"] + way["after"], 48)
            (written,) = write(model, tok, [[prompt]])[0]
            before = said(page, ASKING, but=before)
            if written.text.strip():
                assert f"“{written.text.strip()}”" in before
            percent = float(re.search(r"gives (?:< )?([\d.]+) %", before)[1])
            assert percent == pytest.approx(100 * torch.tensor(-written.nats).exp().item(), abs=0.6)
            assert one["answer"] in asked.locator(".mg-truth").inner_text()


def test_the_readers_own_text_has_no_answer_on_a_page(page):
    asked = figure(page, ASKING)
    asked.get_by_role("textbox", name="Article").fill("Mystery solved\nThe noise was Ida all along, who has a drum.")
    assert "Ida" in said(page, ASKING) or said(page, ASKING)
    assert asked.locator(".mg-truth").inner_text() == ""
    assert asked.locator(".mg-written").count() > 0 and asked.locator(".mg-bars .mg-token").count() == 4
    asked.get_by_role("button", name="Another one").press("Enter")
    said(page, ASKING)
    assert "which no model has read" in asked.locator(".mg-truth").inner_text()


# ---- Trust ----


def fact(page, name: str) -> str:
    found = figure(page, TRUST).locator(".mg-facts > div", has=page.get_by_text(name, exact=True))
    return found.locator("dd").inner_text()


def test_bins_and_the_most_confident_are_the_packages(browser, own_site, records):
    page = browser.new_page()
    page.goto((own_site / "empty.html").as_uri())
    text = source("core.js", "chart.js", "calibration.js") + "\nexport { wilson, binsOf, topOf, summary };"
    load = "async (t) => { window.m = await import(URL.createObjectURL(new Blob([t], {type: 'text/javascript'}))); }"
    page.evaluate(load, text)
    for some in records.values():
        rows = [[one["probability"], one["right"]] for one in most_confident(some)]
        for bins in (2, 7, 10, 40):
            for ours, theirs in zip(page.evaluate("([r, n]) => m.binsOf(r, n)", [rows, bins]), calibration(some, bins)):
                assert ours["stated"] == pytest.approx(theirs["probability"])
                assert ours["n"] == theirs["right"]["n"]
                assert ours["share"] == pytest.approx(theirs["right"]["value"], abs=1e-6)
                assert ours["ends"] == pytest.approx(theirs["right"]["ci95"], abs=1e-5)
        for percent in (1, 10):
            found = page.evaluate("([r, p]) => m.summary(m.topOf(r, p))", [rows, percent])
            metric = confidence_metrics(some)[f"exact_match/most confident {percent} %"]
            assert (found["n"], round(found["share"], 6)) == (metric["n"], metric["value"])
    for k, n in ((0, 4), (4, 4), (3, 7)):
        assert page.evaluate("([k, n]) => m.wilson(k, n)", [k, n]) == pytest.approx(wilson_interval(k, n), abs=1e-6)
    page.close()


def test_sliders_move_with_the_keyboard(page, records):
    trust = figure(page, TRUST)
    share = trust.get_by_role("slider", name="The most confident")
    some = most_confident(records["honest"], 15)
    assert fact(page, "right among the most confident") == f"{sum(r['right'] for r in some):.0f} of 15"
    share.focus()
    page.keyboard.press("End")
    page.wait_for_function("document.body.textContent.includes('of 150')")
    assert share.get_attribute("aria-valuetext") == "100 percent"
    assert fact(page, "stated at the least").endswith("%")
    bins = trust.get_by_role("slider", name="Bins")
    bins.focus()
    page.keyboard.press("Home")
    page.wait_for_function("[...document.querySelectorAll('.mg-scroll tbody')].some((t) => t.rows.length === 2)")
    before = trust.locator("svg[role=img]").get_attribute("aria-label")
    trust.get_by_role("radio", name="blind").check()
    assert trust.locator("svg[role=img]").get_attribute("aria-label") != before
    assert "blind" in trust.locator(".mg-live").inner_text()


@pytest.mark.parametrize(("scheme", "width"), [("light", 900), ("dark", 900), ("light", 390), ("dark", 390)])
def test_accessible_and_narrow(browser, own_site, scheme, width):
    page = opened(browser, own_site, width, color_scheme=scheme, reduced_motion="reduce")
    figure(page, ASKING).get_by_role("radio", name="an answer", exact=True).check()
    figure(page, ASKING).get_by_role("button", name="Ask", exact=True).click()
    said(page, ASKING)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.add_script_tag(path=str(AXE))
    assert unusable(page) == [] and page.problems == []
    page.context.close()


def test_settings_survive_json(records):
    state = widgets.Calibration(records).get_state()
    assert json.loads(json.dumps(state["models"]))[0]["rows"][0][1] in (0, 1)
