"""Chapter 01's live figure in a browser with no kernel: its numbers are the paper's, and everyone can use it."""

from __future__ import annotations

import pytest
from conftest import unusable, watched
from test_widgets_browser import AXE, VENDOR, page_text

from minigpt import paper, widgets
from minigpt.widgets import figures

TITLE = "The paper’s results"


@pytest.fixture(scope="module")
def own_site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    (folder / "_static").mkdir()
    (folder / "_static" / "vendor").symlink_to(VENDOR)
    quiz = widgets.quiz([{"question": "Which?", "answer": "This."}])
    (folder / "index.html").write_text(page_text([widgets.PaperResults()], quiz), encoding="utf-8")
    return folder


def opened(browser, own_site, width=900, ready=".mg-task", **context):
    page = watched(browser, own_site / "index.html", width, **context)
    page.wait_for_selector(ready)
    return page


def figure(page):
    return page.get_by_role("group", name=TITLE, exact=True)


def cells(page, task: str) -> list[str]:
    row = figure(page).locator("tbody tr", has=page.get_by_role("button", name=task, exact=True))
    return row.locator("td").all_inner_texts()


def shown(value: float) -> str:
    return f"{value:.5g}"


# ---- What is shown ----


def test_the_tasks_are_the_panels_and_the_columns():
    tasks = figures.results_by_task()
    assert len(tasks) == len(paper.FIGURE_1) + len(paper.TABLE_3.columns) == 14
    beats = {task["name"]: task["beat"] and task["beat"]["name"] for task in tasks}
    assert beats["CoQA"] == "DrQA+PGNet" and beats["Natural Questions"] is None


def test_what_is_better_is_what_the_paper_prints_in_bold(page):
    figure(page).get_by_role("slider").press("End")
    for column in paper.TABLE_3.columns:
        row = cells(page, column)
        for size, cell in zip(paper.SIZES, row):
            assert cell == shown(paper.TABLE_3.value(size, column)) + " ✓" * paper.TABLE_3.is_bold(size, column)
        assert row[-1] == shown(paper.TABLE_3.value("SOTA", column))
    assert cells(page, "CoQA") == ["26", "43.6", "49.8", "55", "66.1"]
    assert cells(page, "Natural Questions")[-1] == "–"


# ---- What the reader does ----


def test_sizes_are_covered_until_they_are_asked_for(page):
    assert cells(page, "PTB") == ["65.85", "47.33", "·", "·", "46.54"]
    slider = figure(page).get_by_role("slider")
    slider.press("Home")
    assert cells(page, "PTB")[1] == "·" and slider.get_attribute("aria-valuetext") == "the size 117M"
    slider.press("ArrowRight")
    slider.press("ArrowRight")
    assert cells(page, "PTB") == ["65.85", "47.33", "40.31 ✓", "·", "46.54"]


def test_a_task_is_chosen_by_pointer_and_by_keyboard(page):
    said = figure(page).locator(".mg-live")
    assert said.inner_text() == "CoQA: 345M has 43.6, not as good as DrQA+PGNet."
    figure(page).get_by_role("button", name="WikiText2", exact=True).click()
    assert said.inner_text() == "WikiText2: 345M has 22.76, better than state of the art."
    page.keyboard.press("ArrowDown")
    assert said.inner_text().startswith("PTB: ")
    assert page.evaluate("document.activeElement.textContent") == "PTB"
    page.keyboard.press("Home")
    assert said.inner_text().startswith("CoQA") and figure(page).locator(".mg-task[tabindex='0']").count() == 1
    page.keyboard.press("End")
    assert said.inner_text().startswith("1BW")


def test_the_chart_shows_what_is_uncovered(page):
    chart = figure(page).locator(".mg-plot svg")
    assert chart.locator("circle").count() == 2
    figure(page).get_by_role("slider").press("End")
    assert chart.locator("circle").count() == 4
    assert "1542M 55" in chart.get_attribute("aria-label")
    assert figure(page).locator(".mg-key").inner_text().count("Human") == 1


@pytest.mark.parametrize(("scheme", "width"), [("light", 900), ("dark", 900), ("light", 390), ("dark", 390)])
def test_accessible_and_narrow(browser, own_site, scheme, width):
    page = opened(browser, own_site, width, color_scheme=scheme, reduced_motion="reduce")
    ground = page.evaluate("getComputedStyle(document.querySelector('.mg')).backgroundColor")
    assert ground == {"light": "rgb(255, 255, 255)", "dark": "rgb(22, 25, 29)"}[scheme]
    figure(page).get_by_role("slider").press("End")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    grid = figure(page).get_by_role("group", name="All tasks")
    assert grid.evaluate("(node) => node.scrollWidth <= node.clientWidth + 1"), "numbers out of sight"
    page.add_script_tag(path=str(AXE))
    assert unusable(page) == [] and page.problems == []
    page.context.close()


@pytest.mark.parametrize("over", ["http", "file"])
def test_the_chapter_has_its_figure_alive(page_for, over):
    page = page_for("01", over=over)
    page.wait_for_selector(".mg-task")
    figure(page).first.get_by_role("slider").press("End")
    assert cells(page, "PTB")[3] == "35.76 ✓"
    assert page.locator(".mg-wrong").count() == 0 and page.problems == []
