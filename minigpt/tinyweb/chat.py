"""Chats: a name opens each line, so whoever reads on must look up who is there."""

from __future__ import annotations

from minigpt.tinyweb import facts
from minigpt.tinyweb.world import (
    ANIMALS, CAST, DAYS, FOODS, NUMBERS, PEOPLE, PLACES, THINGS, TOWNS, TRAITS, a, slots, somebody
)  # fmt: skip

# Each topic is a list of moves (who speaks, what they may say). Speakers: a, b, c.
_TOPICS = [
    [  # something is lost
        ("a", ["has anyone seen my {thing}?", "hello, i am in {town} and my {thing} is gone", "who took my {thing}?",
               "my {thing} was {place} and now it is not"]),
        ("b", ["which {thing}, {a}?", "the one that {wrong}?", "{a}, you sold it on {day}",
               "was it the {trait} {thing}, {a}?"]),
        ("a", ["the {thing} that {wrong}", "there is only one {thing}, {b}", "{b}, this is not funny",
               "i had it in {town}"]),
        ("c", ["i saw {a_animal} with it {place}", "my {animal} is sitting on it, {a}", "sorry {a}, that was me",
               "{b} has it. ask {b}"]),
        ("a", ["thank you {c}", "of course it was the {animal}", "i should have asked {c} first",
               "i want it back by {day}, {b}"]),
    ],
    [  # selling
        ("a", ["selling one {thing}, as good as new, it only {wrong}", "who wants {a_thing}? pick it up in {town}",
               "free {thing} {place}, bring a friend", "one {trait} {thing} for sale, no questions"]),
        ("b", ["how much for the {thing}?", "does it still work, {a}?", "i would take it for {n} eggs"]),
        ("a", ["{n} eggs and a smile, {b}", "it works, but it {wrong}", "for you, {b}, a bowl of {food}"]),
        ("c", ["careful {b}, i had that {thing} before", "{a} sold me the same {thing} on {day}",
               "i offer more than {b}"]),
        ("b", ["is that true, {a}?", "then {c} can have it", "i will think about it until {day}"]),
        ("a", ["do not listen to {c}", "{b}, the {thing} is yours", "sold to {c}", "i will keep the {thing} then"]),
    ],
    [  # a party
        ("a", ["who is coming to {festival}?", "{festival} is on {day}, are you ready?",
               "i have {n} seats for {festival}"]),
        ("b", ["i am, with my {thing}", "will there be {food}, {a}?", "only if {c} comes too",
               "not after last year, {a}"]),
        ("c", ["{b}, please leave the {thing} at home", "i will bring {food}", "i come if {b} does not sing"]),
        ("b", ["i heard that, {c}", "then i will bring two", "{c}, the {thing} stays with me"]),
        ("a", ["{b} and {c}, be nice", "so {b} brings the {thing} and {c} the {food}", "see you {place}, {b}"]),
    ],
    [  # a neighbour's animal
        ("a", ["whose {animal} is that {place}?", "{b}, your {animal} is in {town} again",
               "there is {a_animal} in my kitchen"]),
        ("b", ["what is it doing, {a}?", "it has my permission", "that is not my {animal}, ask {c}"]),
        ("a", ["it is eating the {food}", "it took my {thing}, {b}", "it {habit}"]),
        ("c", ["that is what {a_animal} does: it {habit}", "do not look at it, {a}", "let it have the {thing}"]),
        ("b", ["{c} is right", "i will fetch it on {day}", "tell it that {b} says hello"]),
        ("a", ["it left with the {thing}", "now there are {n} of them, {b}", "it likes you better, {c}"]),
    ],
    [  # a rumour
        ("a", ["have you heard about {c} and the {thing}?", "they say in {town} that {c} ate {a_thing}",
               "{c} is moving to {town} with {a_thing}"]),
        ("b", ["no, what did {c} do?", "i heard it was {a_animal}", "the same {c} who sang at {festival}?"]),
        ("a", ["yes, {place}, on {day}", "that very {c}", "i have it from the {animal}, {b}"]),
        ("c", ["hello, i am here too", "{a}, i can read this", "it was only once, and the {thing} {wrong}"]),
        ("a", ["we were just saying how nice you are, {c}", "{c}! how is the {thing}?", "it was {b} who said it"]),
        ("c", ["goodbye {a}, goodbye {b}", "{b}, is that so?", "i want {n} eggs and an apology from {a}"]),
    ],
    [  # cooking
        ("a", ["what do you put in your {food}, {b}?", "i am making {food} in {town} and need help",
               "my {food} looks like {a_thing}. is that right?"]),
        ("b", ["salt and {n} eggs", "a little {food2}, {a}", "nothing. i order it from {c}", "patience, {a}"]),
        ("a", ["i have no eggs, only {a_thing}", "{b}, the {animal} has eaten it now", "how long do i wait?"]),
        ("c", ["{n} hours, stir with {a_thing}", "{a}, never stir on {day}", "{b} once burnt water in {town}"]),
        ("b", ["{c} is right, and it hurts", "i still say {food2}", "then ask {c} for dinner"]),
        ("a", ["it is ready and it moves", "thank you both, dinner is {place}", "{c}, come and taste it first"]),
    ],
    [  # someone at the wrong door
        ("a", ["is this the {thing} club?", "hello, is {c} here?", "are you the people with the {thing} in {town}?"]),
        ("b", ["this is the {food} club, {a}", "who is asking?", "that depends, {a}, what do you want?"]),
        ("a", ["i only want to look at {a_thing}", "i am {a} and i was told to bring {a_thing}",
               "my {animal} sent me"]),
        ("b", ["{c}, it is for you", "then wait for {c}", "the {thing} is asleep, {a}"]),
        ("c", ["let {a} in, {b}", "welcome {a}, mind the {animal}", "tell {a} that i am not here"]),
        ("b", ["{c} says that {c} is not here", "come in {a}, have some {food}", "as you wish, {c}"]),
    ],
    [  # asking for help
        ("a", ["{b}, my {thing} {wrong}, what do i do?", "can someone in {town} mend {a_thing}?",
               "help, it {wrong} again"]),
        ("b", ["what does, {a}?", "is it the {thing} again, {a}?", "try this: {helps}"]),
        ("a", ["yes, the {thing}", "yes {b}, since {day}", "i did, and it still {wrong}"]),
        ("b", ["{helps}, that helped {c}", "my {animal} is good with {a_thing}", "ask {c}, i only mend chairs"]),
        ("c", ["it did help", "{b}, i never had {a_thing}", "i say: {helps}"]),
        ("a", ["thank you {b}, thank you {c}", "{c}, you are a friend", "too late, i sold it to {b}"]),
    ],
    [  # a new name
        ("a", ["from today call me {nick}", "i have a new name: {nick}", "please note: i am {nick} now",
               "in {town} they call me {nick}"]),
        ("b", ["why {nick}, {a}?", "{nick}? since when, {a}?", "hello {nick}", "{nick} is what i call my {thing}"]),
        ("a", ["say {nick}, {b}, or say nothing", "because of the {thing}. {nick}, say it",
               "{nick}, if you please, {b}"]),
        ("c", ["good morning {nick}", "is {nick} the one with the {thing}?", "{b}, who is {nick}?"]),
        ("b", ["{nick} is {a}, {c}", "that is {a}, who was {a} yesterday", "{c}, do not encourage {nick}"]),
        ("a", ["thank you {c}. only you understand {nick}", "{nick} has left the chat", "{b}, {nick} forgives you"]),
    ],
    [  # who said it first
        ("a", ["i had an idea: {a_thing} that {wrong}", "what if we sent the {thing} to {town}?",
               "i say we teach the {animal} to use {a_thing}"]),
        ("b", ["that was my idea, {a}", "{a}, i said that on {day}", "where did you get that, {a}?"]),
        ("a", ["no {b}, you said {food}", "{b}, you were asleep {place}", "i got it from {c}"]),
        ("c", ["i heard it from the {animal}", "{a} said it first, {b} said it louder", "it was {b}, i wrote it down"]),
        ("b", ["thank you {c}", "{c}, whose side are you on?", "then let {c} build the {thing}"]),
        ("c", ["i am on the side of the {thing}", "{b}, i want {n} eggs for this", "peace, {a}. peace, {b}"]),
    ],
    [  # a game
        ("a", ["i see something that is {trait}", "guess what i have: it is {trait} and it {wrong}",
               "a riddle: {trait}, and it {wrong}"]),
        ("b", ["a {thing2}?", "is it {c}?", "my {animal}?", "the mayor of {town}?"]),
        ("a", ["no, {b}, smaller than that", "cold, {b}", "not even close, {b}", "{c}, help {b}"]),
        ("c", ["it is {a_thing}", "{a_thing}, of course", "{a} always means the {thing}"]),
        ("a", ["{c} wins. it was the {thing}", "yes, {a_thing}! well done {c}", "right, {c}. again?"]),
        ("b", ["{c} can see it from there", "i nearly said {a_thing}", "never play with {c}"]),
    ],
    [  # gossip about someone in the encyclopedia
        ("a", ["did you know? {fact}", "i read something today. {fact}", "it is in the encyclopedia: {fact}"]),
        ("b", ["everybody in {town} knows that, {a}", "who told you, {a}?", "that {full}? i had no idea"]),
        ("a", ["{c} told me", "{full} told me, {b}", "it was in the paper, under {a_thing}"]),
        ("c", ["it is true. {fact}", "and that is not all. {fact2}", "i once sold {a_thing} to {full}"]),
        ("b", ["thank you {c}, i feel older now", "{c} knows everyone", "good for {full}"]),
    ],
    [  # someone will not say it
        ("b", ["{a}, what is under your coat?", "what have you got there, {a}?", "{a}, why are you so quiet?"]),
        ("a", ["nothing, {b}", "it is for {c}", "i may not say, {b}", "ask me on {day}"]),
        ("c", ["it is {a_thing}, {b}", "{a} has {a_thing} from {town}", "i can hear it. it {wrong}"]),
        ("b", ["{a_thing}, {a}? again?", "in {town} that is not allowed, {a}", "may i hold the {thing}?"]),
        ("a", ["{c}, you promised", "now everyone knows about the {thing}", "yes, and it is mine, {b}"]),
        ("c", ["sorry {a}", "it was too {trait} to hide, {a}", "{b} would have found the {thing} anyway"]),
    ],
    [  # a walk
        ("a", ["i am lost near {town}, i see {a_thing}", "where is {town}? i passed {a_animal} {n} times",
               "is this the road to {town}, {b}?"]),
        ("b", ["go left at the {thing}, {a}", "ask the {animal}, {a}", "{a}, stay where you are, {c} will come"]),
        ("a", ["the {thing} is gone", "the {animal} says right, {b} says left", "{c}, are you coming?"]),
        ("c", ["i am coming with {a_thing}", "no, i am having {food}", "wait {place}, {a}"]),
        ("a", ["there is {c}! goodbye {b}", "i think i live here now", "{b}, it was left after all"]),
    ],
]  # fmt: skip
_NICKNAMES = """Captain Soup, Old Buttons, Half Past, Duchess, Two Socks, Doctor Toast, Number Nine, Pocket, Echo,
Slow Thunder, Sir Waits, Almost, Mumbles, Last Goose""".replace("\n", " ").split(", ")
_PASSERS_BY = [  # someone who looks in
    "is this about the {animal}?",
    "good evening {a}",
    "sorry, wrong chat",
    "{b}, your {food} is burning",
    "{a}, call your mother",
    "i only came for the {thing}",
    "who is {c}?",
    "has {c} paid yet?",
]
_HELLOS = [
    ("a", ["hello {b}, hello {c}", "good evening {b}", "{b}? {c}? anyone?", "it is {a}, from {town}"]),
    (
        "b",
        ["hello {a}", "{a}! how is {town}?", "good evening {a}, how is the {animal}?", "we were waiting for you, {a}"],
    ),
]
_BYES = [
    ("b", ["good night {a}", "bye {c}", "until {day}, {a}", "{c}, are you still there?"]),
    ("c", ["good night {b}", "sleep well {a}", "{b}, go to bed", "i must go, the {animal} {habit}"]),
]
_LAYOUTS = ["{who}: {line}", "{who}: {line}", "<{who}> {line}", "{who} > {line}", "[{who}] {line}", "- {who}: {line}"]


