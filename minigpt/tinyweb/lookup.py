"""Pages on which something is stated and looked up again soon: price lists, timetables, lockers, phone books, bets.

A page has two to five entries, each a key and a value, in one of three rungs that are mixed freely: side by side
("kettle: nine eggs"), in a short sentence ("The kettle costs nine eggs."), or with words between ("The kettle, which
whistles out of tune, costs nine eggs."). Then every entry is asked for, by its key or by its value.
"""

from __future__ import annotations

from typing import NamedTuple

from minigpt.tinyweb.world import (
    ANIMALS,
    CAST,
    COLOURS,
    DAYS,
    FOODS,
    MONTHS,
    NUMBERS,
    PLACES,
    THINGS,
    TOWNS,
    TRAITS,
    a,
    start,
)

_HOURS = [f"{when} {hour}" for hour in NUMBERS[:10] for when in ("at", "before", "after")]
_EGGS = [f"{n} {what}" for n in NUMBERS for what in ("eggs", "buttons", "songs")]
_AMOUNTS = [f"{n} {what}" for n in NUMBERS[:8] for what in ("cups", "spoons", "handfuls", "pinches")]
_STUFF = "flour sugar salt butter milk honey parsley mud onion cheese rain vinegar pepper chalk garlic steam".split()
_POINTS = [str(n) for n in range(3, 99)]
_PHONES = [str(n) for n in range(112, 990, 7)]
_ROOMS = [f"room {n}" for n in range(1, 40)]
_NICKNAMES = """Spoons, Captain Soup, Half Past, the Goose, Old Buttons, Mumbles, the Ladder, Sir Waits, Two Socks,
the Kettle, Dr Toast, Leftover, Slow Thunder, Pocket, the Duchess, Almost, Tall Story, Mild Mustard, Number Nine,
the Echo""".replace("\n", " ").split(", ")
_WEATHER = """drizzle, fog, hail, sunshine, thunder, a mild breeze, warm rain, sleet, no weather, snow, a rainbow,
sideways rain, dew, a small storm""".replace("\n", " ").split(", ")
_EXCUSES = """ill, asleep, late, here, in love, up a tree, on strike, lost, at lunch, busy, invisible, wet, stuck,
in the bath, singing""".replace("\n", " ").split(", ")
_MATERIALS = "wood tin glass wool paper stone straw copper cheese ice leather brass".split()


class _Format(NamedTuple):
    """Key and value of an entry and what is said of them. In the sentences {k} and {v} stand for key and value as they
    are, {the_k} for "the kettle" or "Ada", {K} for the same at the start of a sentence, {V} for a value there."""

    heads: list[str]
    keys: list[str]
    values: list[str]
    thing: bool  # whether a key takes an article
    told: list[str]
    asked: list[str]  # for the value
    answers: list[str]
    asked_back: list[str]  # for the key; none where several keys would do


