"""Step 6: the text of a page, without menus, adverts and the like. The paper used a combination of Dragnet and
Newspaper (section 2.1); Dragnet can no longer be installed, so this is trafilatura, the best kept of its kind today.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from minigpt.webtext.records import Drop, Page

# Control characters and halves of surrogate pairs: no text, and they upset what comes later.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_BARS = re.compile(r"^[ \t|]*\|[ \t|]*|[ \t|]*\|[ \t|]*$", re.MULTILINE)  # tables come with bars around their lines


def extract_text(html: str) -> str:
    """The main text of a page, a paragraph a line; "" if it has none.

    Raises:
        Whatever trafilatura and lxml raise on what they cannot read.
    """
    import trafilatura

    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)  # what it gives up on is counted here, not logged
    text = trafilatura.extract(_CONTROL.sub("", html), include_comments=False, deduplicate=False) or ""
    text = _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return re.sub(r"\n{3,}", "\n\n", _BARS.sub("", text)).strip()


def extract(pages: Iterable[Page]) -> Iterator[Page | Drop]:
    """Replaces the HTML of pages by their text."""
    for page in pages:
        try:
            text = extract_text(page.html)
        except ImportError:
            raise
        except Exception as error:  # another's parser on anyone's page: no page may end the run
            yield Drop(f"extractor failed: {type(error).__name__}", page.url[:200])
            continue
        yield replace(page, html="", text=text) if text else Drop("no text", page.url[:200])
