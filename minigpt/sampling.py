"""Writing on from a prompt: temperature, top-k, top-p, greedy, with a key-value cache. Paper: appendix 8 (k = 40)."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from minigpt.model import GPT, KVCache, check_range


def with_temperature(logits: Tensor, temperature: float) -> Tensor:
    """Logits (..., V) divided by the temperature: below 1 the likely becomes likelier, above 1 all becomes more alike.

    The greatest logit is taken off first, which changes no probability; else a small temperature would overflow.
    """
    smallest = torch.finfo(logits.dtype).tiny
    return (logits - logits.amax(dim=-1, keepdim=True)) / max(temperature, smallest)


def keep_top_k(logits: Tensor, k: int) -> Tensor:
    """Logits (..., V) with all but the k greatest at -inf; those equal to the k-th stay too, as in GPT-2's sample.py.

    >>> keep_top_k(torch.tensor([3.0, 1.0, 2.0]), 2)
    tensor([3., -inf, 2.])
    """
    threshold = logits.topk(min(k, logits.size(-1)), dim=-1).values[..., -1:]
    return logits.masked_fill(logits < threshold, -math.inf)


def keep_top_p(logits: Tensor, p: float) -> Tensor:
    """Logits (..., V) with all at -inf but the nucleus: the fewest most likely tokens that together have probability p.

    The nucleus includes the token that crosses p (Holtzman et al. 2019); GPT-2's sample.py leaves that one out.

    >>> keep_top_p(torch.tensor([0.5, 0.3, 0.2]).log(), 0.6).exp()
    tensor([0.5000, 0.3000, 0.0000])
    """
    ordered, order = logits.sort(dim=-1, descending=True, stable=True)
    probability = ordered.softmax(dim=-1)
    before = probability.cumsum(dim=-1) - probability  # how much the more likely ones have already
    outside = torch.zeros_like(before, dtype=torch.bool).scatter(-1, order, before >= p)
    outside.scatter_(-1, order[..., :1], False)  # rounding never takes the most likely token
    return logits.masked_fill(outside, -math.inf)


def draw(logits: Tensor, u: Tensor) -> Tensor:
    """One token for each row of logits (B, V), by a number u in [0, 1) for each (B, 1), float64 -> ids (B, 1).

    Laid end to end, the probabilities fill the line from 0 to 1; the token is the one on whose piece u falls.

    >>> draw(torch.tensor([[0.2, 0.5, 0.3]]).log(), torch.tensor([[0.69]], dtype=torch.float64))
    tensor([[1]])
    """
    ends = logits.softmax(dim=-1).cumsum(dim=-1, dtype=torch.float64)  # (B, V): where each piece ends
    return torch.searchsorted(ends / ends[:, -1:], u, right=True)


def next_token(
    logits: Tensor, temperature: float, top_k: int | None, top_p: float | None, random: torch.Generator
) -> Tensor:
    """Logits (B, V) -> ids (B, 1), in GPT-2's order: temperature, top-k, top-p, draw. Temperature 0 takes the greatest.

    The random numbers come from the CPU whatever the device, one a row, so that a seed means the same everywhere.
    """
    if not logits.amax().isfinite():
        raise ValueError("the model's logits are not finite: its weights are broken, or training diverged")
    if temperature == 0:
        return logits.argmax(dim=-1, keepdim=True)
    logits = with_temperature(logits.float(), temperature)
    if top_k is not None:
        logits = keep_top_k(logits, top_k)
    if top_p is not None and top_p < 1:
        logits = keep_top_p(logits, top_p)
    u = torch.rand(logits.size(0), 1, generator=random, dtype=torch.float64)
    return draw(logits, u.to(logits.device))


@torch.inference_mode()
def _steps(model: GPT, ids: Tensor, steps: int, random: torch.Generator, how: tuple) -> Iterator[Tensor]:
    """The new tokens after ids (B, T), one (B, 1) at a time."""
    size = model.config.block_size
    ids = ids[:, -size:]
    cache = KVCache(model.config, ids.size(0), min(size, ids.size(1) + steps), ids.device, model.wte.weight.dtype)
    new = ids  # what the cache does not hold yet
    for _ in range(steps):
        if cache.length + new.size(1) > size:
            cache.length, new = 0, ids[:, -max(1, size * 3 // 4) :]
        logits, _ = model(new, cache=cache, logits="last")  # (B, 1, V)
        new = next_token(logits[:, -1], *how, random)
        ids = torch.cat((ids[:, 1 - size :] if size > 1 else ids[:, :0], new), dim=1)  # the last `size` tokens
        yield new


def stream(
    model: GPT,
    ids: list[int] | Tensor,
    max_new_tokens: int,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    seed: int | None = None,
) -> Iterator[int] | Iterator[Tensor]:
    """The same tokens as `generate`, each as soon as it is drawn: ints for a list, (B,) tensors for a (B, T) tensor."""
    prompt = _checked(model, ids, max_new_tokens, temperature, top_k, top_p, seed)
    random = torch.Generator()
    if seed is None:
        random.seed()
    else:
        random.manual_seed(seed)
    return _stream(model, prompt, isinstance(ids, Tensor), max_new_tokens, random, (temperature, top_k, top_p))


def _stream(model: GPT, prompt: Tensor, tensors: bool, steps: int, random: torch.Generator, how: tuple) -> Iterator:
    training = model.training
    model.eval()
    try:
        for new in _steps(model, prompt, steps, random, how):
            # a clone made outside inference mode is an ordinary tensor, which may go into training
            yield new[:, 0].clone() if tensors else int(new)
    finally:
        model.train(training)


def generate(
    model: GPT,
    ids: list[int] | Tensor,
    max_new_tokens: int,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    seed: int | None = None,
) -> list[int] | Tensor:
    """The prompt and `max_new_tokens` more tokens. Paper: appendix 8, where k = 40.

    Keys and values are cached, so a token costs one position's work. Positions are absolute (each token's keys hold
    where it stands), so when the context is full the cache cannot slide: it is emptied, the last three quarters of
    `block_size` tokens are read in again from position 0, and writing goes on. The model thus always sees at least that
    many of the last tokens, never more than `block_size`, and the result depends on nothing but the arguments.

    Args:
        ids: the prompt, a list of ids or a (B, T) int64 tensor; of a longer one than `block_size` only the end is seen.
        temperature: 0 is greedy: always the most likely token.
        top_k: draw from the k most likely tokens only.
        top_p: draw from the fewest tokens that have this probability together; applied after top_k.
        seed: of this call's own random numbers: the same seed gives the same tokens whatever was drawn elsewhere.

    Returns:
        A list, or a (B, T + max_new_tokens) tensor, as `ids` was.

    Raises:
        ValueError: an empty prompt, an id outside the vocabulary, or an argument out of its range.

    >>> from minigpt import GPTConfig
    >>> model = GPT(GPTConfig(vocab_size=65, block_size=8, n_layer=1, n_head=2, n_embd=16))
    >>> len(generate(model, [1, 2, 3], 20, top_k=40, seed=0))
    23
    """
    new = list(stream(model, ids, max_new_tokens, temperature, top_k, top_p, seed))
    if isinstance(ids, Tensor):
        return torch.cat((ids, torch.stack(new, dim=1)), dim=1) if new else ids.clone()
    return list(ids) + new


def _checked(model: GPT, ids: list[int] | Tensor, steps: int, temperature: float, top_k, top_p, seed) -> Tensor:
    """The prompt as a (B, T) tensor on the model's device; ValueError, in one sentence, for what cannot be sampled."""
    if not isinstance(steps, int) or steps < 0:
        raise ValueError(f"max_new_tokens must be a whole number of at least 0, not {steps!r}")
    if not isinstance(temperature, (int, float)) or not 0 <= temperature < math.inf:
        raise ValueError(f"temperature must be 0 (greedy) or a positive number, not {temperature!r}")
    if top_k is not None and (not isinstance(top_k, int) or top_k < 1):
        raise ValueError(f"top_k must be a whole number of at least 1, or None for all tokens, not {top_k!r}")
    if top_p is not None and (not isinstance(top_p, (int, float)) or not 0 < top_p <= 1):
        raise ValueError(f"top_p must be above 0 and at most 1, or None for all tokens, not {top_p!r}")
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**63):
        raise ValueError(f"seed must be a whole number from 0 to 2^63 - 1, or None for another each time, not {seed!r}")
    if not isinstance(ids, Tensor):
        wrong = next((i for i in ids if not isinstance(i, int)), None)
        if wrong is not None:
            raise ValueError(f"the prompt must hold token ids, not {wrong!r}; encode a text with tok.encode")
        if len(ids):  # before they become a tensor, which holds no id of more than 64 bits
            check_range("token id", min(ids), max(ids), model.config.vocab_size)
        ids = torch.tensor([list(ids)], dtype=torch.int64)
    if ids.dim() != 2 or ids.dtype != torch.int64:
        raise ValueError(f"the prompt must be (B, T) int64 token ids, not {ids.dtype} of shape {tuple(ids.shape)}")
    if ids.numel() == 0:
        raise ValueError("the prompt is empty; to start from nothing, as GPT-2 does, give [tok.eot] (end of text)")
    check_range("token id", *ids.aminmax(), model.config.vocab_size)
    return ids.to(model.wte.weight.device)