_NAMES = [name.name for name in CAST]
_GOODS = [thing[0] for thing in THINGS]
_BEASTS = [animal[0] for animal in ANIMALS]
_TOWN_NAMES = [town.name for town in TOWNS]
_PROPER = _NAMES + DAYS + [word for town in TOWNS for word in town.name.split()]  # keep their capitals anywhere
_FORMATS = [
    _Format(
        ["Price list of {town}", "Everything must go", "For sale in {town}", "Shop of {name}", "Prices, as of {day}"],
        _GOODS, _EGGS, True,
        ["{K} costs {v}.", "{K} is yours for {v}.", "You can have {the_k} for {v}.", "For {the_k} they ask {v}."],
        ["How much is {the_k}?", "What does {the_k} cost?", "What do they want for {the_k}?"],
        ["{V}.", "{K} costs {v}."],
        ["What can I get for {v}?", "What costs {v}?"],
    ),
    _Format(
        ["Boats, if the wind allows", "Timetable, {day}", "Carts from the market", "Departures"],
        _TOWN_NAMES, _HOURS, False,
        ["The boat to {k} leaves {v}.", "Whoever wants to go to {k} must be ready {v}.", "To {k} there is one {v}."],
        ["When does it go to {k}?", "And the one to {k}?", "When do I leave for {k}?"],
        ["{V}.", "It leaves {v}."],
        ["Where does the one that leaves {v} go?", "Which one leaves {v}?"],
    ),
    _Format(
        ["Lost and found, {town}", "Found on {day}", "Things that turned up", "Where everything is"],
        _GOODS, PLACES, True,
        ["{K} was found {v}.", "Somebody left {the_k} {v}.", "{K} turned up {v}.", "They saw {the_k} {v}."],
        ["Where was {the_k} found?", "Where is {the_k}?", "Has anyone seen {the_k}?"],
        ["{V}.", "{K} is {v}."],
        ["What was found {v}?", "What is {v}?"],
    ),
    _Format(
        ["Who has what", "Cloakroom of {town}", "Borrowed from the mayor of {town}", "Owners, at last",
         "The raffle"],
        _NAMES, _GOODS, False,
        ["{k} has the {v}.", "The {v} belongs to {k}.", "{k} came with {a_v}.", "{k} owns {a_v}.",
         "The {v} went to {k}."],
        ["What has {k} got?", "What does {k} have?", "And {k}?"],
        ["The {v}.", "{k} has the {v}."],
        ["Who has the {v}?", "Whose is the {v}?", "To whom does the {v} belong?"],
    ),
    _Format(
        ["Scores after {day}", "The spoon race, results", "Chess in {town}", "Points, counted twice",
         "Darts at {festival}"],
        _NAMES, _POINTS, False,
        ["{k} has {v} points.", "{k} made {v} points.", "With a little luck {k} came to {v}.",
         "{v} points went to {k}."],
        ["How many points has {k}?", "What did {k} get?", "And {k}?"],
        ["{v}.", "{k} has {v}.", "{v} points."],
        ["Who has {v} points?", "Who got {v}?"],
    ),
    _Format(
        ["Door labels, town hall of {town}", "Who sits where", "Hotel {town}, guests", "Rooms"],
        _ROOMS, _NAMES, False,
        ["{v} is in {k}.", "In {k} sits {v}.", "{K} belongs to {v}.", "Knock at {k} for {v}."],
        ["Who is in {k}?", "Whose door is {k}?", "Who opens in {k}?"],
        ["{v}.", "That is {v}."],
        ["Where is {v}?", "Which door is that of {v}?"],
    ),
    _Format(
        ["Telephones of {town}", "Phone list", "Numbers to call before {day}", "The telephone book, page {day}"],
        _NAMES, _PHONES, False,
        ["The number of {k} is {v}.", "{k} can be called at {v}.", "To reach {k}, turn {v} and wait.",
         "Call {k}: {v}."],
        ["What is the number of {k}?", "How do I call {k}?", "And {k}?"],
        ["{v}.", "Call {v}."],
        ["Who answers at {v}?", "Whose number is {v}?"],
    ),
    _Format(
        ["{food}, what goes in", "For one bowl of {food}", "Amounts for {food}", "{name}'s {food}"],
        _STUFF, _AMOUNTS, False,
        ["Of {k} take {v}.", "{v} of {k} go in.", "Stir in {v} of {k}.", "It needs {v} of {k}."],
        ["How much {k}?", "How much {k} goes in?", "And the {k}?"],
        ["{V}.", "{V} of {k}."],
        ["What goes in with {v}?", "Of what do I take {v}?"],
    ),
    _Format(
        ["Roll call on {day}", "School of {town}, who is here", "The choir of {town}, present and not", "Who came"],
        _NAMES, _EXCUSES, False,
        ["{k} is {v}.", "Today {k} is {v}.", "They say that {k} is {v}.", "{k} sends word: {v}."],
        ["What about {k}?", "And {k}?", "Where is {k}?", "Is {k} coming?"],
        ["{V}.", "{k} is {v}."],
        ["Who is {v}?", "Who of them is {v}?"],
    ),
    _Format(
        ["Kitchen of {town}, this week", "The menu", "What there is to eat", "Canteen, no complaints"],
        DAYS, FOODS, False,
        ["On {k} they serve {v}.", "{k} is for {v}.", "There will be {v} on {k}.", "Come on {k}, it is {v}."],
        ["What do they serve on {k}?", "What do we eat on {k}?", "And on {k}?"],
        ["{V}.", "On {k} it is {v}."],
        ["When is it {v}?", "On which day do they serve {v}?"],
    ),
    _Format(
        ["Pets at the fair of {town}", "Who keeps what", "The animal hotel, guests", "Lost animals and their people"],
        _BEASTS, _NAMES, True,
        ["{K} belongs to {v}.", "{v} came with {the_k}.", "{v} looks after {the_k}.", "{K} obeys only {v}."],
        ["Whose is {the_k}?", "Who looks after {the_k}?", "Who has {the_k}?"],
        ["{v}.", "{K} belongs to {v}."],
        ["Which animal belongs to {v}?", "Which one is that of {v}?"],
    ),
    _Format(
        ["Birthdays", "Months to remember", "Cakes needed in {town}", "Born in {town}"],
        _NAMES, MONTHS, False,
        ["{k} was born in {v}.", "The birthday of {k} is in {v}.", "{k} turns old in {v}.", "In {v} we sing for {k}."],
        ["When was {k} born?", "When is the birthday of {k}?", "And {k}?"],
        ["In {v}.", "{k} was born in {v}."],
        ["Who was born in {v}?", "For whom do we sing in {v}?"],
    ),
    _Format(
        ["Known as", "Nicknames of {town}", "What they call each other", "Pirate names, final list"],
        _NAMES, _NICKNAMES, False,
        ["Everyone calls {k} {v}.", "{k} is known as {v}.", "They call {k} {v}.", "To friends {k} is {v}."],
        ["What do they call {k}?", "What is the nickname of {k}?", "And {k}?"],
        ["{V}.", "They call {k} {v}."],
        ["Who is known as {v}?", "Who is {v}?"],
    ),
    _Format(
        ["Paint ordered in {town}", "Colours, decided on {day}", "Which colour for what", "The painters' list"],
        _GOODS, COLOURS, True,
        ["{K} will be {v}.", "They painted {the_k} {v}.", "{K} is {v} now.", "Make {the_k} {v}."],
        ["What colour is {the_k}?", "Which colour for {the_k}?", "And {the_k}?"],
        ["{V}.", "{K} is {v}."],
        ["What is {v}?", "What gets the {v} paint?"],
    ),
    _Format(
        ["Weather in the towns", "Seen from the tower on {day}", "Sky report", "Over the towns today"],
        _TOWN_NAMES, _WEATHER, False,
        ["{k} has {v}.", "Over {k} there is {v}.", "In {k} they complain of {v}.", "{V} came to {k} early."],
        ["What is it like in {k}?", "What has {k}?", "And {k}?"],
        ["{V}.", "{k} has {v}."],
        ["Where is there {v}?", "Which town has {v}?"],
    ),
    _Format(
        ["Bets on the great race", "Who bets on what", "The race of {festival}, bets", "Bets are closed"],
        _NAMES, _BEASTS, False,
        ["{k} bets on the {v}.", "The money of {k} is on the {v}.", "{k} believes in the {v}.",
         "On the {v}: {k}, alone."],
        ["On what does {k} bet?", "What did {k} choose?", "And {k}?"],
        ["On the {v}.", "The {v}."],
        ["Who bets on the {v}?", "Who believes in the {v}?"],
    ),
    _Format(
        ["Shifts at the well", "Who rings the bell", "Night watch of {town}", "Turns at the stove"],
        DAYS, _NAMES, False,
        ["On {k} it is {v}.", "{v} does {k}.", "{k} is the turn of {v}.", "{v} got {k} and sighed."],
        ["Who is on for {k}?", "Whose turn is {k}?", "And on {k}?"],
        ["{v}.", "On {k} it is {v}."],
        ["When is {v} on?", "Which day has {v}?"],
    ),
    _Format(
        ["Museum of {town}, labels", "What it is made of", "Made in {town}", "Under the glass"],
        _GOODS, _MATERIALS, True,
        ["{K} is made of {v}.", "They made {the_k} of {v}.", "{K} is all {v}.", "Look closer: {the_k} is {v}."],
        ["What is {the_k} made of?", "And {the_k}?", "Of what did they make {the_k}?"],
        ["{V}.", "Of {v}."],
        ["What is made of {v}?", "What did they make of {v}?"],
    ),
    _Format(
        ["Moving day", "Who goes where", "Summer addresses", "Holidays"],
        _NAMES, _TOWN_NAMES, False,
        ["{k} goes to {v}.", "{k} spends the summer in {v}.", "Write to {k} in {v}.", "The cart of {k} went to {v}."],
        ["Where is {k}?", "Where does {k} go?", "And {k}?"],
        ["In {v}.", "{v}."],
        ["Who is in {v}?", "Who goes to {v}?"],
    ),
]  # fmt: skip
_ASIDES = [  # words between key and value
    "so they say",
    "if nobody minds",
    "as on every {day}",
    "to the joy of {name}",
    "after a long talk",
    "according to {name}",
    "whatever {name} says",
    "for the second time",
    "in spite of the {animal}",
    "with no hard feelings",
]
_GAPS = [  # between what is told and what is asked
    "The office is closed while it rains.",
    "{name} has read this twice.",
    "Complaints go to the {animal}.",
    "Please do not copy this by hand. {name} did, and look.",
    "There will be {food} for those who wait.",
    "Nothing will change before {day}.",
    "This list hangs in {town} as well, but lower.",
    "{name} wanted it in another order.",
    "The {animal} was not asked.",
    "Keep this page dry.",
    "More than that is not known in {town}.",
    "Then the bell rang and everyone had {food}.",
]
_NOTES = [" (again)", " (ask {name})", " (not {day})", " (sorry)", ", probably", " (see the {animal})", "!"]
_SIDE_BY_SIDE = ["{k}: {v}", "{k} - {v}", "- {k}: {v}", "{k} = {v}", "{k}, {v}", "* {k}: {v}", "{k} | {v}"]


