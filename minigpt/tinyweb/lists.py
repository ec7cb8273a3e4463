"""Lists and inventories: who owns what in a town, line by line, and then someone looks one of them up."""

from __future__ import annotations

from minigpt.tinyweb.world import CAST, DAYS, FOODS, NUMBERS, PLACES, THINGS, TOWNS, TRAITS, a

_HEADS = [
    "Lost and found, {town}",
    "Who brings what to {festival} in {town}",
    "Town hall of {town}, top shelf",
    "For sale in {town} on {day}",
    "Left on the boat to {town}",
    "Prizes at {festival}, {town}",
    "Things not to be moved, {town}",
    "Repairs, workshop of {town}",
    "Presents for the mayor of {town}",
    "Washed ashore at {town}",
    "Wills read in {town}",
]
_LINES = ["- {a}: {thing}", "- {a}: {thing}", "{a}: {thing}", "* {thing} ({a})", "{thing}, from {a}", "{a} - {a_thing}"]
_NOTES = [
    " (borrowed)",
    " and some {food}",
    " (do not ask)",
    " (again)",
    ", wrapped",
    ", {n} years old",
    " ({wrong})",
    " ({trait})",
    ", found {place}",
]
_LAST = [
    "The {thing} goes to {a}.",
    "{a} is late, so the {thing} waits {place}.",
    "Note: the {thing} of {a} must not get wet.",
    "Missing: the {thing}. Ask {a}.",
    "{a} wants the {thing} back by {day}.",
    "Nobody touches the {thing} before {a} comes.",
    "Once more for those at the back: the {thing} is from {a}.",
    "The {thing} {wrong}. Tell {a}.",
    "Careful with the {thing}: {a} is watching.",
    "If the {thing} moves, call {a}.",
]


def write(dice, split: str) -> tuple[str, list]:
    """Four to seven names with a thing each; what is apart is name, thing and town of every line."""
    town = dice.below(len(TOWNS))
    keys, length = [], 4 + dice.below(4)
    while len(keys) < length:
        key = dice.combination(split, len(CAST), len(THINGS), last=town)
        if all(key[0] != other[0] and key[1] != other[1] for other in keys):
            keys.append(key)
    said = {
        "town": TOWNS[town].name,
        "festival": TOWNS[town].festival,
        "day": dice.pick(DAYS),
        "food": dice.pick(FOODS),
        "n": dice.pick(NUMBERS),
        "place": dice.pick(PLACES),
    }
    lines, line = [dice.pick(_HEADS).format(**said)], dice.pick(_LINES)
    for who, thing, _ in keys:
        note = dice.pick(_NOTES) if dice.chance(0.35) else ""
        lines.append((line + note).format(**said, **_entry(dice, who, thing)))
    for who, thing, _ in dice.some(keys, 2 + dice.below(2)):
        lines.append(dice.pick(_LAST).format(**said, **_entry(dice, who, thing)))
    return "\n".join(lines), keys


def _entry(dice, who: int, what: int) -> dict:
    thing, wrong, _ = THINGS[what]
    return {"a": CAST[who].name, "thing": thing, "a_thing": a(thing), "wrong": wrong, "trait": dice.pick(TRAITS[thing])}
