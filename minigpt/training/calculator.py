"""What a run will take, before it is begun: parameters, arithmetic, memory, time and money.

    minigpt cost gpt2-124M --gpu H100 --gpus 8

Memory is that of one process, the most it holds at any moment of a step, as our model and loop use it: measured on a
CPU, the calculation is within 10 % (`python -m minigpt.experiments.memory`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import torch

from minigpt.config import GPTConfig
from minigpt.errors import UsageError, unknown
from minigpt.model import HeadLoss
from minigpt.training.perf import GPU_PEAKS, flops_per_token
from minigpt.training.settings import Settings

# Memory in GB (10^9 bytes) from the data sheets. Dollars an hour: what the public reproduction llm.c states for a node
# of eight (2024, scripts/run_gpt2_1558M.sh: $28; run_gpt2_124M.sh: $14), by eight. Prices move: --price takes yours.
GPU_MEMORY = {
    "B200": 180, "H200": 141, "H100": 80, "A100": 80, "L40S": 48, "L4": 24, "A10": 24, "V100": 16, "T4": 16,
    "RTX 4090": 24, "RTX 3090": 24,
}  # fmt: skip
GPU_PRICES = {"H100": 3.5, "A100": 1.75}
# Share of the data sheet's peak that a run is reckoned with, unless measured: what plain PyTorch is known to reach.
UTILIZATION = 0.4
# The matrix library packs an operand of a product into memory of its own, and keeps that memory. MKL, on a CPU with
# AVX-512, packs at most so much of the largest, the head's weight; on a GPU, cuBLAS has a workspace of this order.
PACKED = 16e6
CHARACTERS = 128  # of a text in a European language, about; how many there are shows only when it is read


@dataclass(frozen=True)
class Memory:
    """Bytes that one process holds. `total` is their peak: not all are there at the same time.

    Args:
        weights, gradients, optimizer: in 32 bit; AdamW keeps two averages of each gradient.
        copies: of the weights, in 16 bit where the products are; or of the blocks at work where weights are shared out.
        activations: what the forward pass keeps for the backward pass, all batch.
        passing: what is there for a moment: some logits and the embedding's gradient, or the gradients within a block and,
            with `recompute`, its activations; and what the matrix library packs (`PACKED`).
    """

    weights: float
    gradients: float
    optimizer: float
    copies: float
    activations: float
    passing: float
    total: float


def memory_of(
    settings: Settings, vocab_size: int, dtype: torch.dtype = torch.float32, parallel: str = "ddp", world: int = 1
) -> Memory:
    """Bytes of one of `world` processes in training.

    Args:
        settings: shape, batch_size, grad_accum, recompute, dropout.
        vocab_size: V.
        dtype: of the matrix products.
        parallel: "ddp" or "fsdp".
    """
    config = settings.model_config(vocab_size)
    C, tokens, N = config.n_embd, settings.batch_size * config.block_size, config.n_params
    parts = world if parallel == "fsdp" else 1
    embedding = 4 * vocab_size * C
    weights, gradients, optimizer = 4 * N / parts, 4 * N / parts, 8 * N / parts
    half = dtype != torch.float32
    copies = 2 * 12 * C * C * config.n_layer if half else 0  # autocast's, kept until the backward pass has used them
    if parallel == "fsdp":  # instead, the block at work and the next, and the embedding, which stays
        copies = 2 * (2 if half else 4) * (12 * C * C + 13 * C) + embedding
    activations = tokens * activation_bytes(config, half, settings.recompute == "true")
    rows = min(max(1, HeadLoss.AT_ONCE // vocab_size), tokens)
    logits = rows * vocab_size * (8 if half else 4) + half * embedding
    # The most is held where the backward pass begins: the embedding's gradient twice, once scaled, or beside it what is
    # needed within a block. Or, if all gradients take more than what the forward pass kept, at its end.
    accumulates = settings.grad_accum // world > 1
    whole = 4 * N if parallel == "fsdp" and accumulates else gradients  # summed where they are until they are exchanged
    within = tokens * C * (12 if half else 20)  # gradients of the last block's MLP: of what it gives and of what is inside
    if settings.recompute == "true":
        within += tokens * block_bytes(config, half)
    packed = min(PACKED, embedding)
    passing = embedding + max(logits, embedding, within) + packed
    begins = (whole if accumulates else 0) + copies + activations + passing
    ends = whole + 2 * embedding + packed
    return Memory(weights, whole, optimizer, copies, activations, passing, weights + optimizer + max(begins, ends))


def activation_bytes(config: GPTConfig, half: bool, recompute: bool) -> float:
    """Bytes a token that the forward pass keeps for the backward pass; with `recompute`, of blocks only their input."""
    stream = 4 * config.n_embd
    last = 2 * stream  # what the last LayerNorm reads, and its gradient
    return config.n_layer * (stream if recompute else block_bytes(config, half)) + last


def block_bytes(config: GPTConfig, half: bool) -> float:
    """Bytes a token that a block keeps for the backward pass.

    In C = n_embd numbers: what its two LayerNorms read and give (4), queries, keys and values (3), what
    attention mixed (1), the MLP's hidden layer before and after GELU (8); together 16. In 16 bit the residual stream,
    which LayerNorms read, stays in 32.
    """
    C = config.n_embd
    stream, products = 4 * C, (2 if half else 4) * C
    block = 2 * stream + 14 * products
    block += 4 * (config.n_head + 4)  # of each head a sum, of each LayerNorm mean and deviation
    if config.dropout:
        block += 2 * C  # what the two dropouts let through, a byte each
    return block


@dataclass(frozen=True)
class Cost:
    """Of a whole run."""

    tokens: int
    flops: float
    seconds: float
    dollars: float | None


def cost(
    settings: Settings, vocab_size: int, gpu: str = "H100", gpus: int = 1, utilization: float = UTILIZATION,
    price: float | None = None,
) -> Cost:  # fmt: skip
    """Tokens, arithmetic, time and money of a run.

    Args:
        gpu: a name of `GPU_PEAKS`.
        gpus: how many of them.
        utilization: share of their peak that goes into the model's arithmetic (not into what `recompute` repeats).
        price: dollars an hour of one; without it, that of `GPU_PRICES`, if it is there.

    Raises:
        UsageError: no such GPU, or a number that cannot be.

    >>> run = cost(Settings(n_layer=12, n_head=12, n_embd=768, block_size=1024, batch_size=512, max_steps=10), 50257)
    >>> run.tokens, f"{run.flops:.2e}"
    (5242880, '4.48e+15')
    """
    if gpu not in GPU_PEAKS:
        raise UsageError(unknown("GPU", gpu, GPU_PEAKS))
    if gpus < 1 or not 0 < utilization <= 1 or price is not None and not 0 <= price < float("inf"):
        raise UsageError("gpus must be at least 1, utilization above 0 and at most 1, and price at least 0")
    tokens = settings.tokens_per_step * settings.max_steps
    flops = flops_per_token(settings.model_config(vocab_size)) * tokens
    seconds = flops / (gpus * GPU_PEAKS[gpu] * 1e12 * utilization)
    if settings.recompute == "true":
        seconds *= 4 / 3  # of three passes of equal cost, one is done twice
    rate = GPU_PRICES.get(gpu) if price is None else price
    return Cost(tokens, flops, seconds, None if rate is None else rate * gpus * seconds / 3600)


def vocabulary(settings: Settings) -> int:
    """How many tokens the tokenizer of the settings has, without reading the text (of characters: about)."""
    if settings.tokenizer == "gpt2":
        return 50257
    if settings.tokenizer == "bpe":
        return settings.vocab_size
    if settings.tokenizer == "char":
        return CHARACTERS
    if not Path(settings.tokenizer).exists():
        raise UsageError(
            f"there is no tokenizer {settings.tokenizer!r}; give char, gpt2, bpe, or a saved tokenizer's file or folder"
        )
    from minigpt.tokenizer import Tokenizer  # not above: GPT-2's tables take a moment to load

    return Tokenizer.load(settings.tokenizer).vocab_size


def out_of_memory(settings: Settings, dtype: torch.dtype = torch.float32, parallel: str = "ddp", world: int = 1) -> str:
    """What to change when memory ran out: one sentence, with what each change would leave."""
    V = vocabulary(settings)
    now = memory_of(settings, V, dtype, parallel, world).total

    def then(parallel: str = parallel, world: int = world, **changes) -> str:
        return size(memory_of(replace(settings, **changes), V, dtype, parallel, world).total)

    ways = []
    if settings.batch_size > 1:
        less = max(n for n in range(1, settings.batch_size) if not settings.batch_size % n)
        more = settings.grad_accum * settings.batch_size // less
        ways.append(
            f"lower batch_size from {settings.batch_size} to {less} and raise grad_accum from {settings.grad_accum} to "
            f"{more}, which changes nothing else ({then(batch_size=less, grad_accum=more)} instead of {size(now)})"
        )
    if settings.recompute == "false":
        ways.append(f"set recompute = true, which takes a third longer ({then(recompute='true')})")
    if parallel == "ddp":
        wide = max(world, 8)
        left = then(parallel="fsdp", world=wide)
        ways.append(f"share the weights out with parallel = fsdp, over {wide} GPUs ({left})")
    return f"out of memory: {'; or '.join([*ways, 'take a smaller model'])}"


def too_little_memory(settings: Settings) -> str | None:
    """A warning, if a run on the CPU will hardly find the memory that it needs.

    Raises:
        MemoryError: it needs more than twice as much as is free.
    """
    if settings.device not in ("auto", "cpu") or torch.cuda.is_available():
        return None
    free = free_memory()
    dtype = torch.bfloat16 if settings.dtype == "bfloat16" else torch.float32
    needs = memory_of(settings, vocabulary(settings), dtype).total
    if free is None or needs <= free:
        return None
    message = f"this run needs about {size(needs)} of memory, and {size(free)} are free"
    if needs > 2 * free:
        raise MemoryError(f"{message}; {out_of_memory(settings, dtype)}")
    return message


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that there is no more memory; PyTorch has several ways to."""
    words = ("out of memory", "can't allocate memory", "size calculation overflow")
    return isinstance(error, MemoryError) or isinstance(error, RuntimeError) and any(w in str(error) for w in words)