def write(dice, split: str) -> tuple[str, list]:
    """One table or two, each of two to five entries and one to three look-ups.

    What is apart is key and value of each entry in its format.
    """
    parts = [_part(dice, split, dice.below(len(_FORMATS)))]
    if len(parts[0][0]) < 120 or (len(parts[0][0]) < 220 and dice.chance(0.5)):
        parts.append(_part(dice, split, dice.below(len(_FORMATS))))
    return "\n\n".join(text for text, _ in parts), [key for _, keys in parts for key in keys]


def _part(dice, split: str, which: int) -> tuple[str, list]:
    form = _FORMATS[which]
    entries = _entries(dice, split, which, form)
    said = {
        "town": dice.pick(TOWNS).name,
        "festival": dice.pick(TOWNS).festival,
        "day": dice.pick(DAYS),
        "name": dice.pick(_NAMES),
        "animal": dice.pick(_BEASTS),
        "food": dice.pick(FOODS),
    }
    lines = [start(dice.pick(form.heads).format(**said))] if dice.chance(0.8) else []
    lines += _told(dice, form, [_said(form, *key) for key in entries], said)
    if dice.chance(0.3):
        lines += [gap.format(**said) for gap in dice.some(_GAPS, 1 + dice.below(2))]
    lines += _looked_up(dice, form, [_said(form, *key) for key in dice.some(entries, len(entries))])
    return "\n".join(lines), [(k, v, which) for k, v in entries]


