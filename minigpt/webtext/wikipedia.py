"""Step 5: Wikipedia out. Paper, section 2.1: it is "a common data source for other datasets", and to have it in
training would make it hard to say what the evaluation on such sets means.

By the address, and by the marks that mirrors carry in their HTML. A page that only speaks of Wikipedia stays. How the
authors did it is not said; the list of domains that they published still names wikiwand, a mirror.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from minigpt.webtext.links import is_under, split_url
from minigpt.webtext.records import Drop, Page

SITES = ("wikipedia.org", "wikiwand.com", "wikizero.com", "wikipedia.com")
MARKS = re.compile(
    r"from wikipedia, the free encyclopedia"
    r"|retrieved from\W{0,8}(<a[^>]*>)?\s*https?://\w+\.wikipedia\.org"
    r"|uses material from the (<a[^>]*>)?\s*wikipedia",
    re.IGNORECASE,
)


def not_wikipedia(pages: Iterable[Page]) -> Iterator[Page | Drop]:
    """Keeps pages that are neither Wikipedia's nor a copy that says so."""
    for page in pages:
        parts = split_url(page.url)
        if parts and is_under(parts.hostname, SITES):
            yield Drop("Wikipedia", page.url[:200])
        elif MARKS.search(page.html):
            yield Drop("mirror of Wikipedia", page.url[:200])
        else:
            yield page
