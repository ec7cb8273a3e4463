"""What is asked of a model: how likely it finds a text, and what it writes. Every task is made of these two.

A `Row` is a text whose end is to be scored, a `Prompt` one to be written on. They come in groups that share a
beginning: the ten choices of a cloze, the questions about one passage, the pairs shown before every translation. A
shared beginning is read once and its keys and values serve the whole group. Paper: section 3.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from minigpt.config import GPTConfig
from minigpt.model import GPT, KVCache, linear
from minigpt.sampling import draw, keep_top_k
from minigpt.tokenizer import Tokenizer

BATCH_TOKENS = 4096  # of a batch, its padding included
WORTH_SHARING = 32  # tokens that a group must save before its beginning is read apart
LOGITS_AT_ONCE = 2**25  # numbers: 128 MB


class Row(NamedTuple):
    """Ids of which those from `start` on are scored; start is at least 1, for a token needs one before it.

    `part` marks a place at or after `start`, for tasks that score an end and the whole as well.
    """

    ids: list[int]
    start: int
    part: int


class Scored(NamedTuple):
    """What the model gives to each scored token, and which one it would have written there."""

    nats: list[float]
    best: list[int]  # the likeliest token of all
    allowed: list[int]  # the likeliest of those that are not banned


class Prompt(NamedTuple):
    """Ids to write on from: at most `new` tokens, drawn among the `top_k` likeliest (1: greedily) with a seed."""

    ids: list[int]
    new: int
    line: bool = True  # whether the end of the line is the end of the answer
    top_k: int = 1
    seed: int = 0


class Written(NamedTuple):
    """What the model wrote, without what ended it, and the nats of it with what ended it."""

    text: str
    nats: float


class SharedPrefix(KVCache):
    """The keys and values of one text, held once, for B texts that go on from it.

    Args:
        prefix: a cache of one sequence, filled.
        batch_size: B.
        room: for how many tokens of each text.
    """

    def __init__(self, config: GPTConfig, prefix: KVCache, batch_size: int, room: int) -> None:
        shape = (batch_size, config.n_head, room, config.n_embd // config.n_head)
        self.begin = [
            [part[:, :, : prefix.length].expand(batch_size, -1, -1, -1) for part in parts]  # views: nothing is copied
            for parts in (prefix.keys, prefix.values)
        ]
        self.keys, self.values = ([part.new_empty(shape) for part in parts] for parts in (prefix.keys, prefix.values))
        self.start = self.length = prefix.length
        self.size = min(prefix.length + room, config.block_size)

    def append(self, layer: int, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Writes k and v (B, n_head, T, head_dim) after the prefix; returns the prefix's and all since."""
        held, until = [], self.length - self.start + k.size(2)
        for begin, own, new in ((self.begin[0], self.keys, k), (self.begin[1], self.values, v)):
            own[layer][:, :, self.length - self.start : until] = new
            since = own[layer][:, :, :until]
            held.append(torch.cat((begin[layer], since), dim=2) if self.start else since)
        return held[0], held[1]


def hidden(model: GPT, ids: Tensor, cache: KVCache | None = None) -> Tensor:
    """What the head sees, (B, T, C), for ids (B, T): `model(ids)` without its last product, which few places need."""
    x = model.embed(ids, 0 if cache is None else cache.length)
    for layer, block in enumerate(model.h):
        x = block(x, cache, layer)
    if cache is not None:
        cache.length += ids.size(1)
    return model.ln_f(x)


def common_prefix(texts: Sequence[list[int]]) -> int:
    """How many ids all of them begin with.

    >>> common_prefix([[1, 2, 3], [1, 2, 4, 5]])
    2
    """
    low, high = min(texts), max(texts)  # where these two agree, all between them do
    return next((i for i, (a, b) in enumerate(zip(low, high)) if a != b), min(len(low), len(high)))


# ---- How likely ----


