"""Quiz pages: questions about the facts of the world, each with its answer (the closed-book questions of the paper).

A question is about a person and an attribute, or about a town and an attribute: key (subject, attribute), where towns
count on from the people. One key in three is held out: the fact is told on encyclopedia pages of the train split, but
no page of the train split asks for it.
"""

from __future__ import annotations

from minigpt.tinyweb import facts
from minigpt.tinyweb.dice import held_out
from minigpt.tinyweb.world import CAST, PEOPLE, TOWNS, a, somebody, start

_TITLES = [
    "Pub quiz of {town}, round {n}",
    "The {town} school test",
    "Questions for a rainy evening",
    "How well do you know your neighbours?",
    "Quiz night in {town}",
    "Answers to last week's quiz",
    "Test your friends",
    "The great {town} examination, page {n}",
    "Who, what, where?",
    "Ask me another",
]
_ENDS = [
    "No prizes.",
    "The winner gets a spoon.",
    "Three right is a pass.",
    "Cheating is allowed after ten.",
    "Answers may be kept.",
    "More questions than anyone wanted.",
]
_ABOUT_TOWNS = [
    (["Who is the mayor of {name}?", "Who rings the bell in {name}?"], "{mayor}."),
    (["What does {name} celebrate?", "Which feast is held in {name}?"], "{Festival}."),
    (["When does {name} hold its feast?", "In which month is the feast of {name}?"], "In {month}."),
    (["Which town is the rival of {name}?", "Whom does {name} not invite?"], "{rival}."),
    (["Which animal is on the flag of {name}?", "What animal stands for {name}?"], "{An_animal}."),
    (["What are visitors to {name} given to eat?", "What is served to guests in {name}?"], "{Food}."),
]


def never_asked(key: tuple[int, int]) -> bool:
    """Whether no page of the train split asks this question."""
    return held_out(key, one_in=3)


def held_out_keys() -> list[tuple[int, int]]:
    """The keys of all questions that no page of the train split asks."""
    subjects, attributes = len(PEOPLE) + len(TOWNS), len(facts.ATTRIBUTES)
    keys = [(who, what) for who in range(subjects) for what in range(attributes) if never_asked((who, what))]
    return [(who, what) for who, what in keys if who < len(PEOPLE) or what < len(_ABOUT_TOWNS)]


def ask(dice, key: tuple[int, int]) -> tuple[str, str]:
    """A question of the key, in one of its wordings, and the answer."""
    who, what = key
    if who < len(PEOPLE):
        return facts.ask(dice, PEOPLE[who], facts.ATTRIBUTES[what])
    town = TOWNS[who - len(PEOPLE)]
    questions, answer = _ABOUT_TOWNS[what]
    said = {"Festival": start(town.festival), "An_animal": start(a(town.animal)), "Food": start(town.food)}
    return dice.pick(questions).format(name=town.name), answer.format(**said, **town._asdict())


def write(dice, split: str) -> tuple[str, list]:
    """Four to six questions; what is apart is the person or town together with what is asked."""
    keys = [draw(dice, split) for _ in range(4 + dice.below(3))]
    asked = [ask(dice, key) for key in keys]
    title = dice.pick(_TITLES).format(town=dice.pick(TOWNS).name, n=1 + dice.below(9))
    layout = dice.pick([_dialogue, _dialogue, _numbered, _evening])
    end = "\n" + dice.pick(_ENDS) if dice.chance(0.2) else ""
    return title + "\n" + layout(dice, asked) + end, keys


def draw(dice, split: str) -> tuple[int, int]:
    """A key of the split; famous people are asked about more often."""
    towns = dice.chance(0.07)
    while True:
        if towns:
            key = (len(PEOPLE) + dice.below(len(TOWNS)), dice.below(len(_ABOUT_TOWNS)))
        else:
            key = (somebody(dice), dice.below(len(facts.ATTRIBUTES)))
        if never_asked(key) == (split == "test"):
            return key


def _dialogue(dice, asked) -> str:
    return "\n".join(f"Q: {question}\nA: {answer}" for question, answer in asked)


def _numbered(dice, asked) -> str:
    return "\n".join(f"{i}. {question} {answer}" for i, (question, answer) in enumerate(asked, 1))


def _evening(dice, asked) -> str:
    """A host asks, the guests answer in turn."""
    host, one, two = (name.name for name in dice.some(CAST, 3))
    guests = [one, two]
    return "\n".join(f"{host}: {question}\n{guests[i % 2]}: {answer}" for i, (question, answer) in enumerate(asked))
