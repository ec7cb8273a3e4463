"""Encyclopedia pages: people, towns, animals and things, as known to the world."""

from __future__ import annotations

from minigpt.tinyweb import facts
from minigpt.tinyweb.world import ANIMALS, PEOPLE, THINGS, TOWNS, a, start

_LIVES_IN = {town.name: [p.name for p in PEOPLE if p.town == town.name] for town in TOWNS}
_KEEPS = {animal[0]: [p.name for p in PEOPLE if p.pet == animal[0]] for animal in ANIMALS}

_NOTES = [
    "Citation needed.",
    "This page is short. You can help by not adding to it.",
    "The editors disagree, quietly.",
    "A photograph was planned.",
    "Nobody has checked this.",
    "This is true on weekdays.",
]
_HOUSES = ["small", "round", "damp", "careful", "borrowed"]


def write(dice, split: str) -> tuple[str, list]:
    """A page about an entry; what is apart is the entry together with the way its first two sentences are chosen."""
    if dice.chance(0.6):
        key = dice.combination(split, len(PEOPLE), 6, 5)
        lines = _person(dice, *key)
    else:
        key = dice.combination(split, len(TOWNS) + len(ANIMALS) + len(THINGS), 4, 3)
        lines = _other(dice, *key)
    if dice.chance(0.15):
        lines.append(dice.pick(_NOTES))
    return lines[0] + "\n" + " ".join(lines[1:]), [key]


def _person(dice, who: int, first: int, second: int) -> list[str]:
    person = PEOPLE[who]
    names = facts.ATTRIBUTES[first:] + facts.ATTRIBUTES[:first]  # starts at another fact
    order = [names[0], names[1 + second]] + dice.some(
        [n for n in names[1:] if n != names[1 + second]], 1 + dice.below(3)
    )
    return [person.name] + [facts.tell(dice, person, name, i == 0) for i, name in enumerate(order)]


def _other(dice, what: int, opening: int, detail: int) -> list[str]:
    if what < len(TOWNS):
        return _town(dice, TOWNS[what], opening, detail)
    what -= len(TOWNS)
    if what < len(ANIMALS):
        return _animal(dice, *ANIMALS[what], opening, detail)
    return _thing(dice, *THINGS[what - len(ANIMALS)], opening, detail)


def _town(dice, town, opening: int, detail: int) -> list[str]:
    people = dice.some(_LIVES_IN[town.name], min(2, len(_LIVES_IN[town.name])))
    first = [
        f"{town.name} is a town of {dice.pick(_HOUSES)} houses; its mayor is {town.mayor}.",
        f"{town.name} lies where the road gives up. The mayor is {town.mayor}.",
        f"{town.name} is a town near {town.rival}, though it says the opposite.",
        f"{town.mayor} is the mayor of {town.name} and also rings the bell.",
    ][opening]
    rest = [
        f"In {town.month} the town holds {town.festival}.",
        f'Its motto is "{town.motto}"',
        f"Its rival is {town.rival}, and nobody remembers why.",
        f"Visitors are given {town.food} and asked to leave by ten.",
        f"On its flag there is {a(town.animal)}.",
        start(f"{' and '.join(people)} live{'s' if len(people) == 1 else ''} here.")
        if people
        else "Nobody lives here.",
    ]
    return [town.name, first, rest.pop(detail)] + dice.some(rest, 2)


def _animal(dice, animal: str, habit: str, opening: int, detail: int) -> list[str]:
    first = [
        f"The {animal} is an animal that {habit}.",
        f"{start(a(animal))} {habit}.",
        f"What the {animal} does best is known: it {habit}.",
        f"Unlike other animals, the {animal} {habit}.",
    ][opening]
    keepers = _KEEPS[animal]
    owner = f"{dice.pick(keepers)} keeps one at home." if keepers else f"Nobody admits to keeping {a(animal)}."
    towns = [town.name for town in TOWNS if town.animal == animal]
    flag = f"It is the animal of {dice.pick(towns)}." if towns else "No town wants it on a flag."
    size = f"It weighs about as much as {a(dice.pick(THINGS)[0])} and is seldom used as one."
    other = dice.pick(ANIMALS)[0]
    friend = f"It is not the same as {a(other)}." if other != animal else "It is exactly what it looks like."
    rest = [owner, flag, size, friend]
    return [start(animal), first, rest.pop(detail)] + dice.some(rest, 1 + dice.below(2))


def _thing(dice, thing: str, wrong: str, helps: str, opening: int, detail: int) -> list[str]:
    first = [
        f"The usual {thing} {wrong}.",
        f"{start(a(thing))} that works has never been found: it {wrong}.",
        f"Every {thing} in the world {wrong}.",
        f"{start(a(thing))} {wrong}, as everyone knows.",
    ][opening]
    inventors = [p for p in PEOPLE if p.invention.endswith(" " + thing)]
    cure = [f"The books advise: {helps}.", f"What helps is to {helps}.", f"People with {a(thing)} {helps}."][detail]
    lines = [start(thing), first, cure]
    if inventors:
        person = dice.pick(inventors)
        lines.append(f"A better one, the {person.invention}, was invented by {person.name} of {person.town}.")
    return lines
