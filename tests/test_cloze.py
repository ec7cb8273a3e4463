"""minigpt.experiments.cloze: what is counted of LAMBADA's passages without a model."""

from __future__ import annotations

from minigpt import Tokenizer
from minigpt.experiments.cloze import OCCURS, SHORTCUTS, commonest, without_a_model
from minigpt.zeroshot.lambada import Passage

PASSAGES = [
    Passage("It was late, and Ann met Bob. When Bob had gone, Bob wrote to Ann. So sad was", " Ann"),
    Passage("The kettle was old. He did not like the", " kettle"),
    Passage("Nobody came, and that was", " it"),
    Passage('She said it was Zoe’s, and left the room to', " “Zoe"),
]


def test_shortcuts_say_what_they_are_called():
    before = PASSAGES[0].before
    said = {name: rule(before) for name, rule in SHORTCUTS.items()}
    assert said["first name"] == "Ann" and said["last name"] == "Ann" and said["most frequent name"] == "Bob"
    assert said["most frequent word"] == "bob" and said["first word"] == "late" and said["last word"] == "sad"
    assert commonest(["b", "a", "a", "b"]) == "b" and commonest([]) == ""
    assert all(rule("") == "" for rule in SHORTCUTS.values())


def test_whether_an_answer_occurs_depends_on_what_a_word_is():
    before = "It was Zoe’s kettle, and Kettles."
    found = {name: test(before, "Zoe") for name, test in OCCURS.items()}
    assert list(found.values()) == [False, True, True, True]
    assert OCCURS["any place in the text"](before, "Kettle")
    assert not OCCURS["runs of letters and digits"](before, "Kettle")


def test_the_counts_of_a_few_passages():
    found = without_a_model(PASSAGES, Tokenizer.gpt2())
    assert found["passages"] == 4 and found["stop_words"] == 1 and found["with_a_capital"] == 1
    assert found["no_plain_words"] == ["“Zoe"] and sum(found["answers_by_tokens"].values()) == 4
    assert found["shortcuts"]["first name"]["value"] == 0.25 and found["names_only"]["first name"]["value"] == 1.0
    assert found["shortcuts"]["first word"]["value"] == 0.25  # the kettle
    assert 0 < found["shortcuts"]["random word (expected)"]["value"] < 1
