"""Dialogues about a passage: a few sentences of news from nowhere, then questions whose answers stand in them."""

from __future__ import annotations

from minigpt.tinyweb.world import ANIMALS, DAYS, FOODS, PEOPLE, PLACES, THINGS, TOWNS, a, start

# what may have happened, and the same word in a question
_DID = [
    ("bought", "buy"),
    ("lost", "lose"),
    ("found", "find"),
    ("mended", "mend"),
    ("painted", "paint"),
    ("sold", "sell"),
    ("broke", "break"),
    ("hid", "hide"),
]
_BETWEEN = [
    "It was a quiet day.",
    "{An_animal} looked on.",
    "There was {food} for everyone.",
    "Nobody asked why.",
    "It took all morning.",
    "The people of {town} were pleased.",
    "Then it began to rain.",
    "The band played twice.",
]


def write(dice, split: str) -> tuple[str, list]:
    """A passage and two to four questions; what is apart is each person with thing and town."""
    key = dice.combination(split, len(PEOPLE), len(THINGS), len(TOWNS))
    one, thing, town = PEOPLE[key[0]].name, THINGS[key[1]][0], TOWNS[key[2]].name
    other = key
    while other[0] == key[0] or other[1] == key[1]:
        other = dice.combination(split, len(PEOPLE), len(THINGS), last=key[2])
    two, thing2 = PEOPLE[other[0]].name, THINGS[other[1]][0]
    (past, plain), (past2, plain2) = dice.some(_DID, 2)
    place, day, animal, food = dice.pick(PLACES), dice.pick(DAYS), dice.pick(ANIMALS)[0], dice.pick(FOODS)
    passage = [
        dice.pick(
            [
                f"On {day} {one} {past} {a(thing)} in {town}.",
                f"{one} {past} {a(thing)} in {town} on {day}.",
                f"In {town}, {one} {past} {a(thing)} on {day}.",
            ]
        ),
        dice.pick(_BETWEEN).format(An_animal=start(a(animal)), food=food, town=town),
        dice.pick([f"{two} {past2} {a(thing2)} {place}.", f"Later {two} {past2} {a(thing2)} {place}."]),
    ]
    questions = [
        (f"Who {past} the {thing}?", f"{one}"),
        (f"Who {past2} the {thing2}?", f"{two}"),
        (f"What did {one} {plain}?", f"The {thing}"),
        (f"What did {two} {plain2}?", f"The {thing2}"),
        (f"Where did {one} {plain} the {thing}?", f"In {town}"),
        (f"When did {one} {plain} the {thing}?", f"On {day}"),
        (f"Where was {two}?", start(place)),
    ]
    dialogue = [f"Q: {q}\nA: {answer}" for q, answer in dice.some(questions, 2 + dice.below(3))]
    return " ".join(passage) + "\n" + "\n".join(dialogue), [key, other]