@torch.inference_mode()
def score(
    model: GPT, groups: list[list[Row]], banned: Sequence[int] = (), batch_tokens: int = BATCH_TOKENS
) -> list[list[Scored]]:
    """The nats of each row's end, and the tokens that the model would rather have written.

    Args:
        groups: rows that may share a beginning; those of different groups need not.
        banned: ids that `Scored.allowed` may not be.

    Raises:
        ValueError: a row is longer than the context, or has nothing to score.
    """
    limit, found, alone = model.config.block_size + 1, {}, []
    device = model.wte.weight.device
    forbidden = torch.tensor(list(banned), dtype=torch.int64, device=device)
    for g, rows in enumerate(groups):
        for row in rows:
            if not 1 <= row.start < len(row.ids) <= limit:
                raise ValueError(
                    f"a row of {len(row.ids)} tokens scored from {row.start} on does not fit: at least one token must "
                    f"stand before, one be scored, and all but the last be within the context of {limit - 1}"
                )
        shared = min(common_prefix([row.ids for row in rows]), *(row.start - 1 for row in rows)) if rows[1:] else 0
        if shared * (len(rows) - 1) < WORTH_SHARING:
            alone += [((g, i), row) for i, row in enumerate(rows)]
            continue
        prefix = KVCache(model.config, 1, shared, device, model.wte.weight.dtype)
        hidden(model, torch.tensor([rows[0].ids[:shared]], device=device), prefix)
        for batch in batches([((g, i), row) for i, row in enumerate(rows)], shared, batch_tokens):
            found.update(_score_batch(model, batch, forbidden, prefix))
    for batch in batches(alone, 0, batch_tokens):
        found.update(_score_batch(model, batch, forbidden))
    return [[found[g, i] for i in range(len(rows))] for g, rows in enumerate(groups)]


