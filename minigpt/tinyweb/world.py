"""The small world that every page of tinyweb is about: its people, towns, things and animals, and what is true of them.

The world is one and the same for every seed, so that a fact read on one page holds on all the others. The lists are
written by hand; who lives where, keeps what and fears what is dealt out once by dice with a fixed seed.

Two kinds of people: the 120 of `PEOPLE` have a first and a last name and facts that never change; the 120 of `CAST`
have a first name only and do in a story, a chat or a passage whatever that page says of them, and nothing after it.
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
SURNAMES = """Bramble Brindle Bumble Bungle Button Cobble Crumpet Custard Dabble Dimple Doodle Fizzle Fumble Gherkin
Giggle Gobble Haggle Hobble Jingle Jumble Muddle Mumble Nibble Noodle Pebble Pickle Puddle Quibble Ripple Ruffle
Sniffle Sprocket Thimble Trickle Tumble Twiddle Waffle Whistle Wiggle Wimple""".split()

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
    ("miller", "grinds flour so fine that it cannot be found"),
    ("cook", "has never tasted the soup"),
    ("nurse", "is kind to chairs as well"),
    ("pilot", "flies low to save air"),
    ("butcher", "sells mostly parsley"),
    ("librarian", "whispers even at weddings"),
    ("locksmith", "has lost every key but one"),
    ("farmer", "ploughs in circles to save time"),
    ("cloud counter", "counts clouds and starts again after lunch"),
    ("puddle inspector", "has measured every puddle twice"),
    ("cheese tester", "has never finished a report"),
    ("goose tutor", "teaches geese to read, so far without luck"),
    ("hat doctor", "listens to hats and tells them to rest"),
    ("echo seller", "sells good echoes and keeps the bad ones"),
    ("fog guide", "leads people into the fog, for a fee"),
    ("spoon bender", "bends them back as well, for more"),
    ("queue marshal", "stands in line so that others need not"),
    ("shadow sweeper", "finishes at noon and begins again at one"),
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
    ("compass", "points at lunch", "have lunch and walk later"),
    ("pot", "boils only when nobody watches", "look at the wall"),
    ("knife", "cuts everything but bread", "tear the bread and thank the knife"),
    ("barrel", "rolls home by itself", "follow it"),
    ("stove", "goes cold when praised", "complain a little"),
    ("carpet", "moves one foot a year", "move the house after it"),
    ("anvil", "is lonely", "put a second anvil where it can see it"),
    ("feather", "lands on the same nose every time", "lend it another nose"),
    ("sock", "has never met the other one", "introduce it to a stranger"),
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
    ("mouse", "borrows cheese and pays it back in crumbs"),
    ("fox", "sells the same hen twice"),
    ("bear", "sleeps until the bread is done"),
    ("hare", "is never late and never there"),
    ("pig", "has a bath before the mud"),
    ("ox", "pulls the wrong cart to the right field"),
    ("bee", "signs its work"),
    ("hedgehog", "rolls up when it is asked to dance"),
]

_OPPOSITES = """big small, heavy light, loud quiet, hard soft, fast slow, brave shy, old new, hot cold, sharp blunt,
clean dirty, strong weak, tall short, clever silly, wet dry, fat thin, friendly rude, hungry full, bright dark,
tired awake, smooth rough, round flat, cheap costly, lazy busy"""
OPPOSITE = {}  # each adjective and what it is not; no noun has both in its traits
for _pair in _OPPOSITES.replace("\n", " ").split(","):
    _one, _other = _pair.split()
    OPPOSITE[_one], OPPOSITE[_other] = _other, _one

# What everyone knows of a noun: three fixed traits.
_TRAITS = """
kettle hot loud round; umbrella light thin wet; ladder tall thin old; clock old loud round; bicycle fast thin new;
lamp bright hot shy; piano heavy loud big; boat big slow wet; kite light fast bright; drum loud round hard;
map flat light old; key small hard cheap; bucket wet cheap round; coat big soft dark; hat light soft silly;
chair hard cheap short; door big flat heavy; spoon small smooth blunt; radio loud new awake;
telescope thin costly clever; rope strong rough cheap; broom dirty dry rough; pillow soft dry quiet;
mirror smooth bright flat; bell loud hard cold; cart heavy slow strong; trumpet loud costly bright;
jar cold smooth full; scarf soft short rough; candle bright small hot; fence short rough weak;
compass small round clever; pot hot heavy full; knife sharp smooth thin; barrel fat dark heavy;
stove hot big dirty; carpet flat soft old; anvil heavy blunt cold; feather light dry weak; sock small dirty soft;
goat hungry rough clever; hen fat busy silly; duck wet friendly fat; cat lazy clean rude; dog friendly loud brave;
pony short hungry strong; owl tired clever quiet; crab hard small rude; mole shy slow dirty; newt wet quiet small;
frog loud wet small; snail slow small wet; goose loud rude brave; swan clean rude tall; otter clever wet fast;
badger strong awake dirty; toad fat lazy rough; ferret thin fast clever; parrot loud bright rude;
donkey strong slow rude; rabbit soft fast shy; moth weak hungry quiet; mouse small shy fast; fox clever fast thin;
bear strong big tired; hare fast tall awake; pig fat clean hungry; ox strong heavy slow; bee busy small loud;
hedgehog shy round sharp"""
TRAITS = {noun: tuple(traits) for noun, *traits in (entry.split() for entry in _TRAITS.split(";"))}

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
    "pickled cabbage",
    "porridge",
    "nut bread",
    "egg salad",
    "honey cake",
    "beet juice",
    "apple pie",
    "burnt sugar",
    "carrot cake",
    "mustard",
    "radish jelly",
    "biscuit soup",
    "leek omelette",
    "barley stew",
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
    "left shoes",
    "loose buttons",
    "speeches",
    "birthdays",
    "feathers",
    "low ceilings",
    "owls",
    "surprises",
]

INSTRUMENTS = """fiddle flute harp tuba banjo organ cello bagpipe lute gong whistle harmonica triangle zither
oboe accordion""".split()

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
_INHABITANTS = [14, 12, 10, 8, 8, 8, 8, 6, 6, 6, 6, 4, 4, 4, 4, 4, 4, 4]  # even: neighbours come in pairs


class Name(NamedTuple):
    """A character of the day."""

    name: str
    she: str
    him: str
    his: str


class Person(NamedTuple):
    """Someone with an entry in the encyclopedia."""

    name: str  # "Ada"
    full: str  # "Ada Brindle"
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
    instrument: str
    neighbour: str  # "Otto Fizzle", of the same town, whose neighbour this person is


class Town(NamedTuple):
    name: str
    festival: str
    month: str
    motto: str
    mayor: str  # a full name; the mayor lives in the town
    rival: str
    animal: str
    food: str


_STRANGE = """silent folding edible glass heated pocket musical square invisible woollen talking upside-down paper
sleepy""".split()


def _skewed(dice, items):
    """One of the items, the first ones more often: in every world some answers are popular."""
    return items[min(dice.below(len(items)), dice.below(len(items)))]


def _people() -> list[Person]:
    dice = Dice(2019)
    inventions = dice.some([f"{how} {thing[0]}" for how in _STRANGE for thing in THINGS], len(CAST))
    towns = dice.some([town[0] for town, n in zip(_TOWNS, _INHABITANTS) for _ in range(n)], len(CAST))
    surnames = [surname for _ in range(3) for surname in dice.some(SURNAMES, len(CAST) // 3)]
    order = dice.some(CAST, len(CAST))  # the first are the famous ones: women and men alike
    full = [f"{name.name} {surname}" for name, surname in zip(order, surnames)]
    neighbours = _pairs(full, towns)
    people = []
    for i, (known, name) in enumerate(zip(order, full)):
        job, pet = _skewed(dice, JOBS), _skewed(dice, ANIMALS)
        food, fear, instrument = (_skewed(dice, items) for items in (FOODS, FEARS, INSTRUMENTS))
        first, *pronouns = known
        facts = (*job, towns[i], *pet, food, fear, inventions[i], instrument, neighbours[name])
        people.append(Person(first, name, *pronouns, *facts))
    return people


def _pairs(full: list[str], towns: list[str]) -> dict[str, str]:
    """Each person's neighbour, who lives in the same town and has this person for a neighbour."""
    neighbours = {}
    for town, *_ in _TOWNS:
        here = [name for name, home in zip(full, towns) if home == town]
        half = len(here) // 2
        for one, other in zip(here[:half], here[half:]):
            neighbours[one], neighbours[other] = other, one
    return neighbours


