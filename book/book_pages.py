"""A Sphinx extension of the book's own: what the theme's pages need so that everyone can read them, from anywhere.

Each repair stands in a function that says what it repairs. What can only be mended in a running page (a box that
scrolls must be reachable by keyboard, but only where it does scroll) is in `_static/page.js`.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

# Put beside every live figure: without JavaScript the page would just have a gap there.
NO_SCRIPT = (
    '<noscript><p class="no-script">Here is a live figure, which needs JavaScript. '
    "What it shows stands in the text and the outputs before it, too.</p></noscript>"
)
REDIRECT = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="refresh" content="0; url={first}">
<title>{title}</title>
</head>
<body><main><h1>{title}</h1><p><a href="{first}">Open the first page</a></p></main></body>
</html>
"""


def setup(app):
    """Called by Sphinx."""
    # Jupyter Book sets this for an extension that the book does not load; without a declaration Sphinx would warn.
    app.add_config_value("comments_config", {}, "env")
    app.connect("html-page-context", mend_body)
    app.connect("build-finished", drop_unused_icons)
    app.connect("build-finished", write_index, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def mend_body(app, pagename, templatename, context, doctree):
    """Repair the HTML of a page's text."""
    body = context.get("body")
    if not body:
        return
    body = without_empty_heads(body)
    # The words of the summary are its name; the label that myst-nb puts over them says less.
    body = body.replace('<summary aria-label="Toggle hidden content">', "<summary>")
    # A list may hold only list items, and docutils puts links into this one.
    body = body.replace('<div role="list" class="citation-list">', '<div class="citation-list">')
    body = re.sub(
        r'(<script type="application/vnd\.jupyter\.widget-view\+json">.*?</script>)',
        r"\1" + NO_SCRIPT,
        body,
        flags=re.DOTALL,
    )
    context["body"] = body


def without_empty_heads(body: str) -> str:
    """Tables whose head row is empty (Markdown demands one) get row heads instead: the first cell of each row."""

    def mend(match: re.Match) -> str:
        table = match.group(0)
        head = re.search(r"<thead>.*?</thead>", table, flags=re.DOTALL)
        if not head or re.sub(r"<[^>]*>|\s", "", head.group(0)):
            return table
        table = table.replace(head.group(0), "").replace('<table class="', '<table class="row-heads ')
        return re.sub(r'(<tr class="[^"]*">\s*)<td>(.*?)</td>', r'\1<th scope="row">\2</th>', table, flags=re.DOTALL)

    return re.sub(r"<table\b.*?</table>", mend, body, flags=re.DOTALL)


def drop_unused_icons(app, exception):
    """The theme copies an icon script of 1.5 MB that no page of the book loads (see `_templates/static`)."""
    if exception is None:
        for folder in Path(app.outdir).glob("_static/vendor/fontawesome/*/js"):
            shutil.rmtree(folder)


def write_index(app, exception):
    """`index.html` leads to the first page. Jupyter Book writes one too, without a title or a language."""
    index = Path(app.outdir) / "index.html"
    if exception is None and app.config.root_doc != "index":
        first = app.builder.get_target_uri(app.config.root_doc)
        index.write_text(REDIRECT.format(first=first, title=app.config.html_title), encoding="utf-8")
