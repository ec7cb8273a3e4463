"""Specialists, the supervised systems of the paper's section 1, measured on tinyweb: what chapter 01 reads.

    python -m minigpt.experiments.specialists [--out FILE]

Each task is brought into one form: a text, a question, candidates, and a label that says which candidate is right.
Specialists learn from labels: a logistic regression on TF-IDF features (scikit-learn), with features made by hand and
without, and a small convolutional network (PyTorch) with them. Labels come from the train split; the test items are those of `minigpt.tinyweb.tasks`, the same on
which `minigpt.experiments.abilities` asks language models. Measured: accuracy against the number of labels, on other
pages than those of the training (domain), and on other questions (task).

Settings were chosen once, on items of the train split, and are the same for all tasks and numbers of labels.
"""

from __future__ import annotations

import argparse
import math
import re
import time
from collections.abc import Callable, Sequence
from functools import partial
from statistics import mean, stdev
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from minigpt import recorded
from minigpt.metrics import wilson_interval
from minigpt.tinyweb import news, pronoun, quiz, reading, tasks
from minigpt.tinyweb.dice import Dice
from minigpt.tinyweb.world import CAST, THINGS

LABELS = (10, 100, 1_000, 10_000)
SEEDS = (0, 1, 2)
TEST_ITEMS = 400  # as in the recorded run `abilities`
NEIGHBOURS = ("who", "what", "when", "news", "pronoun")  # trained on each, tested on each
NEIGHBOUR_LABELS = 1_000
T_95 = {2: 12.706, 3: 4.303}  # Student's t for a 95 % interval from so many seeds


class Example(NamedTuple):
    """A text, a question about it (may be empty), candidates, and the label: the place of the right one."""

    text: str
    question: str
    candidates: tuple[str, ...]
    answer: int


# ---- Labeled examples ----


def reading_examples(n: int, seed: int = 0, kinds: Sequence[str] = reading.KINDS, rungs=reading.RUNGS) -> list[Example]:
    """Passages of the train split with one question each, of the given kinds."""
    dice, found = Dice(1000 + seed), []
    while len(found) < n:
        page = reading.make(dice, "train", rungs[len(found) % len(rungs)])
        asked = [q for q in page.questions if q.kind in kinds]
        if asked:
            found.append(from_question(page.passage, asked[0].question, asked[0].candidates, asked[0].answer))
    return found


def news_examples(n: int, seed: int = 0) -> list[tuple[Example, Example]]:
    """News of the train split: who it is about, and which thing; the headline stands as the question."""
    dice = Dice(2000 + seed)
    pages = [news.make(dice, "train", news.RUNGS[i % len(news.RUNGS)]) for i in range(n)]
    return [from_news(page.text, page.summary) for page in pages]


def pronoun_examples(n: int, seed: int = 0) -> list[Example]:
    """Clauses of the train split: which of the two the reason is true of."""
    dice, found = Dice(3000 + seed), []
    for i in range(n):
        reason = pronoun.make(dice, "train", pronoun.RUNGS[i % len(pronoun.RUNGS)])
        side = dice.below(2)
        found.append(Example(reason.clause + " because", reason.true_of[side], reason.pair, side))
    return found


def quiz_examples(n: int, seed: int = 0) -> list[tuple[str, str]]:
    """Questions that pages of the train split ask, with their answers."""
    dice = Dice(4000 + seed)
    return [quiz.ask(dice, quiz.draw(dice, "train")) for _ in range(n)]


def from_question(text: str, question: str, candidates: Sequence[str], answer: str) -> Example:
    return Example(text, question, tuple(candidates), list(candidates).index(answer))


def from_news(text: str, summary: str) -> tuple[Example, Example]:
    """A report and its summary as two examples: who, and which thing."""
    headline, body = text.split("\n")
    who, thing = tasks.key_fact(summary)
    people = [person.name for person in CAST if re.search(rf"\b{person.name}\b", body)]
    things = [name for name, *_ in THINGS if re.search(rf"\b{name}\b", body, re.IGNORECASE)]
    return from_question(body, headline, people, who), from_question(body, headline, things, thing)


def test_examples(task: str, n: int = TEST_ITEMS) -> list[tuple[Example, ...]]:
    """The items of `minigpt.tinyweb.tasks` in the same form; an item is solved when all of its examples are."""
    found = []
    for item in tasks.items(task, n):
        if task == "reading":
            passage, *_, question, _ = item.prompt.split("\n")
            found.append((from_question(passage, question.removeprefix("Q: "), item.candidates, item.answer),))
        elif task == "pronoun":
            pair = [candidate.strip() for candidate in item.candidates]
            found.append((from_question(item.prompt, item.rest.strip(" ."), pair, item.answer.strip()),))
        else:
            found.append(from_news(item.prompt.removesuffix("\nTL;DR:"), item.answer))
    return found