def free_memory() -> float | None:
    """Bytes that this machine has left; None where it does not tell."""
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            return 1024.0 * next(int(line.split()[1]) for line in file if line.startswith("MemAvailable"))
    except (OSError, StopIteration):
        return None


def size(number: float) -> str:
    """Bytes in words.

    >>> size(18.9e9), size(52_300_000)
    ('18.9 GB', '52 MB')
    """
    return f"{number / 1e9:.1f} GB" if number >= 1e9 else f"{number / 1e6:.0f} MB"


def duration(seconds: float) -> str:
    """
    >>> duration(90), duration(21600), duration(2e6)
    ('1.5 minutes', '6.0 hours', '23 days')
    """
    for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length or unit == "minutes":
            value = seconds / length
            return f"{value:.0f} {unit}" if value >= 9.95 else f"{value:.1f} {unit}"
    raise AssertionError


def table(
    settings: Settings, gpu: str, gpus: int, utilization: float = UTILIZATION, price: float | None = None
) -> str:
    """All of it in lines: what `minigpt cost` prints."""
    V = vocabulary(settings)
    config = settings.model_config(V)
    run = cost(settings, V, gpu, gpus, utilization, price)
    dtype = torch.float32 if settings.dtype == "float32" else torch.bfloat16
    parallel = settings.parallel
    if parallel == "auto":
        fits = memory_of(settings, V, dtype, "ddp", gpus).total < 0.9e9 * GPU_MEMORY[gpu]
        parallel = "ddp" if fits or gpus == 1 else "fsdp"
    m = memory_of(settings, V, dtype, parallel, gpus)
    money = "no price is known here: give --price" if run.dollars is None else f"${run.dollars:,.0f}"
    rate = GPU_PRICES.get(gpu) if price is None else price
    rows = [
        ("parameters", f"{config.n_params:,}"),
        ("arithmetic", f"{flops_per_token(config):,.0f} FLOP a token"),
        ("tokens", f"{settings.max_steps:,} steps x {settings.tokens_per_step:,} = {run.tokens:,}"),
        ("in all", f"{run.flops:.3g} FLOP"),
        ("time", f"{duration(run.seconds)} on {gpus} {gpu} at {utilization:.0%} of {GPU_PEAKS[gpu]} TFLOP/s each"),
        ("money", money if rate is None else f"{money} at ${rate:g} an hour each"),
        ("memory of one", f"{size(m.total)} of {GPU_MEMORY[gpu]} GB"
         + ("" if m.total < 0.9e9 * GPU_MEMORY[gpu] else f"; {out_of_memory(settings, dtype, parallel, gpus)}")),
        ("  weights", size(m.weights)),
        ("  gradients", size(m.gradients)),
        ("  optimizer", size(m.optimizer)),
        ("  copies", f"{size(m.copies)} ({str(dtype).removeprefix('torch.')}, {parallel})"),
        ("  activations", f"{size(m.activations)} for {settings.batch_size} x {settings.block_size} tokens"
         + (", recomputed" if settings.recompute == "true" else "")),
        ("  in passing", size(m.passing)),
    ]  # fmt: skip
    return "\n".join(f"{name:<14}  {value}" for name, value in rows)
