"""Chapter 03's live figure in a browser with no kernel: its numbers are those it was given, and everyone can use it."""

from __future__ import annotations

import pytest
from conftest import unusable, watched
from test_widgets_browser import AXE, VENDOR, page_text

from minigpt import widgets
from minigpt.webtext import switches, truth

TITLE = "The funnel"


@pytest.fixture(scope="module")
def ways(tmp_path_factory):
    """The counts of a small web."""
    return switches.count_switches(*truth.write_world(tmp_path_factory.mktemp("web"), 120))


@pytest.fixture(scope="module")
def own_site(tmp_path_factory, ways):
    folder = tmp_path_factory.mktemp("site")
    (folder / "_static").mkdir()
    (folder / "_static" / "vendor").symlink_to(VENDOR)
    quiz = widgets.quiz([{"question": "Which?", "answer": "This."}])
    (folder / "index.html").write_text(page_text([widgets.FilterSwitches(ways)], quiz), encoding="utf-8")
    return folder


def opened(browser, own_site, width=900, **context):
    page = watched(browser, own_site / "index.html", width, **context)
    page.wait_for_selector(".mg-stack")
    return page


def figure(page):
    return page.get_by_role("group", name=TITLE, exact=True)


def shown(page) -> tuple[str, str, str]:
    """Pages left, precision, recall."""
    return tuple(figure(page).locator(".mg-facts dd").all_inner_texts())


def expected(ways, on: int) -> tuple[str, str, str]:
    left = sum(ways["left"][on])
    return str(left), f"{ways['texts'][on] / left:.2f}", f"{ways['texts'][on] / ways['wanted']:.2f}"


def bars(page) -> list[int]:
    return [int(text.replace(",", "")) for text in figure(page).locator(".mg-stage .mg-num").all_inner_texts()]


def test_every_set_of_filters_shows_its_counts(page, ways):
    """All 64, each one switch from the last (a Gray code)."""
    names, on = ways["switches"], 63
    boxes = [figure(page).get_by_role("checkbox", name=name, exact=True) for name in names]
    for step in range(1, 65):
        assert shown(page) == expected(ways, on)
        prefixes = [on & (2**bit - 1) for bit in range(1, 7)]
        assert bars(page) == [sum(ways["archive"]), sum(ways["left"][0]), *(sum(ways["left"][p]) for p in prefixes)]
        bit = (step & -step).bit_length() - 1
        if bit < 6:
            boxes[bit].click()
            on ^= 1 << bit
    cells = figure(page).locator(".mg-scroll tbody tr").all_inner_texts()
    for label, came, left, row in zip(ways["labels"], ways["archive"], ways["left"][on], cells):
        assert row.split("\t") == [label, str(came), str(left)]


def test_a_line_says_what_its_switch_would_change(page, ways):
    effects = figure(page).locator(".mg-effect")
    for bit, name in enumerate(ways["switches"]):
        _, precision, recall = expected(ways, 63 ^ (1 << bit))
        assert effects.nth(bit + 2).inner_text() == f"without it: precision {precision}, recall {recall}"
        assert figure(page).get_by_role("checkbox", name=name, exact=True).get_attribute("aria-describedby")
    figure(page).get_by_role("checkbox", name="near", exact=True).click()
    _, precision, recall = expected(ways, 63)
    assert effects.nth(7).inner_text() == f"with it: precision {precision}, recall {recall}"


def test_the_keyboard_switches_and_the_change_is_said(page, ways):
    figure(page).get_by_role("button", name="All off").focus()
    page.keyboard.press("Enter")
    assert shown(page) == expected(ways, 0)
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert shown(page) == expected(ways, 1)
    assert figure(page).locator(".mg-live").inner_text().startswith("karma on: ")
    figure(page).get_by_role("button", name="All on").press("Enter")
    assert shown(page) == expected(ways, 63)


@pytest.mark.parametrize(("scheme", "width"), [("light", 900), ("dark", 900), ("light", 390), ("dark", 390)])
def test_accessible_and_narrow(browser, own_site, scheme, width):
    page = opened(browser, own_site, width, color_scheme=scheme, reduced_motion="reduce")
    ground = page.evaluate("getComputedStyle(document.querySelector('.mg')).backgroundColor")
    assert ground == {"light": "rgb(255, 255, 255)", "dark": "rgb(22, 25, 29)"}[scheme]
    figure(page).get_by_role("checkbox", name="language", exact=True).click()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.add_script_tag(path=str(AXE))
    assert unusable(page) == [] and page.problems == []
    page.context.close()


@pytest.mark.parametrize("over", ["http", "file"])
def test_the_chapter_has_its_figure_alive(page_for, over):
    page = page_for("03", over=over)
    page.wait_for_selector(".mg-stack")
    before = shown(page)
    figure(page).first.get_by_role("checkbox", name="karma", exact=True).click()
    assert shown(page) != before and page.problems == []
