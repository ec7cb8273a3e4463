"""What the tasks' twins on tinyweb have in common: their items, and how far shortcuts come."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from minigpt.memorization.items import item_text
from minigpt.metrics import exact_match
from minigpt.tinyweb import tasks
from minigpt.tinyweb.tasks import Item
from minigpt.zeroshot.scoring import Prompt
from minigpt.zeroshot.task import STARTED, Option, Reader, Task, by_rung, share

ITEMS = 400  # of a task, unless more or fewer are asked for
SEED = Option("seed", 0, "tinyweb's items are drawn by dice; another seed draws others of the same kind.", "seed {}")


class Twin(Task):
    """A task on tinyweb's items. What is here serves those in which the model writes an answer."""

    new = 48  # tokens of an answer; none has as many
    options = (SEED, STARTED._replace(why="so the models of tinyweb were trained."))

    def examples(self, reader: Reader, limit: int | None) -> list[Item]:
        """Items of combinations that no training page is about."""
        return tasks.items(self.name.removeprefix("tinyweb-"), ITEMS if limit is None else limit, self.choice["seed"])

    def text(self, example: Item) -> str:
        return item_text(example)

    def requests(self, example: Item, reader: Reader) -> list[Prompt]:
        return [reader.prompt(example.prompt, min(self.new, reader.block_size // 4))]

    def compared(
        self, metric: str, examples: Sequence[Item], hits: Sequence[float], right: Callable[[Item, str], float]
    ) -> dict[str, dict]:
        """A metric altogether, by rung, and what each shortcut would reach, as "baseline/SHORTCUT"."""
        shortcuts = {
            f"baseline/{name}": share([float(right(item, item.baselines[name])) for item in examples])
            for name in examples[0].baselines
            if all(name in item.baselines for item in examples)
        }
        return {metric: share(hits), **by_rung(metric, [item.rung for item in examples], hits), **shortcuts}


def same(item: Item, answer: str) -> float:
    """Whether a shortcut's answer is the item's."""
    return float(answer == item.answer)


def same_words(item: Item, answer: str) -> float:
    """The same but for capitals, articles and punctuation."""
    return exact_match(answer, item.answer)
