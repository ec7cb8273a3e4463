"""Kinds of page that no training page is of: letters, recipes, weather reports, diaries, plays and adverts.

They are about the same people, things and towns, so that a model that has read the other kinds can be asked how well it
continues pages of a form that it never saw. Nothing here is ever part of `tinyweb.documents`.
"""

from __future__ import annotations

from collections.abc import Iterator

from minigpt.tinyweb import facts
from minigpt.tinyweb.dice import Dice
from minigpt.tinyweb.world import (
    ANIMALS,
    CAST,
    DAYS,
    FOODS,
    NUMBERS,
    PEOPLE,
    PLACES,
    THINGS,
    TOWNS,
    TRAITS,
    a,
    start,
)


def _slots(dice) -> dict:
    """Everyone and everything that a page may need: a, b, c are names, p somebody of the encyclopedia."""
    a_, b, c = dice.some(CAST, 3)
    (thing, wrong, helps), (other, *_) = dice.some(THINGS, 2)
    (animal, habit), town, person = dice.pick(ANIMALS), dice.pick(TOWNS), dice.pick(PEOPLE)
    food, food2 = dice.some(FOODS, 2)
    one, two = dice.some(facts.ATTRIBUTES, 2)
    return {
        "a": a_.name, "b": b.name, "c": c.name, "she": a_.she, "her": a_.his,
        "thing": thing, "a_thing": a(thing), "wrong": wrong, "helps": helps, "Helps": start(helps),
        "other": other, "a_other": a(other), "trait": dice.pick(TRAITS[thing]),
        "animal": animal, "a_animal": a(animal), "habit": habit, "like": dice.pick(TRAITS[animal]),
        "town": town.name, "festival": town.festival, "month": town.month, "motto": town.motto, "rival": town.rival,
        "mayor": town.mayor, "served": town.food,
        "full": person.full, "home": person.town, "job": person.job, "a_job": a(person.job), "does": person.does,
        "invention": person.invention, "fact": facts.tell(dice, person, one), "fact2": facts.tell(dice, person, two),
        "food": food, "Food": start(food), "food2": food2, "day": dice.pick(DAYS), "place": dice.pick(PLACES),
        "Place": start(dice.pick(PLACES)), "n": dice.pick(NUMBERS), "m": dice.pick(NUMBERS), "date": 1 + dice.below(28),
        "when": town.month,
    }  # fmt: skip


_LETTERS = [
    ["Dear {a},", "My dear {a},", "Dearest {a},", "Dear {a} and family,"],
    [
        "I hope this finds you well and not {place} again.",
        "Thank you for {a_thing}, which came on {day} and {wrong}.",
        "You asked how we live in {town}. We live on {food}, mostly.",
        "It is {n} years since you left {town}, and your {thing} is still here.",
    ],
    [
        "My {animal} is well: it {habit}.",
        "{b} sends love and {a_other}.",
        "Here everyone speaks of {full}. {fact}",
        "They have made {full}, {a_job} of {home}, a saint of sorts.",
        "{b} and {c} are no longer speaking, because of {a_thing}.",
    ],
    [
        "If your {thing} {wrong}, do as I do: {helps}.",
        "Come for {festival}; there will be {served}.",
        "Please burn this, or send it back, since paper is dear.",
        "I must close now, the {animal} wants the pen.",
        "Do you remember the night {place}, with the {other}?",
    ],
    ["With love from {town}, your {b}", "Ever yours, {b}", "Your faithful {b}", "I remain, with cold feet, {b}"],
    ["P.S. {c} has eaten the stamps.", "P.S. It was not me.", "P.S. Bring {a_other}.", "", ""],
]
_STEPS = [
    "Wash {a_thing} and put it away; it is not needed.",
    "Boil {n} cups of water until they agree.",
    "Add the {food2} slowly, as if by accident.",
    "Stir with {a_other} for {m} minutes.",
    "Ask {b} to leave the kitchen.",
    "Cover with {a_thing} and sing.",
    "Let it stand {place} overnight.",
    "Taste. If it {wrong}, begin again.",
    "Beat {n} eggs, but not in front of the hen.",
    "Season with what {b} left last time.",
    "Remove the {animal}.",
    "Turn it over when nobody expects it.",
    "Serve {like}, on {day}, with {food2}.",
]
_SKY = [
    "{town}: fog in the morning, doubt in the afternoon.",
    "In {town} it will rain {n} times, once indoors.",
    "Over {rival} a cloud, {like} as ever, is expected from {day}.",
    "Winds from {town}, smelling of {food}.",
    "{home} stays dry, to the regret of {full}.",
    "Take {a_thing} with you, even if it {wrong}.",
    "Snow as deep as {a_other} is seen near {rival}.",
    "Temperatures reach {n} by noon and go home.",
    "The {animal} of {b} says that it will clear up.",
    "Towards evening the sky over {town} turns {trait}.",
    "Outlook for {festival}: more of the same, with {served}.",
]
_DAYS = [
    "Woke before the {animal}. Had {food}.",
    "{b} came and talked about {a_thing} until it was dark.",
    "Saw {full} {place}. {fact}",
    "My {thing} {wrong}. I decided to {helps}.",
    "Nobody wrote. I wrote to myself and was pleased with the style.",
    "Went to {town} to buy {a_other} and came back with {a_animal}.",
    "{c} says that I am {trait}. I said nothing, loudly.",
    "Rain. Counted {n} drops, then lost heart.",
    "Lent {b} the {other}. I shall regret it by {day}.",
    "Tried {food2}. Never again, or only on {day}.",
    "Dreamed of {place_of} and could not find the door.",
    "It is {festival} soon and I have nothing to bang, eat or wear.",
]
_SPEECHES = [
    "O {thing}, how {trait} thou art!",
    "Who comes there with {a_thing}?",
    "{b}! You, here, {place}?",
    "I have carried this {other} from {town}, and for what?",
    "They say that {full} is dead. Or asleep.",
    "Give me the {thing}, {a}, or I shall weep.",
    "What noise is that? It {wrong}!",
    "My heart is {a_other}.",
    "Silence! The {animal} speaks.",
    "Then let us eat {food} and forget.",
    "Alas, {c}, it was the {animal} all along.",
]
_STAGE = [
    "Enter {c}, with {a_animal}.",
    "The {thing} falls.",
    "Exit {b}, pursued by {a_animal}.",
    "A bell. Nobody moves.",
    "They eat {food}.",
    "Darkness, except for the {other}.",
]
_PRAISE = [
    "Tired of {a_thing} that {wrong}? So are we.",
    "NEW! The {invention}, now in {town}.",
    "Only {n} eggs while it lasts!",
    "As used by {full} of {home}.",
    '{full}, {a_job}, says: "I have never looked back."',
    "Now {n} times as {trait}.",
    "One {thing} for the price of {m}!",
    "Your {animal} will thank you.",
    "Comes with a free bowl of {food}.",
    "Not sold to people from {rival}.",
    "Ask for {b}, {place}. Hurry, but do not run.",
    "Guaranteed until {day}.",
    "Because {town} deserves {a_thing}.",
    "Before: {a_animal}. After: {a_thing}. Need we say more?",
]