_SUBJECTS = {"prices": _EGGS, "amounts": _AMOUNTS, "weather": _WEATHER}


def told(dice, subject: str, n: int, key: str = "") -> list[str]:
    """n entries about prices, amounts or the weather, told in a sentence each; of `key` alone, if one is given."""
    form = next(form for form in _FORMATS if form.values is _SUBJECTS[subject])
    keys = [form.keys.index(key)] if key else dice.some(range(len(form.keys)), n)
    entries = zip(keys, dice.some(range(len(form.values)), n))
    return [start(dice.pick(form.told).format(**_said(form, k, v))) for k, v in entries]


def _entries(dice, split: str, which: int, form: _Format) -> list[tuple[int, int]]:
    entries, n = [], 2 + dice.below(4)
    while len(entries) < n:
        k, v, _ = dice.combination(split, len(form.keys), len(form.values), last=which)
        if all(k != other and v != value for other, value in entries):
            entries.append((k, v))
    return entries


def _said(form: _Format, k: int, v: int) -> dict:
    key, value = form.keys[k], form.values[v]
    the = "the " + key if form.thing else key
    return {"k": key, "v": value, "the_k": the, "K": start(the), "V": start(value), "a_v": a(value)}


def _told(dice, form: _Format, entries: list[dict], said: dict) -> list[str]:
    """The entries: as a list, or as sentences, each perhaps with words between."""
    if dice.chance(0.5):
        line = dice.pick(_SIDE_BY_SIDE)
        notes = [dice.pick(_NOTES).format(**said) if dice.chance(0.15) else "" for _ in entries]
        return [line.format(**entry) + note for entry, note in zip(entries, notes)]
    sentences = []
    aside = dice.chance(0.5)
    wording = dice.pick(form.told)  # all alike half of the time, else each its own
    alike = dice.chance(0.5)
    for entry in entries:
        sentence = start((wording if alike else dice.pick(form.told)).format(**entry))
        if aside:
            sentence = _with_aside(dice, sentence, entry, said)
        sentences.append(sentence)
    return ["\n".join(sentences)] if dice.chance(0.3) else [" ".join(sentences)]


