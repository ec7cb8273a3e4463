"""News: one event with a sentence of colour or two, sometimes summed up after "TL;DR:"."""

from __future__ import annotations

from minigpt.tinyweb.world import ANIMALS, DAYS, FOODS, NUMBERS, PEOPLE, PLACES, THINGS, TOWNS, a, slots, start

# headline, report, summary of an event
_EVENTS = [
    (
        "{town} beaten by {a_thing}",
        "{a} beat the team of {town} at chess with the help of {a_thing}.",
        "{a} won with {a_thing}.",
    ),
    (
        "New museum in {town}",
        "A museum with a single {thing} was opened in {town} by {a}, who is also the guide.",
        "{a} opened a museum for {a_thing}.",
    ),
    (
        "Mystery in {town} solved",
        "The noise under {town} was {a} all along, who plays the {thing} at night.",
        "The noise was {a} with {a_thing}.",
    ),
    (
        "Wedding in {town} called off",
        "{a} was to marry in {town} but fell in love with {a_thing} {place}.",
        "{a} loves {a_thing}.",
    ),
    (
        "{thing} stolen in {town}",
        "{a} took {a_thing} from the town hall of {town} and left {food} in its place.",
        "{a} stole the {thing}.",
    ),
    (
        "{town} gets a new {thing}",
        "{a} gave the town of {town} {a_thing} that never sleeps.",
        "{a} gave {town} {a_thing}.",
    ),
    ("Record in {town}", "{a} balanced {a_thing} on {his} nose for {n} hours in {town}.", "{a} balanced {a_thing}."),
    (
        "Court: who owns the {thing}?",
        "The court of {town} ruled that the {thing} belongs to {a}, because {she} asked first.",
        "The {thing} belongs to {a}.",
    ),
    (
        "Strange {thing} seen over {town}",
        "{a} saw {a_thing} fly over {town} on {day} and waved.",
        "{a} saw a flying {thing}.",
    ),
    ("Sale of the year in {town}", "{a} sold a used {thing} in {town} for {n} eggs.", "{a} sold {a_thing}."),
    ("Accident in {town}", "{a} sat down on {a_thing} in {town}. The {thing} is doing well.", "{a} sat on {a_thing}."),
    (
        "Festival in {town} saved",
        "{a} lent {his} {thing} to {festival} in {town}, which could begin at last.",
        "{a} lent {a_thing} to {festival}.",
    ),
]
_COLOUR = [
    "The weather was mixed.",
    "A minute of silence was held and enjoyed.",
    "{b} sold tickets, though it was free.",
    "The town band played the wrong song with feeling.",
    "Children under {n} were asked to explain it.",
    "Nobody was hurt, apart from {b}, who was moved.",
    "A statue is planned, {place}, if {b} can hold still.",
    "According to {b}, {a_animal} could have done it.",
    "The story has been confirmed by {n} geese.",
    "Some {n} people watched, most of them by mistake.",
    "{b}, {a_job}, called it a great day.",
    "A passing {animal} took no notice.",
    "The mayor, {mayor}, could not be woken.",
    "{b} of {home} says that it was better there.",
    "Traffic stood still for {n} minutes, as it always does.",
    "Free {food} was served until it was tasted.",
    "The {animal} that saw it all will speak on {day}.",
    "Experts were asked, but {b} answered first.",
    '"I was {place} and heard nothing," said {b}.',
    "It is the second time since {day}.",
    "{b} lost a bet and {n} eggs.",
]


def write(dice, split: str) -> tuple[str, list]:
    """A report; what is apart is who did it, with which thing, in which town. One in three ends with a summary."""
    key = dice.combination(split, len(PEOPLE), len(THINGS), len(TOWNS))
    who, thing, town = PEOPLE[key[0]], THINGS[key[1]][0], TOWNS[key[2]]
    b = [p for p in dice.some(PEOPLE, 2) if p is not who][0]
    animal = dice.pick(ANIMALS)[0]
    said = slots(
        who,
        b=b.name,
        a_job=a(b.job),
        thing=thing,
        a_thing=a(thing),
        town=town.name,
        festival=town.festival,
        mayor=town.mayor,
        home=b.town,
        animal=animal,
        a_animal=a(animal),
        food=dice.pick(FOODS),
        day=dice.pick(DAYS),
        place=dice.pick(PLACES),
        n=dice.pick(NUMBERS),
    )
    headline, report, summary = dice.pick(_EVENTS)
    lines = dice.some(_COLOUR, 1 + dice.below(3))
    lines.insert(dice.below(2), report)  # the news itself is not always the first sentence
    text = headline + "\n" + " ".join(lines)
    if dice.chance(0.35):
        text += "\nTL;DR: " + summary
    return start(text.format(**said)), [key]