# ---- What a specialist looks at ----

_ASKING = set("who what where when which whom by did was were the a an it that on in of day is and to for new".split())


def mark(example: Example, which: int) -> tuple[list[tuple[str, str]], list[str]]:
    """The words of the text, each with a mark, and the words of the question, as candidate `which` sees them.

    Marks: "this" on the candidate, "that" on its rivals, "asked" on words that the question has too, else "".
    """
    bare = [re.sub(r"^(the|on|in) ", "", c.strip().lower()) if i != which else "" for i, c in enumerate(example.candidates)]
    mine = re.sub(r"^(the|on|in) ", "", example.candidates[which].strip().lower())

    def tie(text: str) -> str:  # a candidate of several words becomes one
        text = re.sub(rf"\b{re.escape(mine)}\b", "@this@" + mine.replace(" ", "_"), text.lower())
        for rival in filter(None, bare):
            text = re.sub(rf"(?<!@)\b{re.escape(rival)}\b", "@that@" + rival.replace(" ", "_"), text)
        return text

    asked = re.findall(r"\w+", tie(example.question).replace("@this@", "").replace("@that@", ""))
    wanted = set(asked) - _ASKING
    marked = []
    for word in re.findall(r"@\w+@\w+|\w+|[.?!]", tie(example.text)):
        if word[0] == "@":
            marked.append((word.split("@")[2], word.split("@")[1]))
        else:
            marked.append((word, "asked" if word in wanted else ""))
    return marked, asked


def features(example: Example, which: int, by_hand: bool = True) -> list[str]:
    """Features as words: runs of up to three words in the candidate's sentences, with "this" and "that" for candidates.

    `by_hand` adds what a person knows about answering: words of the question become "asked" where they return in the
    text, and the candidate's place and name stand in pairs with the question's words.
    """
    marked, asked = mark(example, which)
    sentence, own, order = [], [], []
    for word, sign in [*marked, (".", "")]:
        sentence.append(sign if sign in ("this", "that") or sign and by_hand else word)
        if sign in ("this", "that"):
            order.append(sign)
        if word in ".?!":
            own += sentence if "this" in sentence else []
            sentence = []
    place = "first" if order[:1] == ["this"] else "last" if order[-1:] == ["this"] else "between"
    grams = [" ".join(own[i : i + k]) for k in (1, 2, 3) for i in range(len(own) - k + 1)]
    if not by_hand:
        return [*grams, place, *asked]
    name = example.candidates[which].strip().lower()
    pairs = [f"{one}+{word}" for word in asked if word not in _ASKING for one in (place, name)]
    return [*grams, place, *pairs]


# ---- Specialist one: logistic regression on TF-IDF features ----


