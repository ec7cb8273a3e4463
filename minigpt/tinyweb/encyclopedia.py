"""Encyclopedia pages: people, towns, animals and things, and lists of people, as known to the world."""

from __future__ import annotations

from minigpt.tinyweb import facts
from minigpt.tinyweb.dice import held_out
from minigpt.tinyweb.world import ANIMALS, PEOPLE, THINGS, TOWNS, TRAITS, a, somebody, start

_LIVES_IN = {town.name: [p for p in PEOPLE if p.town == town.name] for town in TOWNS}
_KEEPS = {animal[0]: [p for p in PEOPLE if p.pet == animal[0]] for animal in ANIMALS}
_IMPROVED = {thing[0]: [p for p in PEOPLE if p.invention.endswith(" " + thing[0])] for thing in THINGS}

_NOTES = [
    "Citation needed.",
    "This page is short. You can help by not adding to it.",
    "The editors disagree, quietly.",
    "A photograph was planned.",
    "Nobody has checked this.",
    "This is true on weekdays.",
    "Written from memory, at night.",
    "See also: everything else.",
]
_HOUSES = ["small", "round", "damp", "careful", "borrowed", "leaning", "yellow"]


def write(dice, split: str) -> tuple[str, list]:
    """A page about an entry or a list of people; what is apart is the entry together with how its page begins.

    The facts themselves are on pages of both splits: what nobody asks in train is the business of `quiz`.
    """
    roll = dice.random()
    if roll < 0.64:
        key = _of_somebody(dice, split, len(facts.ATTRIBUTES) - 1)
        lines = _person(dice, *key)
    elif roll < 0.85:
        key = _of_somebody(dice, split, len(PEOPLE))
        return _directory(dice, *key), [key]
    else:
        key = dice.combination(split, len(TOWNS) + len(ANIMALS) + len(THINGS), 5, 4)
        lines = _other(dice, *key)
    if dice.chance(0.12):
        lines.append(dice.pick(_NOTES))
    return lines[0] + "\n" + " ".join(lines[1:]), [key]


def _of_somebody(dice, split: str, more: int) -> tuple[int, ...]:
    """A key (person, attribute, one of `more`) of the split; famous people come more often."""
    while True:
        key = (somebody(dice), dice.below(len(facts.ATTRIBUTES)), dice.below(more))
        if held_out(key) == (split == "test"):
            return key


def _person(dice, who: int, first: int, second: int) -> list[str]:
    person = PEOPLE[who]
    names = facts.ATTRIBUTES[first:] + facts.ATTRIBUTES[:first]  # starts at another fact
    then = names.pop(1 + second)
    order = [names.pop(0), then] + dice.some(names, 4 + dice.below(3))
    return [person.full] + [facts.tell(dice, person, name, i == 0) for i, name in enumerate(order)]


# What a list of people may say of them, line by line: a head, and the line.
_LISTS = {
    "job": ("Trades and those who practise them", "{full}: {value}"),
    "town": ("Where people live", "{full}: {value}"),
    "pet": ("Register of pets", "{full}: {a_value}"),
    "food": ("What to cook for whom", "{full}: {value}"),
    "fear": ("Things not to mention", "{full}: {value}"),
    "invention": ("Inventors and what they are sorry for", "{full}: the {value}"),
    "instrument": ("The orchestra, alphabetically wrong", "{full}: {value}"),
    "neighbour": ("Who lives next to whom", "{full}: {value}"),
}
_OF_TOWN = {
    "job": "People of {town} and their trades",
    "pet": "Pets of {town}",
    "food": "Favourite dishes in {town}",
    "fear": "What {town} is afraid of",
    "invention": "Patents of {town}",
    "instrument": "The town band of {town}",
    "neighbour": "Fences of {town}",
}


def _directory(dice, who: int, attribute: int, other: int) -> str:
    """Five to eight people, of everywhere or of one town, with one fact each, as a table or as sentences."""
    name = facts.ATTRIBUTES[attribute]
    if name in _OF_TOWN and dice.chance(0.5):
        town = PEOPLE[who].town
        head, rest = _OF_TOWN[name].format(town=town), [p for p in _LIVES_IN[town] if p is not PEOPLE[who]]
        people = [PEOPLE[who]] + dice.some(rest, min(len(rest), 5 + dice.below(3)))
    else:
        rest = [PEOPLE[other]] + [p for p in dice.some(PEOPLE, 6) if p is not PEOPLE[other]]
        head, people = _LISTS[name][0], [PEOPLE[who]] + [p for p in rest if p is not PEOPLE[who]]
    if dice.chance(0.4):
        return head + "\n" + "\n".join(facts.tell(dice, person, name) for person in people[:6])
    lines = []
    for person in people:
        value = facts.value(person, name)
        lines.append(_LISTS[name][1].format(full=person.full, value=value, a_value=a(value)))
    return head + "\n" + "\n".join(lines)


def about(dice, noun: str) -> list[str]:
    """What the encyclopedia says of a town, an animal or a thing, sentence by sentence."""
    entries = [town.name for town in TOWNS] + [entry[0] for entry in ANIMALS + THINGS]
    return _other(dice, entries.index(noun), dice.below(5), dice.below(4))[1:]


