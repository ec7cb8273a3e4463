"""Step 8: cleaning by rules. The paper says "some heuristic based cleaning" and no more (section 2.1); these rules are
our choice, after those that later corpora published: C4 (Raffel et al. 2020) and MassiveText (Rae et al. 2021).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from minigpt.webtext.records import Drop, Page


@dataclass(frozen=True)
class Rules:
    """Bounds that a text must keep to."""

    min_words: int = 40
    min_letters: float = 0.65  # share of letters among the characters that are no white space
    max_word: float = 12.0  # mean letters a word
    min_ends: float = 0.015  # ends of sentences a word
    max_top_word: float = 0.2  # share of the commonest word
    max_repeated_lines: float = 0.5  # share of the lines that stood before


_END = re.compile(r"[.!?…][\"'”’)]*(?=\s|$)")
_FORMS = ("enable javascript", "please log in", "accept cookies", "lorem ipsum", "session has expired")


def why_not_text(text: str, rules: Rules = Rules()) -> str:
    """Which rule a text breaks first; "" if none.

    >>> why_not_text("Buy kettle kettle kettle! " * 20)
    'one word over and over'
    """
    words = text.split()
    if len(words) < rules.min_words:
        return "too short"
    letters = sum(c.isalpha() for c in text)
    if letters < rules.min_letters * sum(map(len, words)):
        return "too few letters"
    if sum(map(len, words)) > rules.max_word * len(words):
        return "words too long"
    common = Counter(word.strip(".,!?:;").lower() for word in words).most_common(1)[0][1]
    if common > rules.max_top_word * len(words):
        return "one word over and over"
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    if len(lines) - len(set(lines)) > rules.max_repeated_lines * len(lines):
        return "the same lines over and over"
    if len(_END.findall(text)) < rules.min_ends * len(words):
        return "no sentences"
    if len(words) < 2 * rules.min_words and any(form in text.lower() for form in _FORMS):
        return "a form, not a text"
    return ""


def clean(pages: Iterable[Page], rules: Rules = Rules()) -> Iterator[Page | Drop]:
    """Keeps pages that break no rule."""
    for page in pages:
        reason = why_not_text(page.text, rules)
        yield Drop(reason, page.url[:200]) if reason else page