def logistic(examples: Sequence[Example], seed: int = 0, by_hand: bool = True) -> Callable[[Example], int]:
    """Train on (candidate, right or not) pairs; the result chooses the candidate that is most likely right."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    pairs = [(features(e, i, by_hand), i == e.answer) for e in examples for i in range(len(e.candidates))]
    if len({right for _, right in pairs}) < 2:  # nothing to choose between
        return lambda example: 0
    model = make_pipeline(
        TfidfVectorizer(analyzer=list, sublinear_tf=True), LogisticRegression(C=30.0, max_iter=1000, random_state=seed)
    )
    model.fit([words for words, _ in pairs], [right for _, right in pairs])

    def choose(example: Example) -> int:
        rows = [features(example, i, by_hand) for i in range(len(example.candidates))]
        return int(model.decision_function(rows).argmax())

    return choose


# ---- Specialist two: a small network ----

SIGNS = ("", "this", "that", "asked", "question")


class Reader(nn.Module):
    """A score for a candidate: embedded words with their marks, two convolutions, the largest value of each channel."""

    def __init__(self, n_words: int, width: int = 48):
        super().__init__()
        self.words = nn.Embedding(n_words, width)
        self.signs = nn.Embedding(len(SIGNS), width)
        self.one = nn.Conv1d(width, width, kernel_size=5, padding=2)
        self.two = nn.Conv1d(width, width, kernel_size=5, padding=2)
        self.score = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 1))

    def forward(self, words: Tensor, signs: Tensor) -> Tensor:
        x = (self.words(words) + self.signs(signs)).transpose(1, 2)  # (B, width, T)
        x = F.relu(self.one(x))
        x = x + F.relu(self.two(x))
        return self.score(x.amax(dim=2)).squeeze(1)  # (B,)


def network(examples: Sequence[Example], seed: int = 0, steps: int = 400, batch: int = 32) -> Callable[[Example], int]:
    """Train a `Reader` so that the right candidate of each example has the highest score."""
    torch.manual_seed(seed)
    rows = [[_row(e, i) for i in range(len(e.candidates))] for e in examples]
    known = {word: i for i, word in enumerate(sorted({w for row in rows for one in row for w, _ in one}), start=1)}
    model = Reader(len(known) + 1)
    steps = min(steps, 40 * math.ceil(len(examples) / batch))
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=steps)
    order = torch.randperm(len(examples)).tolist()
    for step in range(steps):
        chosen = [order[(step * batch + i) % len(order)] for i in range(min(batch, len(order)))]
        scores = _scores(model, known, [rows[i] for i in chosen], drop=0.1)
        loss = F.cross_entropy(scores, torch.tensor([examples[i].answer for i in chosen]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    model.eval()

    @torch.inference_mode()
    def choose(example: Example) -> int:
        return int(_scores(model, known, [[_row(example, i) for i in range(len(example.candidates))]]).argmax())

    return choose


def _row(example: Example, which: int) -> list[tuple[str, str]]:
    marked, asked = mark(example, which)
    return [(word, "question") for word in asked] + marked


def _scores(model: Reader, known: dict[str, int], rows: list[list], drop: float = 0.0) -> Tensor:
    """One score a candidate, (examples, most candidates); where there is no candidate, minus infinity."""
    flat = [row for candidates in rows for row in candidates]
    longest = max(map(len, flat))
    ids = torch.tensor([[known.get(w, 0) for w, _ in row] + [0] * (longest - len(row)) for row in flat])  # (B, T)
    signs = torch.tensor([[SIGNS.index(s) for _, s in row] + [0] * (longest - len(row)) for row in flat])
    if drop:  # now and then a word is unknown, as some will be later
        ids = ids * (torch.rand(ids.shape) >= drop)
    scores = torch.full((len(rows), max(map(len, rows))), -math.inf)
    here = torch.tensor([[i < len(row) for i in range(scores.shape[1])] for row in rows])
    return scores.masked_scatter(here, model(ids, signs))


SPECIALISTS = {
    "logistic regression, words alone": partial(logistic, by_hand=False),
    "logistic regression": logistic,
    "small network": network,
}


# ---- Questions without a text: the answer is one of the labels seen ----


def logistic_quiz(asked: Sequence[tuple[str, str]], seed: int = 0) -> Callable[[Sequence[str]], list[str]]:
    """A class for each answer that occurs among the labels."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    model = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), LogisticRegression(C=10.0, max_iter=30, tol=1e-2)
    )
    answers = [answer for _, answer in asked]
    if len(set(answers)) == 1:
        return lambda questions: answers[:1] * len(questions)
    model.fit([question for question, _ in asked], answers)
    return lambda questions: model.predict(questions).tolist()


def network_quiz(asked: Sequence[tuple[str, str]], seed: int = 0, steps: int = 400) -> Callable:
    """The mean of the words' vectors, one hidden layer, a class for each answer that occurs."""
    torch.manual_seed(seed)
    cut = [re.findall(r"\w+", question.lower()) for question, _ in asked]
    known = {word: i for i, word in enumerate(sorted({w for words in cut for w in words}), start=1)}
    answers = sorted({answer for _, answer in asked})
    place = {answer: i for i, answer in enumerate(answers)}
    labels = torch.tensor([place[answer] for _, answer in asked])
    model = nn.Sequential(nn.EmbeddingBag(len(known) + 1, 64), nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, len(answers)))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2, weight_decay=0.05)

    def bag(words: list[list[str]]) -> list[Tensor]:
        starts = torch.tensor([0, *map(len, words)]).cumsum(0)[:-1]
        return [torch.tensor([known.get(word, 0) for row in words for word in row]), starts]

    def run(words: list[list[str]]) -> Tensor:
        return model[1:](model[0](*bag(words)))

    order = torch.randperm(len(cut)).tolist()
    for step in range(min(steps, 40 * math.ceil(len(cut) / 64))):
        chosen = [order[(step * 64 + i) % len(order)] for i in range(min(64, len(order)))]
        loss = F.cross_entropy(run([cut[i] for i in chosen]), labels[chosen])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    @torch.inference_mode()
    def answer(questions: Sequence[str]) -> list[str]:
        return [answers[i] for i in run([re.findall(r"\w+", q.lower()) for q in questions]).argmax(1).tolist()]

    return answer


