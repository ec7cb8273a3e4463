"""Dialogues about a passage: a few sentences of news from nowhere, then questions whose answers stand in them.

The rung of a ladder is the number of candidates: one, two or three people have each done something to a thing of
theirs, somewhere, some day, and a question asks who, what, where or when. Which of the events is asked about does not
depend on their order. Held out: who did what to which thing.
"""

from __future__ import annotations

from typing import NamedTuple

from minigpt.tinyweb.dice import held_out
from minigpt.tinyweb.world import ANIMALS, CAST, DAYS, FOODS, NUMBERS, PLACES, THINGS, TOWNS, a, start

RUNGS = ("1 candidate", "2 candidates", "3 candidates")
KINDS = ("who", "what", "where", "when")


class Question(NamedTuple):
    """A question about the passage, its answer, its kind, and all that the passage offers as an answer of that kind."""

    question: str
    answer: str
    kind: str
    candidates: tuple[str, ...]


class Reading(NamedTuple):
    """A passage and, in random order, all that can be asked about it."""

    passage: str
    questions: list[Question]
    keys: list[tuple[int, ...]]


# What may have happened to a thing: past, plain, participle.
_DID = [
    ("bought", "buy", "bought"),
    ("lost", "lose", "lost"),
    ("found", "find", "found"),
    ("mended", "mend", "mended"),
    ("painted", "paint", "painted"),
    ("sold", "sell", "sold"),
    ("broke", "break", "broken"),
    ("hid", "hide", "hidden"),
    ("dropped", "drop", "dropped"),
    ("tested", "test", "tested"),
    ("drew", "draw", "drawn"),
    ("borrowed", "borrow", "borrowed"),
    ("weighed", "weigh", "weighed"),
    ("polished", "polish", "polished"),
    ("kicked", "kick", "kicked"),
    ("stole", "steal", "stolen"),
    ("buried", "bury", "buried"),
    ("washed", "wash", "washed"),
]
# How it is told, with and without a place and a day.
_TELL = {
    (True, True): [
        "On {day} {who} {past} {a_thing} {place}.",
        "{who} {past} {a_thing} {place} on {day}.",
        "{Place} {who} {past} {a_thing} on {day}.",
        "{A_thing} was {done} by {who} {place} on {day}.",
        "On {day} {a_thing} was {done} {place} by {who}.",
        "It was on {day} that {who} {past} {a_thing} {place}.",
        "{who} went out on {day} and {past} {a_thing} {place}.",
    ],
    (True, False): [
        "{Place} {who} {past} {a_thing}.",
        "{who} {past} {a_thing} {place}.",
        "{A_thing} was {done} {place} by {who}.",
        "{who} was seen {place} and {past} {a_thing} there.",
        "{who} {past} {a_thing} {place}, for no reason.",
    ],
    (False, True): [
        "On {day} {who} {past} {a_thing}.",
        "{who} {past} {a_thing} on {day}.",
        "{A_thing} was {done} on {day} by {who}.",
        "{who} slept late on {day} and then {past} {a_thing}.",
        "{who} had a free {day} and {past} {a_thing}.",
    ],
    (False, False): [
        "{who} {past} {a_thing}.",
        "{A_thing} was {done} by {who}.",
        "{who} {past} {a_thing} and went home.",
        "Then {who} {past} {a_thing}.",
        "{who} quickly {past} {a_thing}.",
    ],
}
_ASK = {
    "who": ["Who {past} the {thing}?", "By whom was the {thing} {done}?", "Who was it that {past} the {thing}?"],
    "what": ["What did {who} {plain}?", "What was {done} by {who}?", "What was it that {who} {past}?"],
    "where": ["Where did {who} {plain} the {thing}?", "Where was the {thing} {done}?"],
    "when": ["When did {who} {plain} the {thing}?", "When was the {thing} {done}?", "On which day was the {thing} {done}?"],
}
_ANSWER = {"who": "{who}", "what": "The {thing}", "where": "{Place}", "when": "On {day}"}
_SETTING = [
    "It was a busy week in {town}.",
    "The news from {town} is short.",
    "In {town} they wrote it all down.",
    "A page from the diary of {town}:",
    "{town} was full of noise.",
    "This is what the {animal} of {town} saw.",
    "Nobody in {town} will forget it.",
    "So it went in {town}:",
    "{town} had {n} visitors that week.",
]
_COLOUR = [
    "Nobody asked why.",
    "It took all morning.",
    "Then it began to rain.",
    "The band played twice.",
    "{An_animal} looked on.",
    "Everyone was given {food}.",
    "Some people clapped.",
    "{An_animal} came in and left again.",
    "That was not the end of it.",
    "By then nobody wanted any {food}.",
    "A bell rang {n} times.",
    "The judge yawned.",
    "It was the talk of the town.",
    "Even the {animal} was surprised.",
]


