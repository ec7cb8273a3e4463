"""tinyweb: the small web of a small world, made by dice, that the book's models are trained on.

    >>> from minigpt.tinyweb import documents
    >>> len(list(documents(5, seed=1)))
    5

Nothing is read from disk and nothing is downloaded: the same seed gives the same bytes on every machine and Python.
Each kind of page has a module with one function, `write(dice, split) -> (text, keys)`. A key is the combination of
indexes that the page is about (say person, thing, town); `dice.held_out` decides by arithmetic which combinations the
test split alone is about, so that a model can be asked about what it never read in a world that it knows. Six more
kinds, in `unseen`, are on no page of either split.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from minigpt.tinyweb import (
    chat,
    cloze,
    encyclopedia,
    forum,
    lists,
    lookup,
    news,
    pronoun,
    quiz,
    quotes,
    reading,
    scraps,
    story,
    wobblish,
)
from minigpt.tinyweb.dice import Dice

if TYPE_CHECKING:
    from minigpt.model import GPT
    from minigpt.tokenizer import Tokenizer

# Of 100 pages, how many are of each kind. Pages on which something said must come back soon (chats, quoted replies,
# look-ups) are many and of many forms: that variety is what a small model learns copying and binding from.
KINDS = {
    "encyclopedia": (encyclopedia.write, 14),
    "quiz": (quiz.write, 5),
    "forum": (forum.write, 4),
    "chat": (chat.write, 8),
    "quotes": (quotes.write, 6),
    "lists": (lists.write, 2),
    "lookup": (lookup.write, 11),
    "wobblish": (wobblish.write, 10),
    "story": (story.write, 11),
    "news": (news.write, 6),
    "reading": (reading.write, 9),
    "pronoun": (pronoun.write, 4),
    "cloze": (cloze.write, 5),
    "scraps": (scraps.write, 5),
}
_DRAW = [kind for kind, (_, share) in KINDS.items() for _ in range(share)]

# The models that ship, by their parameters: a folder each in MODEL_FOLDER, and one tokenizer for all.
MODEL_FOLDER = Path(__file__).resolve().parent.parent / "assets" / "tinyweb"
SIZES = ("0.25M", "0.67M", "1.5M", "2.8M")
DEFAULT_SIZE = "0.67M"


class Page(NamedTuple):
    """A page with what is known about it: its kind, its text, and the combinations it is about."""

    kind: str
    text: str
    keys: list[tuple[int, ...]]


def pages(n: int, seed: int = 0, split: str = "train", kind: str | None = None) -> Iterator[Page]:
    """n pages of the split "train" or "test", of one kind or of all kinds mixed.

    The first pages are the same whatever n is. Different seeds give different pages of the same world.

    Raises:
        ValueError: n or seed is not a whole number from 0, or the split or the kind does not exist.
    """
    for name, value in (("n", n), ("seed", seed)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise ValueError(f"tinyweb needs a whole number from 0 for {name}, not {value!r}")
    if split not in ("train", "test"):
        raise ValueError(f"tinyweb has the splits 'train' and 'test', not {split!r}")
    if kind is not None and kind not in KINDS:
        raise ValueError(f"tinyweb has no pages of the kind {kind!r}; there are: {', '.join(KINDS)}")
    return _pages(n, Dice(2 * seed + (split == "test")), split, kind)


def _pages(n: int, dice: Dice, split: str, kind: str | None) -> Iterator[Page]:
    for _ in range(n):
        this = kind or dice.pick(_DRAW)
        yield Page(this, *KINDS[this][0](dice, split))


def documents(n: int, seed: int = 0, split: str = "train") -> Iterator[str]:
    """n pages as plain text; see `pages` for what the arguments mean and what is refused.

    >>> next(documents(1, seed=3)) == next(documents(9, seed=3))
    True
    """
    return (page.text for page in pages(n, seed, split))


def model_folder(size: str = DEFAULT_SIZE) -> Path:
    """The folder of one of the models that ship with the package. Its tokenizer lies in the folder above.

    Raises:
        ValueError: there is no such size.
        FileNotFoundError: the package holds no trained model of that size (the copy is incomplete).
    """
    if size not in SIZES:
        raise ValueError(f"tinyweb has no model of the size {size!r}; there are: {', '.join(SIZES)}")
    if not (MODEL_FOLDER / size / "model.safetensors").is_file():
        raise FileNotFoundError(
            f"the model tinyweb-{size} is missing from minigpt/assets/tinyweb; install minigpt again, or train it with "
            f"`minigpt train tinyweb-{size} --out runs/{size}` and give that folder"
        )
    return MODEL_FOLDER / size


def load_model(size: str = DEFAULT_SIZE) -> tuple[GPT, Tokenizer]:
    """A model of tinyweb that ships with the package, one of SIZES, in evaluation mode, and its tokenizer.

    Raises:
        ValueError, FileNotFoundError: see `model_folder`.
    """
    from minigpt.model import GPT
    from minigpt.tokenizer import Tokenizer

    return GPT.from_pretrained(model_folder(size)), Tokenizer.load(MODEL_FOLDER)


def load_card(size: str = DEFAULT_SIZE) -> dict:
    """How a model that ships was made, and what it scores: its card, with the curve of its training.

    Raises:
        ValueError, FileNotFoundError: see `model_folder`.
    """
    return json.loads((model_folder(size) / "card.json").read_text(encoding="utf-8"))