# ---- Measured ----


def accuracy(choose: Callable[[Example], int], items: Sequence[Sequence[Example]]) -> float:
    """The share of items all of whose examples are answered rightly."""
    return mean(float(all(choose(e) == e.answer for e in item)) for item in items)


def summary_of(scores: Sequence[float], n: int) -> dict:
    """The mean over seeds with a 95 % interval: of the items (Wilson) and of the seeds (t), the wider of the two."""
    value = mean(scores)
    low, high = wilson_interval(round(value * n), n)
    half = T_95[len(scores)] * stdev(scores) / math.sqrt(len(scores)) if len(scores) > 1 else 0.0
    bounds = min(low, max(0.0, value - half)), max(high, min(1.0, value + half))
    return {"value": round(value, 4), "ci95": [round(b, 4) for b in bounds], "seeds": [round(s, 4) for s in scores]}


def train_items(task: str, n: int, seed: int) -> list[Example]:
    if task == "reading":
        return reading_examples(n, seed)
    if task == "pronoun":
        return pronoun_examples(n, seed)
    return [example for pair in news_examples(n, seed) for example in pair]


def curve(task: str, train: Callable, labels: Sequence[int] = LABELS, seeds: Sequence[int] = SEEDS) -> dict:
    """Accuracy on the test items against the number of labeled training items."""
    items = test_examples(task)
    return {
        str(n): summary_of([accuracy(train(train_items(task, n, s), s), items) for s in seeds], len(items)) for n in labels
    }


def quiz_curve(train: Callable, labels: Sequence[int] = LABELS, seeds: Sequence[int] = SEEDS) -> dict:
    items = tasks.items("closed_book", TEST_ITEMS)
    asked = [item.prompt.split("\n")[-2].removeprefix("Q: ") for item in items]
    found = {}
    for n in labels:
        given = [train(quiz_examples(n, s), s)(asked) for s in seeds]
        scores = [mean(float(a == i.answer.strip()) for a, i in zip(answers, items)) for answers in given]
        found[str(n)] = summary_of(scores, len(items))
    return found


def neighbour(task: str, n: int, seed: int) -> list[Example]:
    """Examples of one narrow task with a real choice: two rivals in a passage, one in a clause, one to three in news."""
    if task == "pronoun":
        return pronoun_examples(n, seed)
    if task == "news":
        return [e for e in (pair[0] for pair in news_examples(3 * n, seed)) if len(e.candidates) > 1][:n]
    return reading_examples(n, seed, kinds=(task,), rungs=reading.RUNGS[2:])


def neighbours(train: Callable, seeds: Sequence[int] = SEEDS, tested: int = 300) -> dict:
    """Trained on one narrow task, tested on every other; the test examples have seeds of their own."""
    tests = {task: neighbour(task, tested, seed=900) for task in NEIGHBOURS}
    found: dict = {}
    for task in NEIGHBOURS:
        chosen = [train(neighbour(task, NEIGHBOUR_LABELS, s), s) for s in seeds]
        found[task] = {
            other: summary_of([accuracy(choose, [(e,) for e in tests[other]]) for choose in chosen], tested)
            for other in NEIGHBOURS
        }
    chance = {task: round(mean(1 / len(e.candidates) for e in examples), 4) for task, examples in tests.items()}
    return {"trained": found, "chance": chance}


def measure() -> dict:
    result: dict = {"labels": list(LABELS), "test_items": TEST_ITEMS, "curves": {}, "neighbours": {}}
    for name, train in SPECIALISTS.items():
        for task in ("reading", "pronoun", "summary"):
            begun = time.process_time()
            result["curves"].setdefault(task, {})[name] = found = curve(task, train)
            print(name, task, [score["value"] for score in found.values()], f"{time.process_time() - begun:.0f} s", flush=True)
        result["neighbours"][name] = neighbours(train)
        print(name, result["neighbours"][name]["trained"], flush=True)
    for name, train in {"logistic regression": logistic_quiz, "small network": network_quiz}.items():
        result["curves"].setdefault("closed_book", {})[name] = found = quiz_curve(train)
        print(name, "closed_book", [score["value"] for score in found.values()], flush=True)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", help="default: specialists.json among the recorded runs")
    args = parser.parse_args()
    torch.set_num_threads(1)
    begun = time.process_time()
    result = measure()
    more = {"cpu_seconds": round(time.process_time() - begun)}
    recorded.save("specialists", {**result, "provenance": recorded.provenance(seed=0, **more)}, args.out)


if __name__ == "__main__":
    main()