def write(dice, split: str) -> tuple[str, list]:
    """A passage and three to eight questions, as far as it has so many, as a dialogue or in one line after the other."""
    reading = make(dice, split, dice.pick(RUNGS))
    asked = reading.questions[: 3 + dice.below(6)]
    style = dice.pick([_QA, _QA, _QA, "Teacher: {}\nPupil: {}", "{} {}.", "- {}\n- {}."])
    return reading.passage + "\n" + "\n".join(style.format(q.question, q.answer) for q in asked), reading.keys


_QA = "Q: {}\nA: {}"


def make(dice, split: str, rung: str) -> Reading:
    """A passage of the rung and all its questions; what is apart is who did what to which thing."""
    size = 1 + RUNGS.index(rung)
    keys = _keys(dice, split, size, one_verb=dice.chance(0.4))
    days, places = dice.some(DAYS, size), dice.some(PLACES, size)
    told = (dice.chance(0.75), dice.chance(0.75))  # whether the place is told, and the day
    facts = [_known(key, day, place) for key, day, place in zip(keys, days, places)]
    lines = [dice.pick(_TELL[told]).format(**fact) for fact in facts]
    for line in dice.some(_COLOUR, dice.below(3)):
        lines.insert(1 + dice.below(len(lines)), line)
    if dice.chance(0.6):
        lines.insert(0, dice.pick(_SETTING))
    animal = dice.pick(ANIMALS)[0]
    colour = {"animal": animal, "An_animal": start(a(animal)), "food": dice.pick(FOODS), "n": dice.pick(NUMBERS)}
    passage = " ".join(lines).format(town=dice.pick(TOWNS).name, **colour)
    kinds = [kind for kind, known in zip(KINDS, (True, True, *told)) if known]
    offers = {kind: tuple(_ANSWER[kind].format(**fact) for fact in facts) for kind in kinds}
    questions = [
        Question(dice.pick(_ASK[kind]).format(**fact), offers[kind][i], kind, offers[kind])
        for i, fact in enumerate(facts)
        for kind in kinds
    ]
    return Reading(passage, dice.some(questions, len(questions)), keys)


def _keys(dice, split: str, size: int, one_verb: bool) -> list[tuple[int, ...]]:
    """Keys (who, did, thing), people and things all different, verbs all the same or all different."""
    verbs = [dice.below(len(_DID))] * size if one_verb else dice.some(range(len(_DID)), size)
    keys = []
    while len(keys) < size:
        key = (dice.below(len(CAST)), verbs[len(keys)], dice.below(len(THINGS)))
        if held_out(key) == (split == "test") and all(key[0] != k[0] and key[2] != k[2] for k in keys):
            keys.append(key)
    return keys


def _known(key: tuple[int, ...], day: str, place: str) -> dict:
    who, (past, plain, done), thing = CAST[key[0]].name, _DID[key[1]], THINGS[key[2]][0]
    return {
        "who": who,
        "past": past,
        "plain": plain,
        "done": done,
        "thing": thing,
        "a_thing": a(thing),
        "A_thing": start(a(thing)),
        "day": day,
        "place": place,
        "Place": start(place),
    }