def _other(dice, what: int, opening: int, detail: int) -> list[str]:
    if what < len(TOWNS):
        return _town(dice, what, opening, detail)
    what -= len(TOWNS)
    if what < len(ANIMALS):
        return _animal(dice, *ANIMALS[what], opening, detail)
    return _thing(dice, *THINGS[what - len(ANIMALS)], opening, detail)


def _town(dice, what: int, opening: int, detail: int) -> list[str]:
    town = TOWNS[what]
    people = dice.some([p for p in _LIVES_IN[town.name] if p.full != town.mayor], 3)
    one, two = people[0].full, people[1].full
    first = [
        f"{town.name} is a town of {_HOUSES[what % len(_HOUSES)]} houses; its mayor is {town.mayor}.",
        f"{town.name} lies where the road gives up. The mayor is {town.mayor}.",
        f"{town.name} is a town near {town.rival}, though it says the opposite.",
        f"{town.mayor} is the mayor of {town.name} and also rings the bell.",
        f"Whoever is lost long enough comes to {town.name}, a town of {_HOUSES[what % len(_HOUSES)]} houses.",
    ][opening]
    rest = [
        f"In {town.month} the town holds {town.festival}.",
        f'Its motto is "{town.motto}"',
        f"Its rival is {town.rival}, and nobody remembers why.",
        f"Visitors are given {town.food} and asked to leave by ten.",
        f"On its flag there is {a(town.animal)}.",
        f"{one} and {two} live here.",
        f"The mayor, {town.mayor}, can be woken in an emergency.",
        f"{people[2].full}, {a(people[2].job)}, lives here.",
    ]
    return [town.name, first, rest.pop(detail)] + dice.some(rest, 4 + dice.below(2))


def _traits(dice, noun: str) -> str:
    """What the noun is like, two or three of its traits in one of many wordings."""
    one, two, three = dice.some(TRAITS[noun], 3)
    return dice.pick(
        [
            f"It is {one}, {two} and {three}.",
            f"{start(a(noun))} is {one} and {two}.",
            f"Everyone knows that {a(noun)} is {one}, and most know that it is {two}.",
            f"It is {a(one)} {'animal' if noun in _KEEPS else 'thing'}, and {two} too.",
            f"Ask anyone what {a(noun)} is like: {one}, they say, and {two}.",
            f"What is {one} and {two} may well be {a(noun)}.",
            f"The {noun} is {one}. It is also {two} and, on bad days, {three}.",
            f"No {noun} has ever been anything but {one}.",
        ]
    )


def _animal(dice, animal: str, habit: str, opening: int, detail: int) -> list[str]:
    first = [
        f"The {animal} is an animal that {habit}.",
        f"{start(a(animal))} {habit}.",
        f"What the {animal} does best is known: it {habit}.",
        f"Unlike other animals, the {animal} {habit}.",
        f"If something {habit}, it is {a(animal)}.",
    ][opening]
    keepers = [p.full for p in dice.some(_KEEPS[animal], min(2, len(_KEEPS[animal])))]
    towns = [town.name for town in TOWNS if town.animal == animal]
    other = dice.pick([name for name, _ in ANIMALS if name != animal])
    if len(keepers) == 2 and dice.chance(0.5):
        kept = f"{' and '.join(keepers)} keep one each."
    else:
        kept = f"{keepers[0]} keeps one at home." if keepers else f"Nobody admits to keeping {a(animal)}."
    rest = [
        f"It is the animal of {dice.pick(towns)}." if towns else "No town wants it on a flag.",
        f"It is not the same as {a(other)}.",
        kept,
        f"Children draw it with {a(dice.pick(THINGS)[0])}.",
    ]
    return [start(animal), first, _traits(dice, animal), rest.pop(detail)] + dice.some(rest, 2 + dice.below(2))


def _thing(dice, thing: str, wrong: str, helps: str, opening: int, detail: int) -> list[str]:
    first = [
        f"The usual {thing} {wrong}.",
        f"{start(a(thing))} that works has never been found: it {wrong}.",
        f"Every {thing} in the world {wrong}.",
        f"{start(a(thing))} {wrong}, as everyone knows.",
        f"When something {wrong}, it is {a(thing)}.",
    ][opening]
    cure = [
        f"The books advise: {helps}.",
        f"What helps is to {helps}.",
        f"People with {a(thing)} learn to {helps}.",
        f"There is nothing to be done, except: {helps}.",
    ][detail]
    lines = [start(thing), first, cure]
    lines.insert(1 + dice.below(3), _traits(dice, thing))
    for person in dice.some(_IMPROVED[thing], min(2, len(_IMPROVED[thing]))):
        lines.append(
            dice.pick(
                [
                    f"A better one, the {person.invention}, was invented by {person.full} of {person.town}.",
                    f"{person.full} invented the {person.invention}, which is worse.",
                    f"We owe the {person.invention} to {person.full}.",
                ]
            )
        )
    return lines
