"""Whether the answers of tinyweb's tasks can be read off its training text: the overlap of each task's test items.

A task is only worth something if what it asks for was never shown. Its items are made of the world's own words, so some
of their 8-grams do occur; what must not is the last one, which holds the answer.
"""

from __future__ import annotations

from minigpt.memorization.bloom import BloomFilter
from minigpt.memorization.compare import Overlap, about_ngrams, count, fill, find
from minigpt.memorization.files import aligned, shorten
from minigpt.tinyweb import documents
from minigpt.tinyweb.tasks import TASKS, Item, items

PAGES = 10_000  # of training text, 3 MB


def item_text(item: Item) -> str:
    """An item as it would stand on a page, up to where the answer is known: a pronoun's by what follows it."""
    return item.prompt + item.answer + (item.rest if item.task == "pronoun" else "")


def task_overlap(
    pages: int = PAGES, n_items: int = 1000, n: int = 8, error_rate: float = 1e-8, seed: int = 0
) -> dict[str, Overlap]:
    """Of each task, how much of its test items stands in so many pages of the training split.

    `last_share` says it for the last n-gram alone. The pages are held in memory.
    """
    train = list(documents(pages, seed=seed))
    known = BloomFilter(count(train, n), error_rate, about_ngrams(n))
    fill(known, train, n)
    texts = {task: [(str(i), [item_text(item)]) for i, item in enumerate(items(task, n_items))] for task in TASKS}
    return {task: Overlap(n, list(find(known, made, n))) for task, made in texts.items()}


def last_share(found: Overlap) -> float:
    """Of the documents that have an n-gram, how many have their last one in the training text."""
    last = [document.last_found for document in found.documents if document.ngrams]
    return sum(last) / len(last) if last else 0.0


def table(found: dict[str, Overlap]) -> str:
    """A line for each task."""
    rows = [("task", "items", "n-grams in train, %", "the last one, %", "longest run, words")]
    longest = []
    for task, one in found.items():
        runs = one.runs[:1]
        rows.append((task, f"{len(one.documents):,}", f"{100 * one.share:.1f}", f"{100 * last_share(one):.1f}",
                     str(runs[0][1].words) if runs else "-"))  # fmt: skip
        longest += [f"{task}: {shorten(run.text)}" for _, run in runs]
    return "\n".join([*aligned(rows), "", "The longest runs:", *longest])
