"""What the tests share: the built book, a browser, and pages opened in it."""

from __future__ import annotations

import functools
import http.server
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # `book` is no installed package; plain `pytest` would not find it

NO_BROWSER = (
    "Skipped: the tests that open pages in a browser, for there is no Chromium here. Install chromium or Chrome."
)
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # a page that asks another host gets no answer
]  # fmt: skip


def skips_browser() -> bool:
    """On a reader's machine the tests of the pages may be left out; in CI they may not."""
    return find_chromium() is None and os.environ.get("CI") != "true"


def pytest_collection_modifyitems(config, items):
    if skips_browser():
        left_out = [item for item in items if "browser" in getattr(item, "fixturenames", ())]
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)


def pytest_terminal_summary(terminalreporter):
    if skips_browser():
        terminalreporter.write_line(NO_BROWSER, yellow=True)


@pytest.fixture(scope="session")
def built_book() -> Path:
    """The folder with the book's pages, built anew as far as they are out of date."""
    done = subprocess.run([sys.executable, "-m", "book.build"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"the book does not build:\n{done.stderr}"
    return ROOT / "_build" / "html"


@pytest.fixture(scope="session")
def site(built_book) -> str:
    """The address of a small server with the book's pages."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(built_book)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def find_chromium() -> str | None:
    """A Chromium of the system, or the one that playwright installed."""
    for name in ("chromium", "chromium-browser", "google-chrome", "chrome"):
        if path := shutil.which(name):
            return path
    installed = sorted(Path.home().glob(".cache/ms-playwright/chromium-*/chrome-linux*/chrome"))
    return str(installed[-1]) if installed else None


@pytest.fixture(scope="module")
def browser():
    """A Chromium with no way to other hosts. Of a module, not a session: playwright keeps an event loop running."""
    path = find_chromium()
    assert path, "there is no Chromium here, and in CI the pages must be tested; install Debian's chromium"
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield chromium
        chromium.close()


def watched(browser, file: Path, width: int, height: int = 1100, **context):
    """A page of the test's own, opened from a file; `page.problems` lists errors and requests to any host."""
    page = browser.new_context(viewport={"width": width, "height": height}, **context).new_page()
    page.set_default_timeout(30_000)
    page.problems = problems = []
    page.on("console", lambda m: problems.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda e: problems.append(str(e)))
    page.on("request", lambda r: None if r.url.startswith(("file:", "data:", "blob:")) else problems.append(r.url))
    page.goto(file.as_uri())
    return page


@pytest.fixture
def page(request, browser, own_site):
    """The page of a test file's figures, as its `opened(browser, own_site)` opens it; at the end nothing went wrong."""
    page = request.module.opened(browser, own_site)
    yield page
    assert page.problems == []
    page.context.close()


def unusable(page) -> list:
    """What axe, which the page has loaded, finds seriously wrong for readers who cannot see or point."""
    return page.evaluate(
        "axe.run(document).then((r) => r.violations.filter((v) => ['serious', 'critical'].includes(v.impact))"
        ".map((v) => [v.id, v.nodes[0].html.slice(0, 200)]))"
    )


@pytest.fixture
def page_for(browser, built_book, site):
    """`page_for(name, ...)` opens a page of the book and returns playwright's Page.

    name: a page as the table of contents spells it (`chapters/05_...`), or a chapter's number (`05`).
    scheme: light or dark. width: of the window in pixels. over: http or file. javascript: False switches it off.
    `page.problems` lists console errors, uncaught exceptions, failed requests, and requests to other hosts.
    """
    contexts = []

    def open_page(name: str, scheme="light", width=1280, over="http", javascript=True):
        if name.isdigit():
            name = (
                next(path for path in built_book.glob(f"chapters/{name}_*.html"))
                .relative_to(built_book)
                .as_posix()[:-5]
            )
        context = browser.new_context(
            color_scheme=scheme, viewport={"width": width, "height": 900}, java_script_enabled=javascript
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.problems = problems = []
        page.on("console", lambda m: problems.append(f"console: {m.text}") if m.type == "error" else None)
        page.on("pageerror", lambda e: problems.append(f"uncaught: {e}"))
        page.on("requestfailed", lambda r: problems.append(f"failed: {r.url} ({r.failure})"))
        own = ("file:", "data:", "blob:", site)
        page.on("request", lambda r: None if r.url.startswith(own) else problems.append(f"other host: {r.url}"))
        base = site if over == "http" else built_book.as_uri()
        page.goto(f"{base}/{name}.html", wait_until="load")
        if javascript:
            settle(page)
        return page

    yield open_page
    for context in contexts:
        context.close()


def settle(page) -> None:
    """Wait until formulas and live figures are drawn and the page's own repairs are done."""
    views = "document.querySelectorAll('script[type=\"application/vnd.jupyter.widget-view+json\"]').length"
    drawn = "document.querySelectorAll('.widget-subarea').length"
    page.wait_for_function(f"{drawn} >= {views}")
    page.evaluate("window.MathJax && MathJax.startup ? MathJax.startup.promise.then(() => true) : true")
    page.evaluate("document.fonts.ready.then(() => true)")
    page.wait_for_timeout(450)
