"""The supervised specialists of chapter 01: what they are shown, what they learn from it, how they are measured."""

from __future__ import annotations

import pytest
import torch

from minigpt.experiments import specialists
from minigpt.experiments.specialists import Example, features, mark
from minigpt.tinyweb import tasks

EXAMPLE = Example("Ada lost a kettle. Under the stairs Bo found the kettle.", "Who found the kettle?", ("Ada", "Bo"), 1)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_marks():
    marked, asked = mark(EXAMPLE, 1)
    assert [word for word, sign in marked if sign == "this"] == ["bo"]
    assert [word for word, sign in marked if sign == "that"] == ["ada"]
    assert [word for word, sign in marked if sign == "asked"] == ["kettle", "found", "kettle"]
    assert asked == ["who", "found", "the", "kettle"]


def test_a_candidate_of_several_words_is_one():
    example = Example("The hen sat under the stairs.", "Where did the hen sit?", (" Under the stairs", " On the roof"), 0)
    assert ("under_the_stairs", "this") in mark(example, 0)[0]
    assert ("under_the_stairs", "that") in mark(example, 1)[0]


def test_features_by_hand_know_the_question():
    plain, helped = features(EXAMPLE, 1, by_hand=False), features(EXAMPLE, 1)
    assert "found" in plain and "asked" not in plain
    assert "this asked the" in helped and "last+found" in helped
    assert all("lost" not in words for words in helped)  # only the candidate's own sentence


@pytest.mark.parametrize("task", ["reading", "pronoun", "summary"])
def test_the_items_are_those_of_the_language_models(task):
    items = tasks.items(task, 40)
    for item, examples in zip(items, specialists.test_examples(task, 40)):
        right = [example.candidates[example.answer].strip() for example in examples]
        expected = list(tasks.key_fact(item.answer)) if task == "summary" else [item.answer.strip()]
        assert right == expected
        assert all(example.text in item.prompt for example in examples)


@pytest.mark.parametrize("task", ["reading", "pronoun", "summary"])
def test_labels_are_not_of_test_items(task):
    test = {example for item in specialists.test_examples(task, 200) for example in item}
    assert not test & set(specialists.train_items(task, 400, seed=0))


def test_questions_of_the_closed_book_are_new():
    asked = {question for question, _ in specialists.quiz_examples(3000)}
    test = {item.prompt.split("\n")[-2].removeprefix("Q: ") for item in tasks.items("closed_book", 200)}
    assert not asked & test


@pytest.mark.parametrize("name", specialists.SPECIALISTS)
def test_a_specialist_is_the_same_again_and_learns(name):
    train = specialists.SPECIALISTS[name]
    items = [(example,) for example in specialists.neighbour("news", 60, seed=900)]
    choose, again = (train(specialists.neighbour("news", 150, seed=0), 0) for _ in range(2))
    assert [choose(e) for (e,) in items] == [again(e) for (e,) in items]
    assert specialists.accuracy(choose, items) > 0.5  # a third by guessing


@pytest.mark.parametrize("train", [specialists.logistic_quiz, specialists.network_quiz])
def test_closed_book_specialists_repeat_what_they_were_told(train):
    asked = [("Who rings the bell?", "Ada."), ("What is served?", "Soup."), ("Who eats it all?", "Bo.")] * 5
    assert train(asked)([question for question, _ in asked[:3]]) == ["Ada.", "Soup.", "Bo."]


def test_words_alone_answer_both_of_two_alike():
    choose = specialists.logistic(specialists.pronoun_examples(200), by_hand=False)
    items = specialists.test_examples("pronoun", 100)
    assert specialists.accuracy(choose, items) == 0.5


def test_one_candidate_is_no_choice():
    only = Example("Ada slept.", "Who slept?", ("Ada",), 0)
    assert specialists.logistic([only])(only) == 0 and specialists.network([only])(only) == 0


def test_the_interval_is_of_items_and_of_seeds():
    steady, shaky = specialists.summary_of([0.5, 0.5, 0.5], 400), specialists.summary_of([0.2, 0.5, 0.8], 400)
    assert steady["ci95"][0] == pytest.approx(0.451, abs=0.002) and steady["value"] == shaky["value"] == 0.5
    assert shaky["ci95"] == [0.0, 1.0]


def test_the_record_is_whole():
    from minigpt import recorded

    record = recorded.load("specialists")
    assert set(record["curves"]) == {"reading", "pronoun", "summary", "closed_book"}
    for curves in record["curves"].values():
        for curve in curves.values():
            assert [int(n) for n in curve] == record["labels"]
            assert all(point["ci95"][0] <= point["value"] <= point["ci95"][1] for point in curve.values())
    assert set(record["neighbours"]) == set(specialists.SPECIALISTS)
