"""The small world that every page of tinyweb is about: its people, towns, things and animals, and what is true of them.

The world is one and the same for every seed, so that a fact read on one page holds on all the others. The lists are
written by hand; who lives where, keeps what and fears what is dealt out once by dice with a fixed seed.
"""

from __future__ import annotations

from typing import NamedTuple

from minigpt.tinyweb.dice import Dice

_WOMEN = """Ada Alma Anna Asta Bea Bibi Cara Cleo Cora Dana Dora Ebba Edda Ella Elif Esme Etta Faye Flora Frida Gina
Greta Hana Hedy Ida Ines Iris Juno Kira Lena Lila Lotte Luz Maeve Maja Marta Mona Nadia Nell Nina Nora Olga Oona Orla
Pam Pia Rita Rosa Ruth Sara Tara Tilda Uma Una Vera Wanda Yara Zelda Zita Zoe""".split()
_MEN = """Abe Abel Amir Arlo Axel Ben Bert Boris Bram Carl Ciro Dag Dirk Edgar Egon Emil Enzo Erik Ezra Felix Finn Gil
Gus Hans Hugo Igor Isak Ivo Jan Jude Kai Klaus Kofi Lars Leo Luca Max Milo Ned Nico Nils Odo Omar Oskar Otto Pip
Ravi Remy Rolf Sami Sven Theo Tom Urs Vito Wim Yuri Zeno Knut Mika""".split()

# job, what someone with that job does all day
JOBS = [
    ("baker", "bakes round bread for square tables"),
    ("clockmaker", "is always late with the clocks"),
    ("judge", "falls asleep before the guilty part"),
    ("plumber", "talks to pipes, and the pipes listen"),
    ("teacher", "teaches the same lesson until it is true"),
    ("dentist", "counts teeth twice and keeps the change"),
    ("sailor", "gets seasick on bridges"),
    ("painter", "paints only things that hold still"),
    ("tailor", "sews pockets inside other pockets"),
    ("gardener", "grows stones, which is easier"),
    ("poet", "has been looking for one word since spring"),
    ("barber", "cuts hair by moonlight, and it shows"),
    ("miller", "is afraid of windy days"),
    ("cook", "has never tasted the soup"),
    ("nurse", "is kind to chairs as well"),
    ("pilot", "flies low to save air"),
    ("fiddler", "knows one song and nine endings"),
    ("librarian", "whispers even at weddings"),
    ("locksmith", "has lost every key but one"),
    ("farmer", "ploughs in circles to save time"),
    ("cloud counter", "counts clouds and starts again after lunch"),
    ("puddle inspector", "has measured every puddle twice"),
    ("cheese tester", "has never finished a report"),
    ("goose tutor", "teaches geese to read, so far without luck"),
]

# thing, what is wrong with it, what helps
THINGS = [
    ("kettle", "whistles out of tune", "sing louder than it does"),
    ("umbrella", "opens only indoors", "carry it to the next party"),
    ("ladder", "has one step too many", "stop before the last step"),
    ("clock", "runs backwards after lunch", "have lunch later"),
    ("bicycle", "pulls to the left", "move to the left side of town"),
    ("lamp", "is afraid of the dark", "leave a smaller lamp on beside it"),
    ("piano", "is missing one note", "play songs that do not need it"),
    ("boat", "lets the sea in", "let it out again with a cup"),
    ("kite", "refuses to come down", "wait until the wind gets bored"),
    ("drum", "echoes the next day", "play it a day early"),
    ("map", "shows only last year's hills", "walk more slowly"),
    ("key", "opens other people's doors", "make more friends"),
    ("bucket", "has a hole in it", "put a smaller bucket under it"),
    ("coat", "has three sleeves", "find a friend with a cold arm"),
    ("hat", "blows away on calm days", "hold it and look busy"),
    ("chair", "leans towards the door", "take the hint"),
    ("door", "sticks when it rains", "come home before the rain"),
    ("spoon", "bends when you stare at it", "look at the soup instead"),
    ("radio", "plays nothing but the weather", "dance to the rain"),
    ("telescope", "sees round corners", "stand at the corner"),
    ("rope", "ties itself in knots", "ask it nicely, then pull"),
    ("broom", "sweeps the dust next door", "be kind to next door"),
    ("pillow", "hums at night", "hum along"),
    ("mirror", "is one second late", "wave and wait"),
    ("bell", "rings before anyone comes", "open the door early"),
    ("cart", "rolls only downhill", "live at the top"),
    ("trumpet", "sounds like a goose", "keep a goose to blame"),
    ("jar", "will not open", "ask again tomorrow"),
    ("scarf", "grows in winter", "cut it in spring"),
    ("candle", "goes out on Fridays", "stay in on Fridays"),
    ("fence", "lets everyone through", "call it a gate"),
    ("compass", "points at lunch", "eat first and walk later"),
]

# animal, its habit
ANIMALS = [
    ("goat", "eats letters, mostly bills"),
    ("hen", "lays one egg and tells everyone"),
    ("duck", "walks into shops and looks at the prices"),
    ("cat", "owns the house and rents out the rest"),
    ("dog", "barks at the moon, but politely"),
    ("pony", "stops at every bakery"),
    ("owl", "is asleep when the questions come"),
    ("crab", "goes home sideways"),
    ("mole", "digs holes and moves in"),
    ("newt", "has seen everything and says nothing"),
    ("frog", "sings when the soup is served"),
    ("snail", "is early because it left last week"),
    ("goose", "guards the gate against friends"),
    ("swan", "will not share the lake"),
    ("otter", "steals spoons and gives them back clean"),
    ("badger", "reads the news at night"),
    ("toad", "sits on the map, always on the right town"),
    ("ferret", "lives in the left sleeve"),
    ("parrot", "repeats what was said before you came"),
    ("donkey", "agrees with no one"),
    ("rabbit", "has a plan and will not tell"),
    ("moth", "eats only expensive coats"),
]

