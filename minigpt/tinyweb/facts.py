"""The facts about a person, each told and asked for in several wordings."""

from __future__ import annotations

from minigpt.tinyweb.world import Person, a, slots

# {s} is the subject: a name at first, then a name or a pronoun.
_TELL = {
    "job": ["{s} is {a_job} who {does}.", "{s} works as {a_job} and {does}.", "By trade {s} is {a_job}: {she} {does}."],
    "town": ["{s} lives in {town}.", "The house of {a} stands in {town}.", "{s} has always lived in {town}."],
    "pet": [
        "{s} keeps {a_pet} that {habit}.",
        "{s} shares the house with {a_pet}, which {habit}.",
        "At home {s} has {a_pet}; it {habit}.",
    ],
    "food": [
        "{s} eats {food} every day.",
        "{s} likes nothing better than {food}.",
        "Offer {a} some {food} and {she} will stay.",
    ],
    "fear": ["{s} is afraid of {fear}.", "{s} cannot stand {fear}.", "Nothing frightens {a} but {fear}."],
    "invention": [
        "{s} invented the {invention}.",
        "The {invention} was invented by {a}.",
        "We owe the {invention} to {a}.",
        "{s} is known for the {invention}.",
    ],
}
ATTRIBUTES = list(_TELL)

_ASK = {
    "job": (["What does {a} do for a living?", "What is the job of {a}?"], ["{a} is {a_job}.", "{She} is {a_job}."]),
    "town": (["Where does {a} live?", "In which town does {a} live?"], ["In {town}.", "{a} lives in {town}."]),
    "pet": (["Which animal does {a} keep?", "What pet has {a} got?"], ["{A_pet}.", "{a} keeps {a_pet}."]),
    "food": (["What does {a} like to eat?", "What is the favourite food of {a}?"], ["{Food}.", "{a} likes {food}."]),
    "fear": (["What is {a} afraid of?", "What frightens {a}?"], ["{Fear}.", "{a} is afraid of {fear}."]),
    "invention": (
        ["What did {a} invent?", "What is {a} known for?"],
        ["The {invention}.", "{a} invented the {invention}."],
    ),
}


def of(person: Person) -> dict:
    """The slots of a person: names, pronouns and facts, with their articles and capitals."""
    pet = a(person.pet)
    return slots(
        person,
        job=person.job,
        a_job=a(person.job),
        does=person.does,
        town=person.town,
        pet=person.pet,
        a_pet=pet,
        A_pet="A" + pet[1:],
        habit=person.habit,
        food=person.food,
        Food=person.food.capitalize(),
        fear=person.fear,
        Fear=person.fear[0].upper() + person.fear[1:],
        invention=person.invention,
    )


def tell(dice, person: Person, attribute: str, first: bool) -> str:
    """A sentence that states the fact; by name if it is the first, else by name or pronoun."""
    sentence = dice.pick(_TELL[attribute])
    known = of(person)
    # A pronoun in the middle of a sentence is written small.
    pronoun = known["She"] if sentence.startswith("{s}") else known["she"]
    known["s"] = person.name if first or dice.chance(0.35) else pronoun
    return sentence.format(**known)


def ask(dice, person: Person, attribute: str) -> tuple[str, str]:
    """A question about the fact, and its answer."""
    questions, answers = _ASK[attribute]
    known = of(person)
    return dice.pick(questions).format(**known), dice.pick(answers).format(**known)