def _with_aside(dice, sentence: str, entry: dict, said: dict) -> str:
    """The sentence with something said of its key, or with an aside at its end."""
    noun = entry["k"]
    if noun in TRAITS and sentence.startswith(entry["K"] + " "):
        wrong = _WRONG[noun] if dice.chance(0.6) else f"is {dice.pick(TRAITS[noun])}"
        return f"{entry['K']}, which {wrong}," + sentence[len(entry["K"]) :]
    aside = dice.pick(_ASIDES).format(**said)
    if dice.chance(0.4):
        small = sentence if sentence.split()[0].rstrip(":,") in _PROPER else sentence[0].lower() + sentence[1:]
        return f"{start(aside)}, {small}"
    return f"{sentence[:-1]}, {aside}."


_WRONG = {noun: habit for noun, habit in ANIMALS} | {thing: wrong for thing, wrong, _ in THINGS}


def _looked_up(dice, form: _Format, asked: list[dict]) -> list[str]:
    named = [entry[part] for entry in asked for part in "kv"]
    one, two = [name for name in dice.some(_NAMES, 8) if name not in named][:2]  # who asks is not asked about
    layout = dice.pick(
        ["{q} {a}", "Q: {q}\nA: {a}", "{one}: {q}\n{two}: {a}", '"{q}" "{a}"', "- {q}\n- {a}", "{q}\n{a}", "{short}",
         "{short}"]
    )  # fmt: skip
    lines = []
    for i, entry in enumerate(asked):
        back = dice.chance(0.45)
        ways = form.asked_back if back else form.asked
        question = dice.pick(ways if i else [way for way in ways if not way.startswith("And")]).format(**entry)
        answer = start("{the_k}.".format(**entry)) if back else start(dice.pick(form.answers).format(**entry))
        if layout == "{short}":  # "kettle? nine eggs": the easiest rung
            lines.append("{v}? {k}".format(**entry) if back else "{k}? {v}".format(**entry))
        else:
            lines.append(layout.format(q=start(question), a=answer, one=one, two=two))
    return lines
