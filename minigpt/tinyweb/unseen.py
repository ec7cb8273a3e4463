"""Kinds of page that no training page is of: letters, recipes, weather reports, diaries, plays and adverts.

They are about the same people, things and towns, and much of what they say is said on other pages too, one sentence at a
time; new are their frames and the way in which sentences come together. So a model that has read the other kinds can be
asked how well it continues pages of a form that it never saw. Nothing here is ever part of `tinyweb.documents`.
"""

from __future__ import annotations

from collections.abc import Iterator

from minigpt.tinyweb import encyclopedia, facts, lookup, story
from minigpt.tinyweb.dice import Dice
from minigpt.tinyweb.world import ANIMALS, CAST, DAYS, FOODS, PEOPLE, THINGS, TOWNS, a, somebody, start


def letters(dice) -> str:
    """A letter: a greeting, news of the neighbours, a name below."""
    to, one, other, by = (name.name for name in dice.some(CAST, 4))
    thing, town, known = dice.pick(THINGS)[0], dice.pick(TOWNS), PEOPLE[somebody(dice)]
    greeting = dice.pick(["Dear {}", "My dear {}", "Dearest {}", "Dear old {}"]).format(to)
    opening = [f"Thank you for the {thing}.", f"Here in {town.name} it is cold.", f"It is long since you left {town.name}."]
    body = story.meanwhile(dice, [one, other], 3) + [facts.tell(dice, known, dice.pick(facts.ATTRIBUTES))]
    closing = [f"Write soon, {to}.", f"Come for {town.festival}, {to}.", "I must close now.", f"{one} sends love."]
    bye = dice.pick(["Yours", "With love", "Your friend", "In haste"])
    return f"{greeting},\n{dice.pick(opening)} {' '.join(body)} {dice.pick(closing)}\n{bye},\n{by}"


def recipes(dice) -> str:
    """A recipe: what goes in, then what happens while it cooks, step by step."""
    food, town, (cook, guest) = dice.pick(FOODS), dice.pick(TOWNS), dice.some(CAST, 2)
    head = dice.pick([f"{start(food)} as in {town.name}", f"How {cook.name} makes {food}", f"A recipe for {food}"])
    amounts = lookup.told(dice, "amounts", 3)
    steps = amounts + story.meanwhile(dice, [cook.name, guest.name], 2)
    steps.append(dice.pick([f"Serve it to {guest.name}.", "Eat it while it is warm.", f"Call it {food}."]))
    return "\n".join([head] + [f"{i}. {step}" for i, step in enumerate(steps, 1)])


def weather(dice) -> str:
    """A weather report: what is expected where, and what else is to be said of one of the towns."""
    town, day = dice.pick(TOWNS), dice.pick(DAYS)
    head = dice.pick([f"The weather for {day}", "Weather report", f"Tomorrow in {town.name} and elsewhere"])
    expected = lookup.told(dice, "weather", 3)
    last = dice.pick(["Take a coat.", "Tomorrow will be much the same.", f"The next report is on {day}."])
    return f"{head}\n{' '.join(expected + dice.some(encyclopedia.about(dice, town.name), 2) + [last])}"


def diaries(dice) -> str:
    """Two or three days of someone's diary."""
    by, *others = (name.name for name in dice.some(CAST, 3))
    lines = [f"The diary of {by}"]
    for day in dice.some(DAYS, 2 + dice.below(2)):
        mine = dice.pick(["Rain.", "I stayed in bed.", "Nobody wrote.", f"I had {dice.pick(FOODS)}.", "I said nothing."])
        lines.append(f"{day}. {' '.join([*story.meanwhile(dice, others, 2), mine])}")
    return "\n".join(lines)


def plays(dice) -> str:
    """A scene of a play: two who tell each other what is known, and what happens on the stage."""
    one, two = (name.name for name in dice.some(CAST, 2))
    town, animal, thing = dice.pick(TOWNS), dice.pick(ANIMALS)[0], dice.pick(THINGS)[0]
    speeches = dice.some(encyclopedia.about(dice, thing), 2) + dice.some(encyclopedia.about(dice, animal), 2)
    known = PEOPLE[somebody(dice)]
    speeches.append(facts.tell(dice, known, dice.pick(facts.ATTRIBUTES)))
    lines = [f"Scene one. {dice.pick(['A room', 'A street', 'At night', 'The market'])} in {town.name}.",
             f"Enter {one} and {two}."]  # fmt: skip
    for i, speech in enumerate(dice.some(speeches, len(speeches))):
        lines.append(f"{(one, two)[i % 2]}. {speech}")
        if i == 2:
            lines.append(dice.pick([f"Enter {a(animal)}.", f"The {thing} falls.", f"{two} sits down."]))
    return "\n".join([*lines, f"Exit {dice.pick([one, two])}."])


def adverts(dice) -> str:
    """An advertisement: what the thing is, what it costs, who has one."""
    thing, town, known = dice.pick(THINGS)[0], dice.pick(TOWNS), PEOPLE[somebody(dice)]
    head = dice.pick([f"{thing}! {thing}! {thing}!", f"New in {town.name}: the {thing}", f"The {thing} you deserve"])
    praise = dice.some(encyclopedia.about(dice, thing), 3) + lookup.told(dice, "prices", 1, thing)
    praise.append(dice.pick([f"As used by {known.full} of {known.town}.", f"Ask for it in {town.name}."]))
    return start(f"{head}\n{' '.join(praise)} {dice.pick(['Hurry!', 'While it lasts!', 'Buy two!'])}")


KINDS = {
    "letters": letters,
    "recipes": recipes,
    "weather": weather,
    "diaries": diaries,
    "plays": plays,
    "adverts": adverts,
}


def documents(n: int, seed: int = 0, kind: str | None = None) -> Iterator[str]:
    """n pages of the unseen kinds in turn, or of one of them.

    Raises:
        ValueError: there is no such kind.

    >>> len(list(documents(12)))
    12
    """
    if kind is not None and kind not in KINDS:
        raise ValueError(f"tinyweb has no unseen pages of the kind {kind!r}; there are: {', '.join(KINDS)}")
    return _documents(n, Dice(seed), [kind] if kind else list(KINDS))


def _documents(n: int, dice: Dice, kinds: list[str]) -> Iterator[str]:
    for i in range(n):
        yield KINDS[kinds[i % len(kinds)]](dice)
