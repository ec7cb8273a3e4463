"""Every page of the built book, in a real browser: for every reader, from anywhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from book.build import pages

AXE = (Path(__file__).parent / "vendor" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
PAGES = [*pages(), "search", "genindex"]
every_page = pytest.mark.parametrize("name", PAGES)


@every_page
@pytest.mark.parametrize("over", ["http", "file"])
def test_a_page_loads_with_no_other_host_and_no_error(page_for, name, over):
    page = page_for(name, over=over)
    page.mouse.wheel(0, 30_000)
    page.wait_for_timeout(200)
    assert page.problems == []


WIDE = """[...document.querySelectorAll('main *')].filter(e => e.getBoundingClientRect().right > 391)
          .slice(0, 5).map(e => e.outerHTML.slice(0, 150))"""


@every_page
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_and_nothing_is_wider_than_a_phone(page_for, name, scheme):
    page = page_for(name, scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach(box => { box.open = true; })")
    page.evaluate(PLAIN_CODE)
    page.evaluate(AXE)
    if scheme == "dark":
        assert page.evaluate("document.documentElement.dataset.theme") == "dark"
        assert all(look == ["none", "rgba(0, 0, 0, 0)"] for look in page.evaluate(PICTURES))
    found = []
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(600)  # the page's own repairs follow a change of its width after 350 ms
        if width == 390:
            assert page.evaluate("document.documentElement.scrollWidth") <= 390, page.evaluate(WIDE)
        rules = {"color-contrast": {"enabled": width == 1280}}  # slow, and colours do not depend on the width
        result = page.evaluate(
            "rules => axe.run(document, {resultTypes: ['violations'], preload: false, rules})", rules
        )
        found += [
            f"{width} px, {finding['id']}: {node['html'][:200]} -- {' '.join(node['failureSummary'].split())[:300]}"
            for finding in result["violations"]
            if finding["impact"] in ("serious", "critical")
            for node in finding["nodes"]
        ]
    assert found == []


# A chapter has thousands of coloured pieces of code, and axe looks at each: blocks with no new colour become plain.
PLAIN_CODE = """() => {
  const seen = new Set();
  for (const block of document.querySelectorAll('.highlight pre')) {
    const kinds = [...block.querySelectorAll('span')].map(e => e.className).filter(kind => !seen.has(kind));
    kinds.forEach(kind => seen.add(kind));
    if (kinds.length === 0) block.textContent = block.textContent;
  }
}"""

# A picture with a transparent ground must stand on the dark page itself, neither on white nor behind a filter.
PICTURES = """[...document.querySelectorAll('main .cell_output img, main figure img')].map(e => {
                const look = getComputedStyle(e); return [look.filter, look.backgroundColor]; })"""

# The elements that the keyboard must reach, one of each group of radio buttons, each with a number of its own.
WANTED = """() => {
  const tags = 'a[href], button, input, select, textarea, summary, [tabindex]:not([tabindex="-1"])';
  const groups = new Set();
  const wanted = [...document.querySelectorAll(tags)].filter(e => {
    if (e.disabled || e.tabIndex < 0 || !e.checkVisibility({visibilityProperty: true})) return false;
    if (e.type !== 'radio') return true;
    const first = !groups.has(e.name);
    groups.add(e.name);
    return first;
  });
  wanted.forEach((e, i) => { e.dataset.stop = e.type === 'radio' ? e.name : i; });
  window.reached = new Map();
  document.addEventListener('focusin', event => {
    const e = event.target, look = getComputedStyle(e);
    const seen = look.outlineStyle !== 'none' || look.boxShadow !== 'none';
    window.reached.set(e.type === 'radio' ? e.name : e.dataset.stop, seen || e.outerHTML.slice(0, 150));
  });
  return wanted.length;
}"""
# What is no stop any more, say a formula that no longer scrolls since its letters have come, need not be reached.
MISSED = """() => [...document.querySelectorAll('[data-stop]')]
                .filter(e => e.tabIndex >= 0 && !window.reached.has(e.dataset.stop))
                .map(e => e.outerHTML.slice(0, 150))"""


@every_page
def test_the_keyboard_reaches_everything_and_shows_where_it_is(page_for, name):
    page = page_for(name)
    count = page.evaluate(WANTED)
    assert count > 5
    page.evaluate("window.scrollTo(0, 0)")
    for _ in range(count + 30):
        page.keyboard.press("Tab")
    assert page.evaluate(MISSED) == []
    unseen = page.evaluate("[...window.reached.values()].filter(seen => seen !== true)")
    assert unseen == []


@every_page
def test_the_text_is_there_without_javascript(page_for, name):
    page = page_for(name, width=390, javascript=False)
    assert page.problems == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390, page.evaluate(WIDE)
    main = page.locator("main")
    if name in pages():
        assert main.locator("article h1").first.is_visible()
        assert len(main.inner_text()) > 500
        hidden = [p.inner_text()[:80] for p in main.locator("section > p").all() if not p.is_visible()]
        assert hidden == []
    for view in main.locator('script[type="application/vnd.jupyter.widget-view+json"]').all():
        note = view.locator("xpath=following-sibling::noscript[1]")
        assert "needs JavaScript" in note.inner_text()


def test_the_first_page_is_found_from_the_top(page_for):
    page = page_for("index")
    page.wait_for_url("**/preface.html")
    assert page.locator("article h1").first.is_visible()
