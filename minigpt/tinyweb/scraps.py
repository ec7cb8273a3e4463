"""Scraps: pages that somebody has glued together from bits of others, as newsletters, blogs and noticeboards are.

No bit is announced by the one before it. A model that has read such pages is less sure of what must come next than one
that has read only pages of one piece, and so less lost on a page of a kind that it has never seen.
"""

from __future__ import annotations

import re

from minigpt.tinyweb import chat, cloze, encyclopedia, facts, forum, lists, lookup, news, pronoun, quotes, reading, story
from minigpt.tinyweb.world import DAYS, PEOPLE, TOWNS, somebody

_SOURCES = [chat, cloze, encyclopedia, forum, lists, lookup, news, pronoun, quotes, reading, story]
_HEADS = [
    "Cuttings from {town}",
    "This and that",
    "What I found on {day}",
    "The {town} noticeboard",
    "Seen, heard, copied",
    "Bits",
    "From the bottom of the drawer",
    "Newsletter of {town}, {day}",
]
_JOINTS = ["\n", "\n\n", " ", "\n* ", "\n- ", "\n---\n", " ... "]


def write(dice, split: str) -> tuple[str, list]:
    """Four to seven bits of a line or a sentence or two; what is apart is what their pages are about."""
    bits, keys = [], []
    for _ in range(4 + dice.below(4)):
        if dice.chance(0.3):
            bits.append(facts.tell(dice, PEOPLE[somebody(dice)], dice.pick(facts.ATTRIBUTES)))
            continue
        text, about = dice.pick(_SOURCES).write(dice, split)
        bits.append(_bit(dice, text))
        keys += about
    joint = dice.pick(_JOINTS)
    head = [dice.pick(_HEADS).format(town=dice.pick(TOWNS).name, day=dice.pick(DAYS))] if dice.chance(0.5) else []
    return "\n".join([*head, joint.join(bits)]), keys


def _bit(dice, text: str) -> str:
    """A line of the page, cut to one or two sentences if it is long."""
    line = dice.pick([line for line in text.split("\n") if line])
    sentences = re.split(r"(?<=[.?!]) (?=[A-Z])", line)
    first = dice.below(len(sentences))
    return " ".join(sentences[first : first + 1 + dice.below(2)])