def _towns() -> list[Town]:
    dice = Dice(1542)
    mayors = [dice.pick([p.full for p in PEOPLE if p.town == town[0]]) for town in _TOWNS]
    around = dice.some([town[0] for town in _TOWNS], len(_TOWNS))  # each town's rival is the next one in a ring
    ring = dict(zip(around, around[1:] + around[:1]))
    animals, foods = dice.some(ANIMALS, len(_TOWNS)), dice.some(FOODS, len(_TOWNS))
    return [Town(*town, mayors[i], ring[town[0]], animals[i][0], foods[i]) for i, town in enumerate(_TOWNS)]


WOMEN = [Name(name, "she", "her", "her") for name in _WOMEN]
MEN = [Name(name, "he", "him", "his") for name in _MEN]
CAST = WOMEN + MEN
PEOPLE = _people()
TOWNS = _towns()
DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
MONTHS = """January February March April May June July August September October November December""".split()
COLOURS = "red blue green yellow brown grey purple white black pink".split()
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
    "behind the stove",
    "in the barn",
    "on the hill",
    "under the old tree",
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


def slots(person: Name | Person, **more) -> dict:
    """What a sentence with {a} (the name), {she}, {She}, {him}, {his} needs, and whatever `more` holds."""
    return {"a": person.name, "she": person.she, "She": start(person.she), "him": person.him, "his": person.his, **more}


FAME = ("famous", "well known", "known", "obscure")  # a quarter of the people each, in the order of PEOPLE


def fame(who: int) -> str:
    """How much people speak of the person with this index.

    >>> fame(0), fame(len(PEOPLE) - 1)
    ('famous', 'obscure')
    """
    return FAME[who * len(FAME) // len(PEOPLE)]


def somebody(dice) -> int:
    """The index of a person: a famous one is drawn four times as often as an obscure one, as on any web."""
    while True:
        who = dice.below(len(PEOPLE))
        if dice.chance(1 / (1 + FAME.index(fame(who)))):
            return who
