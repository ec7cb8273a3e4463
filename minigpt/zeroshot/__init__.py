"""The paper's experiments without any training: one shape of task, one way to run them. Paper: sections 3.1 to 3.8.

    minigpt eval MODEL --tasks lambada,wsc273 --out results.json

`task` says what a task is made of, `scoring` what is asked of the model, `run` how many examples become a results file;
`detokenize` undoes what benchmarks' tokenizers did; each other module is a task of the paper, with its twin on tinyweb
(but for `hellaswag`, which is younger than the paper).

>>> make("lambada", texts="raw,newline").choice["texts"]
('raw', 'newline')
"""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from minigpt.errors import UsageError, unknown

if TYPE_CHECKING:
    from minigpt.zeroshot.task import Task

MODULES = {
    "lambada": ("lambada", "tinyweb-last_word"),
    "cbt": ("cbt-cn", "cbt-ne", "tinyweb-cloze"),
    "language": ("wikitext2", "wikitext103", "ptb", "enwik8", "text8", "1bw", "tinyweb-unseen"),
    "winograd": ("wsc273", "tinyweb-pronoun"),
    "reading": ("coqa", "tinyweb-reading"),
    "summaries": ("cnn_dm", "tinyweb-summary"),
    "translation": ("wmt14-en-fr", "wmt14-fr-en", "tinyweb-translation_en_wo", "tinyweb-translation_wo_en"),
    "questions": ("nq", "tinyweb-closed_book"),
    "hellaswag": ("hellaswag",),
}
TASKS = tuple(name for names in MODULES.values() for name in names)
TINYWEB = tuple(name for name in TASKS if name.startswith("tinyweb-"))  # together they are the name "tinyweb"


def kind(name: str) -> type[Task]:
    """The class of a task.

    Raises:
        UsageError: there is none of that name; the message has the nearest.
    """
    if name not in TASKS:
        raise UsageError(unknown("task", name, TASKS))
    module = next(module for module, names in MODULES.items() if name in names)
    return importlib.import_module(f"minigpt.zeroshot.{module}").TASKS[name]


def make(name: str, **options: Any) -> Task:
    """A task by name, with options other than its defaults.

    Raises:
        UsageError: the task or an option does not exist, or a value is none.
    """
    return kind(name)(**options)


def files(name: str, *wanted: str) -> list[Path]:
    """The files of a data set: checked if `minigpt data` knows the set, else from the folder $MINIGPT_DATA/NAME.

    Raises:
        FileNotFoundError: one is missing; the message says where to put it.
    """
    from minigpt import data

    if name in data.REGISTRY:
        found = {path.name: path for path in data.get(name)}
        return [found[one] for one in wanted]
    folder = Path(os.environ.get("MINIGPT_DATA") or "") / name
    missing = [one for one in wanted if not os.environ.get("MINIGPT_DATA") or not (folder / one).is_file()]
    if missing:
        raise FileNotFoundError(
            f"{missing[0]} of the data set {name} is not on this machine: put it at $MINIGPT_DATA/{name}/{missing[0]} "
            "(MINIGPT_DATA names a folder of data)"
        )
    return [folder / one for one in wanted]
