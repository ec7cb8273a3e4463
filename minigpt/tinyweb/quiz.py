"""Quiz pages: questions about the facts of the world, each with its answer (the closed-book questions of the paper)."""

from __future__ import annotations

from minigpt.tinyweb import facts
from minigpt.tinyweb.world import PEOPLE, TOWNS

_TITLES = [
    "Pub quiz of {town}, round {n}",
    "The {town} school test",
    "Questions for a rainy evening",
    "How well do you know your neighbours?",
    "Quiz night in {town}",
    "Answers to last week's quiz",
]
_ENDS = ["No prizes.", "The winner gets a spoon.", "Three right is a pass.", "Cheating is allowed after ten."]


def write(dice, split: str) -> tuple[str, list]:
    """Three or four questions; what is apart is the person together with what is asked."""
    lines, keys = [], []
    title = dice.pick(_TITLES).format(town=dice.pick(TOWNS).name, n=1 + dice.below(9))
    for _ in range(3 + dice.below(2)):
        key = dice.combination(split, len(PEOPLE), len(facts.ATTRIBUTES))
        question, answer = facts.ask(dice, PEOPLE[key[0]], facts.ATTRIBUTES[key[1]])
        lines.append(f"Q: {question}\nA: {answer}")
        keys.append(key)
    if dice.chance(0.2):
        lines.append(dice.pick(_ENDS))
    return title + "\n" + "\n".join(lines), keys
