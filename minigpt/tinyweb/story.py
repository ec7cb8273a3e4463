"""Short stories in which someone lends, loses or hides a thing, is forgotten for a while, and comes back by name."""

from __future__ import annotations

from minigpt.tinyweb.world import ANIMALS, DAYS, FOODS, NUMBERS, PEOPLE, PLACES, THINGS, TOWNS, a, slots

# Each plot: beginnings that tie a to the thing, and ends that need the name again.
_PLOTS = [
    (
        [
            "{a} lost {a_thing} in {town}.",
            "One {day} in {town}, {a} could not find the {thing}.",
            "In {town} the wind took the {thing} out of {a}'s hands.",
        ],
        [
            "At last {b} found the {thing} {place} and carried it home to {a}.",
            "Then {b} saw the {thing}, knew whose it was, and called for {a}.",
            "The {thing} came back by itself and knocked at the door of {a}.",
        ],
    ),
    (
        [
            "{a} lent {a_thing} to {b} in {town}.",
            "In {town}, {b} asked for {a_thing}, and {a} gave {his} own.",
            "{b} borrowed the best {thing} in {town} from {a}.",
        ],
        [
            "In the end {b} washed the {thing} and gave it back to {a}.",
            "Years later {b} still said that the {thing} belonged to {a}.",
            "When it broke, {b} bought a new {thing} and sent it to {a}.",
        ],
    ),
    (
        [
            "{a} made a secret {thing} and hid it in {town}.",
            "Nobody in {town} knew that {a} kept {a_thing} {place}.",
            "{a} came to {town} with {a_thing} under {his} coat.",
        ],
        [
            "Only {b} guessed whose it was, and smiled at {a}.",
            '"The {thing}!" cried {b}. "So it was you, {a}!"',
            "{b} told no one, and that is how the {thing} stayed with {a}.",
        ],
    ),
    (
        [
            "{a} promised {a_thing} to the mayor of {town}.",
            "The people of {town} asked {a} for {a_thing}.",
            "In {town} there was a prize for the best {thing}, and {a} wanted it.",
        ],
        [
            "So the prize went to {a}, and {b} clapped longest.",
            "The mayor kept the {thing} and thanked {a} with {food}.",
            "{b} carried the {thing} through the streets and shouted the name of {a}.",
        ],
    ),
    (
        [
            "{a} and {b} both wanted the last {thing} in {town}.",
            "There was one {thing} left in {town}, and {b} took it before {a} could.",
            "In {town} {a} swore never to speak to {b} again, all for {a_thing}.",
        ],
        [
            "On {day} {b} left the {thing} at the door of {a} and ran.",
            "In the end {b} could not bear it and wrote a long letter to {a}.",
            "Now the {thing} stands {place}, and {b} shares it with {a}.",
        ],
    ),
    (
        [
            "Every {day} {a} carried {a_thing} through {town} and would not say why.",
            "{a} taught {a_thing} to dance in {town}.",
            "The old {thing} of {town} would open its heart to no one but {a}.",
        ],
        [
            "{b} asked why, and the whole street called out: ask {a}!",
            "When {b} tried the same, everyone laughed, most of all {a}.",
            "So {b} put up a sign {place}: thank you, {a}.",
        ],
    ),
]
_MIDDLES = [
    "It rained for {n} days.",
    "{b} was busy with {food} and noticed nothing.",
    "Meanwhile {a_animal} did what it always does: it {habit}.",
    "Far away {a_animal} looked up, thought of {a}, and slept on.",
    "{b} counted to {n}, twice, to be sure.",
    "The {food} was eaten, the plates were washed, and still nothing.",
    "{c} offered {b} some {food}, and {b} took it.",
    "The clocks struck {n}, one after the other.",
    "{b} and {c} talked about the weather until it changed.",
    "That year the soup was thin and the nights were long.",
    "{c} looked {place}, but there was only {a_animal}.",
    "On {day} {c} came by, ate some {food} and left.",
    "Nothing happened, which took all of {day}.",
    "{b} asked {c}, and {c} asked the {animal}.",
    "A letter came, but the {animal} ate it.",
    "{c} sat {place} and thought of {food}.",
    "There was a {festival_word} in the air, like before a feast.",
    "{b} slept {place}, dreaming of {n} small dogs.",
    "{c} said that everything {wrong} if you wait.",
]
_TAILS = [
    "And the {animal}? It {habit}.",
    "After that they all had {food}.",
    "It still {wrong}.",
    "{c} was not told.",
    "The {animal} knew it all along.",
]


def write(dice, split: str) -> tuple[str, list]:
    """A story with one to four sentences of gap; what is apart is who, which thing, which town."""
    key = dice.combination(split, len(PEOPLE), len(THINGS), len(TOWNS))
    hero, (thing, wrong, _), town = PEOPLE[key[0]], THINGS[key[1]], TOWNS[key[2]]
    b, c = [p.name for p in dice.some(PEOPLE, 3) if p is not hero][:2]
    animal, habit = dice.pick(ANIMALS)
    said = slots(
        hero,
        b=b,
        c=c,
        thing=thing,
        a_thing=a(thing),
        wrong=wrong,
        town=town.name,
        animal=animal,
        habit=habit,
        a_animal=a(animal),
        food=dice.pick(FOODS),
        day=dice.pick(DAYS),
        place=dice.pick(PLACES),
        n=dice.pick(NUMBERS),
        festival_word=dice.pick(["smell", "hum", "silence", "feeling"]),
    )
    beginnings, ends = dice.pick(_PLOTS)
    lines = [dice.pick(beginnings), *dice.some(_MIDDLES, 1 + dice.below(4)), dice.pick(ends)]
    if dice.chance(0.2):
        lines.append(dice.pick(_TAILS))
    return " ".join(lines).format(**said), [key]
