"""Chats: a name opens each line, so whoever reads on must look up who is there."""

from __future__ import annotations

from minigpt.tinyweb.world import ANIMALS, DAYS, FOODS, NUMBERS, PEOPLE, PLACES, THINGS, TOWNS, a, slots

# Each topic is a list of moves (who speaks, what they may say). Speakers: a, b, c.
_TOPICS = [
    [  # something is lost
        (
            "a",
            [
                "has anyone seen my {thing}?",
                "hello, i am in {town} and my {thing} is gone",
                "who took my {thing}?",
                "my {thing} was {place} and now it is not",
            ],
        ),
        (
            "b",
            [
                "which {thing}, {a}?",
                "the one that {wrong}?",
                "{a}, you sold it on {day}",
                "was it the big {thing}, {a}?",
            ],
        ),
        (
            "a",
            [
                "the {thing} that {wrong}",
                "there is only one {thing}, {b}",
                "{b}, this is not funny",
                "i had it in {town}",
            ],
        ),
        (
            "c",
            [
                "i saw {a_animal} with it {place}",
                "my {animal} is sitting on it, {a}",
                "sorry {a}, that was me",
                "{b} has it. ask {b}",
            ],
        ),
        (
            "a",
            [
                "thank you {c}",
                "of course it was the {animal}",
                "i should have asked {c} first",
                "i want it back by {day}, {b}",
            ],
        ),
    ],
    [  # selling
        (
            "a",
            [
                "selling one {thing}, as good as new, it only {wrong}",
                "who wants {a_thing}? pick it up in {town}",
                "free {thing} {place}, bring a friend",
            ],
        ),
        ("b", ["how much for the {thing}?", "does it still work, {a}?", "i would take it for {n} eggs"]),
        ("a", ["{n} eggs and a smile, {b}", "it works, but it {wrong}", "for you, {b}, a bowl of {food}"]),
        (
            "c",
            [
                "careful {b}, i had that {thing} before",
                "{a} sold me the same {thing} on {day}",
                "i offer more than {b}",
            ],
        ),
        ("b", ["is that true, {a}?", "then {c} can have it", "i will think about it until {day}"]),
        ("a", ["do not listen to {c}", "{b}, the {thing} is yours", "sold to {c}", "i will keep the {thing} then"]),
    ],
    [  # a party
        (
            "a",
            [
                "who is coming to {festival}?",
                "{festival} is on {day}, are you ready?",
                "i have {n} seats for {festival}",
            ],
        ),
        ("b", ["i am, with my {thing}", "is there {food}, {a}?", "only if {c} comes too", "not after last year, {a}"]),
        ("c", ["{b}, please leave the {thing} at home", "i will bring {food}", "i come if {b} does not sing"]),
        ("b", ["i heard that, {c}", "then i will bring two", "{c}, the {thing} stays with me"]),
        ("a", ["{b} and {c}, be nice", "so {b} brings the {thing} and {c} the {food}", "see you {place}, {b}"]),
    ],
    [  # a neighbour's animal
        (
            "a",
            [
                "whose {animal} is that {place}?",
                "{b}, your {animal} is in {town} again",
                "there is {a_animal} in my kitchen",
            ],
        ),
        ("b", ["what is it doing, {a}?", "it has my permission", "that is not my {animal}, ask {c}"]),
        ("a", ["it is eating the {food}", "it took my {thing}, {b}", "it {habit}"]),
        ("c", ["that is what {a_animal} does: it {habit}", "do not look at it, {a}", "let it have the {thing}"]),
        ("b", ["{c} is right", "i will fetch it on {day}", "tell it that {b} says hello"]),
        ("a", ["it left with the {thing}", "now there are {n} of them, {b}", "it likes you better, {c}"]),
    ],
    [  # a rumour
        (
            "a",
            [
                "have you heard about {c} and the {thing}?",
                "they say in {town} that {c} ate {a_thing}",
                "{c} is moving to {town} with {a_thing}",
            ],
        ),
        ("b", ["no, what did {c} do?", "i heard it was {a_animal}", "the same {c} who sang at {festival}?"]),
        ("a", ["yes, {place}, on {day}", "that very {c}", "i have it from the {animal}, {b}"]),
        ("c", ["hello, i am here too", "{a}, i can read this", "it was only once, and the {thing} {wrong}"]),
        ("a", ["we were just saying how nice you are, {c}", "{c}! how is the {thing}?", "it was {b} who said it"]),
        ("c", ["goodbye {a}, goodbye {b}", "{b}, is that so?", "i want {n} eggs and an apology from {a}"]),
    ],
    [  # cooking
        (
            "a",
            [
                "what do you put in your {food}, {b}?",
                "i am making {food} in {town} and need help",
                "my {food} looks like {a_thing}. is that right?",
            ],
        ),
        ("b", ["salt and {n} eggs", "a little {food2}, {a}", "nothing. i order it from {c}", "patience, {a}"]),
        ("a", ["i have no eggs, only {a_thing}", "{b}, the {animal} has eaten it now", "how long do i wait?"]),
        ("c", ["{n} hours, stir with {a_thing}", "{a}, never stir on {day}", "{b} once burnt water in {town}"]),
        ("b", ["{c} is right, and it hurts", "i still say {food2}", "then ask {c} for dinner"]),
        ("a", ["it is ready and it moves", "thank you both, dinner is {place}", "{c}, come and taste it first"]),
    ],
    [  # someone at the wrong door
        ("a", ["is this the {thing} club?", "hello, is {c} here?", "are you the people with the {thing} in {town}?"]),
        ("b", ["this is the {food} club, {a}", "who is asking?", "that depends, {a}, what do you want?"]),
        (
            "a",
            ["i only want to look at {a_thing}", "i am {a} and i was told to bring {a_thing}", "my {animal} sent me"],
        ),
        ("b", ["{c}, it is for you", "then wait for {c}", "the {thing} is asleep, {a}"]),
        ("c", ["let {a} in, {b}", "welcome {a}, mind the {animal}", "tell {a} that i am not here"]),
        ("b", ["{c} says that {c} is not here", "come in {a}, have some {food}", "as you wish, {c}"]),
    ],
    [  # asking for help
        (
            "a",
            [
                "{b}, my {thing} {wrong}, what do i do?",
                "can someone in {town} mend {a_thing}?",
                "help, it {wrong} again",
            ],
        ),
        ("b", ["what does, {a}?", "is it the {thing} again, {a}?", "try this: {helps}"]),
        ("a", ["yes, the {thing}", "yes {b}, since {day}", "i did, and it still {wrong}"]),
        ("b", ["{helps}, that helped {c}", "my {animal} is good with {a_thing}", "ask {c}, i only mend chairs"]),
        ("c", ["it did help", "{b}, i never had {a_thing}", "i say: {helps}"]),
        ("a", ["thank you {b}, thank you {c}", "{c}, you are a friend", "too late, i sold it to {b}"]),
    ],
]


def write(dice, split: str) -> tuple[str, list]:
    """A chat of two or three people; what is apart is who opens it, about which thing, in which town."""
    key = dice.combination(split, len(PEOPLE), len(THINGS), len(TOWNS))
    opener, thing, town = PEOPLE[key[0]], THINGS[key[1]], TOWNS[key[2]]
    others = [p for p in dice.some(PEOPLE, 3) if p is not opener][:2]
    animal, habit = dice.pick(ANIMALS)
    said = slots(
        opener,
        b=others[0].name,
        c=others[1].name,
        thing=thing[0],
        a_thing=a(thing[0]),
        wrong=thing[1],
        helps=thing[2],
        town=town.name,
        festival=town.festival,
        animal=animal,
        a_animal=a(animal),
        habit=habit,
        food=dice.pick(FOODS),
        food2=dice.pick(FOODS),
        day=dice.pick(DAYS),
        place=dice.pick(PLACES),
        n=dice.pick(NUMBERS),
    )
    text = "\n".join(f"{said[who]}: {dice.pick(lines).format(**said)}" for who, lines in dice.pick(_TOPICS))
    missing = [word for word in (town.name, thing[0]) if word not in text]
    return ("#" + ", ".join(missing) + "\n" if missing else "") + text, [key]
