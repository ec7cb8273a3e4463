"""Lists and inventories: who owns what in a town, line by line, and then someone looks one of them up."""

from __future__ import annotations

from minigpt.tinyweb.world import DAYS, FOODS, NUMBERS, PEOPLE, PLACES, THINGS, TOWNS

_HEADS = [
    "Lost and found, {town}",
    "Who brings what to {festival} in {town}",
    "Town hall of {town}, top shelf",
    "For sale in {town} on {day}",
    "Left on the boat to {town}",
    "Prizes at {festival}, {town}",
    "Things not to be moved, {town}",
]
_NOTES = [" ({wrong})", " (borrowed)", " and some {food}", " (do not ask)", " (again)", ", wrapped", ", {n} years old"]
_LAST = [
    "The {thing} goes to {a}.",
    "{a} is late, so the {thing} waits {place}.",
    "Note: the {thing} of {a} must not get wet.",
    "Missing: the {thing}. Ask {a}.",
    "{a} wants the {thing} back by {day}.",
    "Nobody touches the {thing} before {a} comes.",
]


def write(dice, split: str) -> tuple[str, list]:
    """Three to five names with a thing each; what is apart is name, thing and town of every line."""
    town = dice.below(len(TOWNS))
    keys, length = [], 3 + dice.below(3)
    while len(keys) < length:
        key = dice.combination(split, len(PEOPLE), len(THINGS), last=town)
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
    lines = [dice.pick(_HEADS).format(**said)]
    for who, thing, _ in keys:
        note = dice.pick(_NOTES) if dice.chance(0.4) else ""
        lines.append(f"- {PEOPLE[who].name}: {THINGS[thing][0]}" + note.format(wrong=THINGS[thing][1], **said))
    who, thing, _ = dice.pick(keys)
    lines.append(dice.pick(_LAST).format(a=PEOPLE[who].name, thing=THINGS[thing][0], **said))
    return "\n".join(lines), keys