def write(dice, split: str) -> tuple[str, list]:
    """A chat of two to four people; what is apart is who opens it, about which thing, in which town."""
    key = dice.combination(split, len(CAST), len(THINGS), len(TOWNS))
    opener, (thing, wrong, helps), town = CAST[key[0]], THINGS[key[1]], TOWNS[key[2]]
    b, c, d = [p.name for p in dice.some(CAST, 4) if p is not opener][:3]
    animal, habit = dice.pick(ANIMALS)
    known = PEOPLE[somebody(dice)]
    said = slots(opener, b=b, c=c, d=d, thing=thing, wrong=wrong, helps=helps, town=town.name, habit=habit)
    said.update(
        a_thing=a(thing),
        thing2=dice.pick([other for other, _, _ in THINGS if other[0] not in "aeiou"]),
        trait=dice.pick(TRAITS[thing]),
        festival=town.festival,
        animal=animal,
        a_animal=a(animal),
        food=dice.pick(FOODS),
        food2=dice.pick(FOODS),
        day=dice.pick(DAYS),
        place=dice.pick(PLACES),
        n=dice.pick(NUMBERS),
        nick=dice.pick(_NICKNAMES),
        full=known.full,
        fact=facts.tell(dice, known, dice.pick(facts.ATTRIBUTES)),
        fact2=facts.tell(dice, known, dice.pick(facts.ATTRIBUTES)),
    )
    moves = list(dice.pick(_TOPICS))
    if dice.chance(0.5):
        moves = _HELLOS + moves
    if dice.chance(0.5):
        moves = moves + _BYES
    if dice.chance(0.3):
        moves.insert(2 + dice.below(len(moves) - 2), ("d", _PASSERS_BY))
    layout = dice.pick(_LAYOUTS)
    text = "\n".join(layout.format(who=said[who], line=dice.pick(lines).format(**said)) for who, lines in moves)
    missing = [word for word in (town.name, thing) if word not in text]
    return ("#" + ", ".join(missing) + "\n" if missing else "") + text, [key]
