"""Chapter 15's live figure in a browser with no kernel: it shows what was recorded, and everyone can use it."""

from __future__ import annotations

import pytest
from conftest import unusable
from test_results_browser import opened as opened_page
from test_widgets_browser import AXE, VENDOR, page_text

from minigpt import widgets

TITLE = "Examples in the context"
TASKS = [
    {
        "name": "English to Wobblish", "note": "Plain sentences.",
        "curves": [
            [[0, 0.1, 0.05, 0.2], [1, 0.2, 0.1, 0.3], [4, 0.5, 0.4, 0.6], [16, 0.0, 0.0, 0.02]],
            [[0, 0.9, 0.85, 0.95], [1, 0.95, 0.9, 0.98], [4, 0.96, 0.92, 0.99], [16, 0.04, 0.01, 0.08]],
        ],
        "tuned": [{"10": 0.3, "100": 0.6}, {"10": 0.94, "100": 0.97}],
    },
    {"name": "a changed word", "note": "Only the examples tell.", "curves": [[[0, 0.0, 0.0, 0.02], [2, 0.0, 0.0, 0.02]]] * 2},
]  # fmt: skip


@pytest.fixture(scope="module")
def own_site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    (folder / "_static").mkdir()
    (folder / "_static" / "vendor").symlink_to(VENDOR)
    figure = widgets.ExampleCurves(TASKS, ["0.67M", "2.8M"], [10, 100])
    quiz = widgets.quiz([{"question": "Which?", "answer": "This."}])
    (folder / "index.html").write_text(page_text([figure], quiz), encoding="utf-8")
    return folder


def opened(browser, own_site, width=900, **context):
    return opened_page(browser, own_site, width, ready=".mg-plot svg", **context)


def figure(page):
    return page.get_by_role("group", name=TITLE, exact=True)


def rows(page) -> list[list[str]]:
    found = [row.locator("td").all_inner_texts() for row in figure(page).locator("tbody tr").all()]
    return [[cell.replace("\N{NO-BREAK SPACE}", " ") for cell in row] for row in found]


def said(page) -> str:
    return figure(page).locator(".mg-live").inner_text().replace("\N{NO-BREAK SPACE}", " ")


def lines(page) -> int:
    return figure(page).locator(".mg-plot svg path").count()


def test_the_numbers_are_those_that_were_recorded(page):
    assert rows(page) == [["10 %", "20 %", "50 %", "0 %"], ["90 %", "95 %", "96 %", "4.0 %"]]
    text = "English to Wobblish: 0.67M is best with 4 examples, 50 %; 2.8M is best with 4 examples, 96 %."
    assert said(page) == text
    assert figure(page).locator(".mg-plot svg").get_attribute("aria-label").replace("\N{NO-BREAK SPACE}", " ") == text


def test_sizes_and_lines_are_switched(page):
    assert lines(page) == 2 * (1 + 2 + 1)  # a curve, two sides of its interval, the line of no example
    figure(page).get_by_label("95 % intervals").uncheck()
    figure(page).get_by_label("no example (dotted)").uncheck()
    assert lines(page) == 2
    figure(page).get_by_role("checkbox", name="2.8M").uncheck()
    assert lines(page) == 1 and len(rows(page)) == 1
    figure(page).get_by_role("checkbox", name="0.67M").uncheck()
    assert said(page) == "No size is shown."


def test_fine_tuned_lines_follow_the_number_of_labels(page):
    figure(page).get_by_label("fine-tuned, no example (dashed)").check()
    assert [row[-1] for row in rows(page)] == ["60 %", "97 %"]
    slider = figure(page).get_by_role("slider")
    slider.press("ArrowLeft")
    assert slider.get_attribute("aria-valuetext") == "10 labels"
    assert [row[-1] for row in rows(page)] == ["30 %", "94 %"]


def test_another_task(page):
    figure(page).get_by_label("fine-tuned, no example (dashed)").check()
    figure(page).get_by_label("Task").select_option("a changed word")
    assert rows(page) == [["0 %", "0 %", "–"]] * 2
    assert "No model was fine-tuned on this task." in figure(page).locator(".mg-note").all_inner_texts()[-1]


@pytest.mark.parametrize(("scheme", "width"), [("light", 900), ("dark", 900), ("light", 390), ("dark", 390)])
def test_accessible_and_narrow(browser, own_site, scheme, width):
    page = opened(browser, own_site, width, color_scheme=scheme, reduced_motion="reduce")
    figure(page).get_by_label("fine-tuned, no example (dashed)").check()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.add_script_tag(path=str(AXE))
    assert unusable(page) == [] and page.problems == []
    page.context.close()


@pytest.mark.parametrize("over", ["http", "file"])
def test_the_chapter_has_its_figure_alive(page_for, over):
    page = page_for("15", over=over)
    page.wait_for_selector(".mg-plot svg")
    assert len(rows(page)) == 4 and said(page).count("is best with") == 4
    assert page.locator(".mg-wrong").count() == 0 and page.problems == []