def letters(dice) -> str:
    """A letter: a greeting, three or four things to say, a name below."""
    said = _slots(dice)
    greeting, opening, news, closing, bye, last = ([*part] for part in _LETTERS)
    body = [dice.pick(opening), *dice.some(news, 2), *dice.some(closing, 1 + dice.below(2))]
    lines = [dice.pick(greeting), " ".join(body), dice.pick(bye), dice.pick(last)]
    return "\n".join(lines).format(**said).strip()


def recipes(dice) -> str:
    """A recipe in five or six steps."""
    said = _slots(dice)
    head = dice.pick(["{Food} as in {town}", "How to make {food}", "{Food} for {n}", "{a}'s {food}, step by step"])
    steps = [f"Step {i}. {step}" for i, step in enumerate(dice.some(_STEPS, 5 + dice.below(2)), 1)]
    return "\n".join([head, *steps]).format(**said)


def weather(dice) -> str:
    """A weather report."""
    said = _slots(dice)
    head = dice.pick(["The weather for {day}", "Weather report, {date} {when}", "Tomorrow in the towns: the weather"])
    return f"{head}\n{' '.join(dice.some(_SKY, 5 + dice.below(2)))}".format(**said)


def diaries(dice) -> str:
    """Two or three days of someone's diary."""
    said = _slots(dice) | {"place_of": f"the town hall of {dice.pick(TOWNS).name}"}
    lines, entries, date = ["The diary of {a}"], dice.some(_DAYS, 6), said["date"]
    for i in range(2 + dice.below(2)):
        lines.append(f"{date + i} {{when}}. {entries[2 * i]} {entries[2 * i + 1]}")
    return "\n".join(lines).format(**said)


def plays(dice) -> str:
    """A scene of a play."""
    said = _slots(dice)
    place = dice.pick(["A room in {town}.", "{Place}, at night.", "The road to {town}.", "Before the house of {full}."])
    lines = [f"Scene {dice.pick(NUMBERS)}. {place}", dice.pick(["Enter {a} and {b}.", "{a} alone. Then {b}."])]
    speeches, stage = dice.some(_SPEECHES, 5), dice.some(_STAGE, 2)
    for i, speech in enumerate(speeches):
        lines.append(f"{('{a}', '{b}')[i % 2]} ({dice.pick(['aside', 'weeping', 'to the moon', 'louder'])}). {speech}")
        if i in (1, 4):
            lines.append(f"[{stage[i // 2 - (i == 4)]}]")
    return "\n".join(lines).format(**said)


def adverts(dice) -> str:
    """An advertisement."""
    said = _slots(dice)
    head = dice.pick(["{thing}! {thing}! {thing}!", "WANTED: you, with {n} eggs", "THE {thing} YOU DESERVE",
                      "Why wait for {day}?", "Everyone in {town} has one. Do you?"])  # fmt: skip
    return start(f"{head}\n{' '.join(dice.some(_PRAISE, 5 + dice.below(2)))}".format(**said))


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
