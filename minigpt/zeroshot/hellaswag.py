"""HellaSwag: which of four endings belongs to the beginning of a text? Zellers et al., 2019.

Not in the paper, but the usual measure of a model of its sizes. A causal model gives each ending a probability, word by
word after the beginning; the most probable one is its answer. "Most probable" is published in three readings, which
differ by how they treat an ending's length, and all three are computed here:

    sum         log-probability of the ending                  lm-evaluation-harness: acc
    character   the same by the ending's number of characters  lm-evaluation-harness: acc_norm
    token       the same by its number of tokens               llm.c and build-nanogpt: acc_norm

They write the text differently, too: the harness puts the activity before it and tidies the brackets of WikiHow away,
the others take `ctx` as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import torch
import torch.nn.functional as F

from minigpt.model import GPT
from minigpt.tokenizer import Tokenizer

RULES = ("sum", "character", "token")


def tidied(text: str) -> str:
    """Without what the extraction from WikiHow left behind.

    >>> tidied("Cut it. [title] Next [step] Peel it.")
    'Cut it.. Next Peel it.'
    """
    text = re.sub(r"\[.*?\]", "", text.strip().replace(" [title]", ". "))
    return text.replace("  ", " ")


def beginning_and_endings(example: dict, harness: bool = True) -> tuple[str, list[str]]:
    """The text of an example, by the harness's rule or as it is, and its endings, each after a blank.

    Args:
        example: a line of the data set: activity_label, ctx_a, ctx_b, ctx, endings.
    """
    if not harness:
        return example["ctx"], [f" {ending}" for ending in example["endings"]]
    text = f"{example['activity_label']}: {example['ctx_a']} {example['ctx_b'].capitalize()}"
    return tidied(text), [f" {tidied(ending)}" for ending in example["endings"]]


@torch.inference_mode()
def ending_scores(model: GPT, tokenizer: Tokenizer, text: str, endings: list[str]) -> dict[str, list[float]]:
    """Score of each ending by each rule of `RULES`; the highest wins.

    Text and ending are encoded apart, so that the blank between them begins the ending's first token. What does not fit
    into the model's context is cut off at the beginning of the text.
    """
    before, scores = tokenizer.encode(text), {rule: [] for rule in RULES}
    device = next(model.parameters()).device
    for ending in endings:
        after = tokenizer.encode(ending)
        ids = torch.tensor([before + after], device=device)[:, -model.config.block_size - 1 :]
        logits, _ = model(ids[:, :-1])  # (1, T, V)
        chosen = F.log_softmax(logits[0].float(), dim=-1).gather(1, ids[0, 1:, None])[-len(after) :, 0]
        total = float(chosen.double().sum())
        scores["sum"].append(total)
        scores["character"].append(total / len(ending.removeprefix(" ")))
        scores["token"].append(total / len(chosen))
    return scores


def hellaswag(
    model: GPT, tokenizer: Tokenizer, examples: Iterable[dict], harness: bool = True
) -> dict[str, list[bool]]:
    """Whether the right ending won, of each example, by each rule of `RULES`. The mean of a list is the accuracy."""
    right = {rule: [] for rule in RULES}
    for example in examples:
        scores = ending_scores(model, tokenizer, *beginning_and_endings(example, harness))
        for rule in RULES:
            right[rule].append(max(range(len(scores[rule])), key=scores[rule].__getitem__) == int(example["label"]))
    return right