FOODS = [
    "turnip soup",
    "onion cake",
    "plum jam",
    "fish pie",
    "cold toast",
    "bean stew",
    "rice pudding",
    "pea soup",
    "lemon tart",
    "blue cheese",
    "pickles",
    "porridge",
    "nut bread",
    "egg salad",
    "honey buns",
    "beet juice",
    "apple pie",
    "burnt sugar",
]

FEARS = [
    "bridges",
    "mice",
    "the number nine",
    "tall hats",
    "thunder",
    "wet socks",
    "poems",
    "empty chairs",
    "Mondays",
    "stairs",
    "long letters",
    "the sea",
    "quiet rooms",
    "small dogs",
    "choirs",
    "the dark",
]

# town, its festival, when, its motto
_TOWNS = [
    ("Drizzle", "Umbrella Night", "April", "It will pass."),
    ("Mothgate", "the Day of Holes", "October", "Mind the coats."),
    ("Sockport", "the Feast of Lost Socks", "March", "One is enough."),
    ("Tinpot", "the Great Banging", "June", "We can hear you."),
    ("Kettle Hill", "Steam Sunday", "January", "Nearly ready."),
    ("Pudding Bay", "Spoon Week", "August", "Second helpings first."),
    ("Little Fuss", "the Quiet Parade", "May", "Never mind."),
    ("Upper Yawn", "the Long Nap", "November", "Tomorrow, surely."),
    ("Lower Yawn", "the Longer Nap", "December", "After you."),
    ("Grumble", "Complaint Day", "February", "It was better before."),
    ("Fogwick", "the Search for the Square", "November", "Who goes there?"),
    ("Crumb", "Toast Night", "September", "Leave some for us."),
    ("Nettle", "Glove Saturday", "July", "Do not touch."),
    ("Plum Bay", "Jam Friday", "August", "Sticky but fair."),
    ("Snore", "the Feast of Pillows", "January", "Shh."),
    ("Gravel", "Stone Soup Day", "October", "Solid."),
    ("Turnip", "the Pulling", "September", "Deep roots, short speeches."),
    ("Wobble", "the Leaning Race", "May", "Straight enough."),
]


class Person(NamedTuple):
    name: str
    she: str
    him: str
    his: str
    job: str
    does: str
    town: str
    pet: str
    habit: str
    food: str
    fear: str
    invention: str  # "silent bell"


class Town(NamedTuple):
    name: str
    festival: str
    month: str
    motto: str
    mayor: str
    rival: str
    animal: str
    food: str


_STRANGE = ["silent", "folding", "edible", "glass", "heated", "pocket", "musical", "square", "invisible", "woollen"]


def _people() -> list[Person]:
    dice = Dice(2019)
    inventions = dice.some([f"{how} {thing[0]}" for how in _STRANGE for thing in THINGS], len(_WOMEN) + len(_MEN))
    people = []
    for name, pronouns in [(n, ("she", "her", "her")) for n in _WOMEN] + [(n, ("he", "him", "his")) for n in _MEN]:
        job, pet = dice.pick(JOBS), dice.pick(ANIMALS)
        town, food, fear = dice.pick(_TOWNS)[0], dice.pick(FOODS), dice.pick(FEARS)
        people.append(Person(name, *pronouns, *job, town, *pet, food, fear, inventions[len(people)]))
    return people


def _towns() -> list[Town]:
    dice = Dice(1542)
    mayors = dice.some(_WOMEN + _MEN, len(_TOWNS))
    around = dice.some([town[0] for town in _TOWNS], len(_TOWNS))  # each town's rival is the next one in a ring
    ring = dict(zip(around, around[1:] + around[:1]))
    return [
        Town(*town, mayors[i], ring[town[0]], dice.pick(ANIMALS)[0], dice.pick(FOODS)) for i, town in enumerate(_TOWNS)
    ]


PEOPLE = _people()
TOWNS = _towns()
DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
PLACES = [
    "at the market",
    "on the bridge",
    "behind the bakery",
    "in the library",
    "at the station",
    "in the square",
    "by the lake",
    "under the stairs",
    "on the roof",
    "at the well",
    "in the town hall",
    "near the mill",
    "at the harbour",
    "in the garden",
]
NUMBERS = ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "twelve", "twenty", "forty"]


def a(noun: str) -> str:
    """The noun with its article.

    >>> a("owl"), a("goat")
    ('an owl', 'a goat')
    """
    return ("an " if noun[0] in "aeiou" else "a ") + noun


def start(sentence: str) -> str:
    """The sentence with a capital at its start."""
    return sentence[0].upper() + sentence[1:]


def slots(person: Person, **more) -> dict:
    """What a sentence with {a} (the name), {she}, {She}, {him}, {his} needs, and whatever `more` holds."""
    return {"a": person.name, "she": person.she, "She": start(person.she), "him": person.him, "his": person.his, **more}