def batches(keyed: list[tuple], shared: int, batch_tokens: int) -> Iterator[list[tuple]]:
    """(key, row) pairs in batches of like length, the longest first, so that what does not fit shows at once."""
    keyed, at = sorted(keyed, key=lambda pair: -len(pair[1].ids)), 0
    while at < len(keyed):
        size = max(1, batch_tokens // max(1, len(keyed[at][1].ids) - shared))
        yield keyed[at : at + size]
        at += size


def _score_batch(model: GPT, batch: list[tuple], forbidden: Tensor, prefix: KVCache | None = None) -> dict:
    """{key: Scored} of rows padded to one length by ids at their ends, which those before them cannot see."""
    device, shared = model.wte.weight.device, 0 if prefix is None else prefix.length
    tails = [row.ids[shared:-1] for _, row in batch]
    longest = max(map(len, tails))
    ids = torch.tensor([tail + [0] * (longest - len(tail)) for tail in tails], device=device)  # (B, T)
    cache = None if prefix is None else SharedPrefix(model.config, prefix, len(batch), longest)
    x = hidden(model, ids, cache)  # (B, T, C)
    spans = [(row.start - 1 - shared, len(tail)) for (_, row), tail in zip(batch, tails)]
    x = torch.cat([x[i, first:last] for i, (first, last) in enumerate(spans)])  # (N, C): what predicts a scored token
    targets = torch.tensor([one for _, row in batch for one in row.ids[row.start :]], device=device)  # (N,)
    columns, found, at = _head(model, x, targets, forbidden), {}, 0
    for key, row in batch:
        here = slice(at, at := at + len(row.ids) - row.start)
        found[key] = Scored(*(column[here] for column in columns))
    return found


def _head(model: GPT, x: Tensor, targets: Tensor, forbidden: Tensor) -> tuple[list[float], list[int], list[int]]:
    """Of x (N, C) and targets (N,): nats, likeliest tokens, likeliest that are not forbidden; some rows at a time."""
    nats, best, allowed = [], [], []
    for some in torch.arange(len(x), device=x.device).split(max(1, LOGITS_AT_ONCE // model.config.vocab_size)):
        logits = linear(x[some], model.wte.weight).float()  # (rows, V)
        right = logits.gather(1, targets[some, None])[:, 0]
        nats += (logits.logsumexp(dim=1) - right).tolist()
        best += logits.argmax(dim=1).tolist()
        allowed += logits.index_fill_(1, forbidden, -torch.inf).argmax(dim=1).tolist() if len(forbidden) else []
    if not all(one < float("inf") for one in nats):
        raise ValueError("the model's logits are not finite: its weights are broken, or training diverged")
    return nats, best, allowed or best


# ---- What it writes ----


@torch.inference_mode()
def write(
    model: GPT, tokenizer: Tokenizer, groups: list[list[Prompt]], batch_tokens: int = BATCH_TOKENS
) -> list[list[Written]]:
    """What the model writes after each prompt, up to the end of the text, of the line, or of `new` tokens.

    Prompts of one length are written on together. A drawn token depends on the prompt's own seed alone, so the same
    prompt is written on in the same way in whatever batch it comes.

    Raises:
        ValueError: a prompt and its new tokens do not fit into the context.
    """
    device, found = model.wte.weight.device, {}
    for g, prompts in enumerate(groups):
        for prompt in prompts:
            if not prompt.ids or len(prompt.ids) + prompt.new > model.config.block_size:
                raise ValueError(
                    f"a prompt of {len(prompt.ids)} tokens and {prompt.new} new ones do not fit into the context of "
                    f"{model.config.block_size}; a prompt needs at least one token"
                )
        ids = [prompt.ids for prompt in prompts]
        shared = min(common_prefix(ids), min(map(len, ids)) - 1) if prompts[1:] else 0
        shared = shared if shared * (len(prompts) - 1) >= WORTH_SHARING else 0
        prefix = KVCache(model.config, 1, max(1, shared), device, model.wte.weight.dtype)
        if shared:
            hidden(model, torch.tensor([ids[0][:shared]], device=device), prefix)
        alike = defaultdict(list)
        for i, prompt in enumerate(prompts):
            alike[len(prompt.ids), prompt.new, prompt.line, prompt.top_k].append(((g, i), prompt))
        for (length, new, *_), same in sorted(alike.items(), reverse=True):
            size = max(1, batch_tokens // (length + new))
            for at in range(0, len(same), size):
                found.update(_write_batch(model, tokenizer, same[at : at + size], prefix))
    return [[found[g, i] for i in range(len(prompts))] for g, prompts in enumerate(groups)]


def _write_batch(model: GPT, tokenizer: Tokenizer, batch: list[tuple], prefix: KVCache) -> dict:
    """{key: Written} of prompts of one length and kind."""
    first, device = batch[0][1], model.wte.weight.device
    new = torch.tensor([prompt.ids[prefix.length :] for _, prompt in batch], device=device)  # (B, T)
    cache = SharedPrefix(model.config, prefix, len(batch), new.size(1) + first.new)
    random = [torch.Generator().manual_seed(prompt.seed) for _, prompt in batch]
    texts, nats, open_rows = [b""] * len(batch), [0.0] * len(batch), set(range(len(batch)))
    for _ in range(first.new):
        logits = linear(hidden(model, new, cache)[:, -1], model.wte.weight).float()  # (B, V)
        if not logits.amax().isfinite():
            raise ValueError("the model's logits are not finite: its weights are broken, or training diverged")
        if first.top_k == 1:
            new = logits.argmax(dim=1, keepdim=True)  # (B, 1)
        else:
            u = torch.cat([torch.rand(1, 1, generator=dice, dtype=torch.float64) for dice in random])
            new = draw(keep_top_k(logits, first.top_k), u.to(device))
        costs = (logits.logsumexp(dim=1) - logits.gather(1, new)[:, 0]).tolist()
        for i in list(open_rows):
            token = int(new[i])
            nats[i] += costs[i]
            texts[i] += b"" if token == tokenizer.eot else tokenizer.token_bytes(token)
            if token == tokenizer.eot or (first.line and b"\n" in texts[i]):
                open_rows.remove(i)
        if not open_rows:
            break
    ended = [text.decode("utf-8", errors="replace") for text in texts]
    if first.line:
        ended = [text.split("\n")[0] for text in ended]
    return {key: Written(text, one) for (key, _), text, one in zip(batch, ended, nats)}
