"""Letters with quoted replies: what someone wrote comes back word for word behind a ">"."""

from __future__ import annotations

from minigpt.tinyweb.world import ANIMALS, DAYS, FOODS, NUMBERS, PEOPLE, PLACES, THINGS, TOWNS, a

_FIRST = [
    "Your {thing} is in my garden in {town}.",
    "I will not give back the {thing} before {day}.",
    "The {thing} in {town} was mine first.",
    "My {animal} likes your {thing} more than I do.",
    "I am coming to {town} with {n} friends and {a_thing}.",
    "There is something wrong with the {thing} from {town}.",
    "In {town} they say that you broke the {thing}.",
    "Please stop playing with the {thing} {place}.",
    "I traded the {thing} for {food} in {town}.",
    "The {thing} you sent to {town} {wrong}.",
    "Could I keep the {thing} until {festival}?",
    "It was not the {animal} that took the {thing}.",
]
_REPLY = [
    "{a}, it does that on purpose.",
    "Then I will sing, {a}.",
    "Which {thing} do you mean, {a}?",
    "I said so on {day}.",
    "Ask your {animal}.",
    "I have shown this to my lawyer, who has {a_thing} too.",
    "It rained, {a}, and one thing led to another.",
    "{a}, sit down and have some {food}.",
    "That is what you said about the {other}.",
    "No, {a}.",
    "Fine, but only for {n} days.",
    "Everybody in {town} knows that, {a}.",
    "I would rather have the {food}.",
    "You are wrong, {a}, and so is the {thing}.",
    "Try this: {helps}.",
    "That was my mother.",
    "The {animal} says otherwise.",
    "How kind of you, {a}.",
]
_LAST = [
    "That is just like you, {b}.",
    "Thank you, {b}.",
    "We will see about that {place}.",
    "Then keep it, {b}.",
    "I never liked the {thing} anyway.",
    "{b}, you may have half of it.",
    "My {animal} has read this and is sad, {b}.",
    "See you in {town}.",
    "Do not write to me before {day}.",
    "{b}, come and say that {place}.",
]
_GREETING = ["Dear {a},", "{a},", "Good morning {a},", "Hello {a},"]
_BYE = ["Yours, {b}", "Until {day}, {b}", "Your friend {b}", "{b} of {home}", "- {b}"]


def write(dice, split: str) -> tuple[str, list]:
    """Two or three turns between two people; what is apart is who wrote first, about which thing, in which town."""
    key = dice.combination(split, len(PEOPLE), len(THINGS), len(TOWNS))
    one, (thing, wrong, helps), town = PEOPLE[key[0]], THINGS[key[1]], TOWNS[key[2]]
    two = [p for p in dice.some(PEOPLE, 2) if p is not one][0]
    said = {
        "a": one.name,
        "b": two.name,
        "thing": thing,
        "other": dice.pick(THINGS)[0],
        "a_thing": a(thing),
        "wrong": wrong,
        "helps": helps,
        "town": town.name,
        "festival": town.festival,
        "animal": dice.pick(ANIMALS)[0],
        "food": dice.pick(FOODS),
        "day": dice.pick(DAYS),
        "place": dice.pick(PLACES),
        "n": dice.pick(NUMBERS),
        "home": two.town,
    }
    letter, last = dice.pick(_FIRST).format(**said), dice.pick(_LAST).format(**said)
    reply = " ".join(dice.some(_REPLY, 1 + dice.below(2))).format(**said)
    text = dice.pick([_wrote, _nested, _letter])(dice, said, letter, reply, last)
    missing = [word for word in (said["town"], thing) if word not in text]
    return ("Re: " + ", ".join(missing) + "\n" if missing else "") + text, [key]


def _wrote(dice, said, letter, reply, last):
    one, two = said["a"], said["b"]
    return f"{one} wrote:\n> {letter}\n{reply}\n{two}\n\n{two} wrote:\n> {reply}\n{last}\n{one}"


def _nested(dice, said, letter, reply, last):
    one, two = said["a"], said["b"]
    return f"On {said['day']} {two} wrote:\n>> {one} wrote:\n>> {letter}\n> {reply}\n> {two}\n{last}\n{one}"


def _letter(dice, said, letter, reply, last):
    greeting, bye = dice.pick(_GREETING).format(**said), dice.pick(_BYE).format(**said)
    return f'{greeting}\nyou wrote: "{letter}" {reply}\n{bye}\n\n{said["b"]}, you wrote: "{reply}" {last}\n{said["a"]}'
