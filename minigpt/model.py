"""GPT-2, from the attention formula to the whole model; read it from top to bottom. Paper: section 2.3.

Letters in the shapes: B sequences in a batch, T tokens in each, S tokens that can be looked at (those in the cache and
the T new ones), C = n_embd the width of the residual stream, V = vocab_size.
"""

from __future__ import annotations

import math
import os

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from minigpt.config import GPTConfig

IGNORE = -100  # a target with this value is not counted in the loss


def causal_mask(T: int, S: int, device: torch.device | None = None) -> Tensor:
    """Which of S tokens each of the last T may look at: itself and those before it. (T, S), True = may look.

    >>> causal_mask(2, 4).int()
    tensor([[1, 1, 1, 0],
            [1, 1, 1, 1]], dtype=torch.int32)
    """
    return torch.ones(T, S, dtype=torch.bool, device=device).tril(diagonal=S - T)


def attention_weights(q: Tensor, k: Tensor) -> Tensor:
    """softmax(q k^T / sqrt(head_dim)) under the causal mask: how much each token takes from each earlier one.

    Args:
        q: queries, (B, n_head, T, head_dim).
        k: keys, (B, n_head, S, head_dim), S >= T; the queries belong to the last T of them.

    Returns:
        (B, n_head, T, S); every row is at least 0 and sums to 1.
    """
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.size(-1))  # (B, n_head, T, S)
    scores = scores.masked_fill(~causal_mask(q.size(-2), k.size(-2), q.device), -math.inf)
    return scores.softmax(dim=-1)


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x weight^T + bias, which is F.linear, with x (..., in) and weight (out, in).

    A CPU multiplies a few rows, say the newest token of 16 sequences, by a large matrix about a third faster if the
    large matrix stands on the left: (weight x^T)^T. The result is the same up to rounding.
    """
    rows = x.numel() // x.size(-1)
    if x.device.type != "cpu" or not 8 <= rows <= 32 or weight.numel() < 2**18:
        return F.linear(x, weight, bias)
    y = weight @ x.reshape(rows, -1).t()  # (out, rows)
    y = (y if bias is None else y + bias[:, None]).t().contiguous()  # (rows, out)
    return y.view(*x.shape[:-1], -1)


class Linear(nn.Linear):
    """nn.Linear by way of `linear`."""

    def forward(self, x: Tensor) -> Tensor:
        return linear(x, self.weight, self.bias)


class KVCache:
    """The keys and values of the tokens seen so far, so that the next token need not compute them again.

    All room is taken at the start, and each token's keys and values are written in place: nothing is copied as it
    grows.

    Args:
        config: of the model that the cache is for.
        batch_size: number of sequences, B.
        size: number of tokens that it has room for; without it, block_size.
        device, dtype: those of the model.
    """

    def __init__(
        self, config: GPTConfig, batch_size: int = 1, size: int | None = None, device=None, dtype=torch.float32
    ) -> None:
        self.size = min(size or config.block_size, config.block_size)
        shape = (batch_size, config.n_head, self.size, config.n_embd // config.n_head)
        self.keys = [torch.empty(shape, device=device, dtype=dtype) for _ in range(config.n_layer)]
        self.values = [torch.empty(shape, device=device, dtype=dtype) for _ in range(config.n_layer)]
        self.length = 0  # tokens held; GPT.forward counts it up once all layers have written

    def append(self, layer: int, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Writes one layer's k and v (B, n_head, T, head_dim); returns all that it holds, (B, n_head, S, head_dim)."""
        keys, values, T = self.keys[layer], self.values[layer], k.size(2)
        keys.narrow(2, self.length, T).copy_(k)
        values.narrow(2, self.length, T).copy_(v)
        return keys.narrow(2, 0, self.length + T), values.narrow(2, 0, self.length + T)


class CausalSelfAttention(nn.Module):
    """Multi-head attention over the tokens so far: the one place where a token hears of the others."""

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.c_attn = Linear(config.n_embd, 3 * config.n_embd)  # queries, keys and values in one product
        self.c_proj = Linear(config.n_embd, config.n_embd)
        self.n_head = config.n_head
        self.dropout = config.dropout
        self.fused = True  # see GPT.set_attention

    def queries_keys_values(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """x (B, T, C) -> q, k, v, each (B, n_head, T, head_dim)."""
        B, T, C = x.shape
        qkv = self.c_attn(x).view(B, T, 3, self.n_head, C // self.n_head)
        q, k, v = qkv.unbind(dim=2)  # each (B, T, n_head, head_dim)
        return q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2)

    def forward(self, x: Tensor, cache: KVCache | None = None, layer: int = 0) -> Tensor:
        B, T, C = x.shape
        q, k, v = self.queries_keys_values(x)
        if cache is not None:
            k, v = cache.append(layer, k, v)  # (B, n_head, S, head_dim)
        S = k.size(-2)
        dropout = self.dropout if self.training else 0.0
        if self.fused:
            # The same formula in one kernel that never writes the (T, S) weights to memory. Its is_causal wants S == T.
            mask = causal_mask(T, S, x.device) if 1 < T < S else None
            y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, dropout_p=dropout, is_causal=1 < T == S)
        else:
            y = F.dropout(attention_weights(q, k), dropout) @ v  # (B, n_head, T, head_dim)
        y = y.transpose(1, 2).reshape(B, T, C)  # the heads side by side again
        return F.dropout(self.c_proj(y), dropout)


class MLP(nn.Module):
    """Two layers with a GELU between, for each token by itself."""

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.c_fc = Linear(config.n_embd, 4 * config.n_embd)
        self.c_proj = Linear(4 * config.n_embd, config.n_embd)
        self.dropout = config.dropout

    def forward(self, x: Tensor) -> Tensor:
        x = F.gelu(self.c_fc(x), approximate="tanh")  # (B, T, 4 C); GPT-2's code has the tanh form of GELU
        return F.dropout(self.c_proj(x), self.dropout, self.training)


class Block(nn.Module):
    """Adds to the residual stream what attention and the MLP find; a LayerNorm stands at the input of each."""

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.ln_1 = nn.LayerNorm(config.n_embd)
        self.attn = CausalSelfAttention(config)
        self.ln_2 = nn.LayerNorm(config.n_embd)
        self.mlp = MLP(config)

    def forward(self, x: Tensor, cache: KVCache | None = None, layer: int = 0) -> Tensor:
        x = x + self.attn(self.ln_1(x), cache, layer)
        return x + self.mlp(self.ln_2(x))  # (B, T, C)


class GPT(nn.Module):
    """GPT-2. Paper: section 2.3.

    `model(ids)` gives for each position the logits of the token that follows; with `targets` also the loss.

    Args:
        config: the sizes.

    >>> model = GPT(GPTConfig(vocab_size=65, block_size=8, n_layer=2, n_head=2, n_embd=16))
    >>> logits, loss = model(torch.tensor([[1, 2, 3]]), torch.tensor([[2, 3, 4]]))
    >>> logits.shape, loss.shape
    (torch.Size([1, 3, 65]), torch.Size([]))
    """

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.config = config
        self.wte = nn.Embedding(config.vocab_size, config.n_embd)  # also the head: logits = x wte^T
        self.wpe = nn.Embedding(config.block_size, config.n_embd)
        self.h = nn.ModuleList(Block(config) for _ in range(config.n_layer))
        self.ln_f = nn.LayerNorm(config.n_embd)  # the additional LayerNorm of section 2.3
        init_weights(self)

    def embed(self, ids: Tensor, start: int = 0) -> Tensor:
        """ids (B, T), the first at position `start` -> the residual stream below the blocks, (B, T, C)."""
        positions = torch.arange(start, start + ids.size(1), device=ids.device)  # (T,)
        return F.dropout(self.wte(ids) + self.wpe(positions), self.config.dropout, self.training)

    def forward(
        self, ids: Tensor, targets: Tensor | None = None, *, cache: KVCache | None = None, logits: str = "all"
    ) -> tuple[Tensor | None, Tensor | None]:
        """Logits of the next token, and the loss where targets are given.

        Args:
            ids: (B, T) int64 token ids.
            targets: (B, T) int64, the token that follows each; those of -100 are not counted.
            cache: keys and values of the tokens before `ids`, which are added to it.
            logits: "all" positions' (B, T, V), the "last" position's (B, 1, V), or "none": the loss alone, in much less
                memory.

        Returns:
            logits, or None if "none"; the mean cross entropy in nats a token, or None without targets.

        Raises:
            ValueError: ids or targets of another shape or type, out of range (checked on a CPU only: elsewhere it would
                wait for the device), or more tokens than `block_size`; a cache of another batch size.
        """
        start = 0 if cache is None else cache.length
        check_input(self.config, ids, targets, cache, logits)
        x = self.embed(ids, start)
        for layer, block in enumerate(self.h):
            x = block(x, cache, layer)
        if cache is not None:
            cache.length += ids.size(1)
        x = self.ln_f(x)
        if logits == "none":
            return None, head_loss(x, self.wte.weight, targets)
        scores = linear(x if logits == "all" else x[:, -1:], self.wte.weight)  # (B, T or 1, V)
        loss = None
        if targets is not None:
            loss = F.cross_entropy(scores.flatten(0, 1), targets.flatten(), ignore_index=IGNORE)
        return scores, loss

    def loss(self, ids: Tensor, targets: Tensor) -> Tensor:
        """The loss of `model(ids, targets)` without ever holding all logits, with V = 50,257 most of the memory."""
        return self(ids, targets, logits="none")[1]

    @classmethod
    def from_pretrained(cls, name_or_dir: str | os.PathLike) -> GPT:
        """The model of a folder, minigpt's or Hugging Face's, or "gpt2", ...: see `minigpt.pretrained`."""
        from minigpt.pretrained import load_pretrained

        return load_pretrained(name_or_dir)

    def save_pretrained(self, directory: str | os.PathLike, dtype: torch.dtype | None = None) -> None:
        """Writes a folder that `from_pretrained` and transformers load: see `minigpt.pretrained`."""
        from minigpt.pretrained import save_pretrained

        save_pretrained(self, directory, dtype)

    def set_attention(self, how: str) -> GPT:
        """"formula": as the paper's reader would write it; "fused": PyTorch's kernel (the default). Same numbers."""
        if how not in ("formula", "fused"):
            raise ValueError(f"attention is 'formula' or 'fused', not {how!r}")
        for block in self.h:
            block.attn.fused = how == "fused"
        return self

    @torch.no_grad()
    def attention_maps(self, ids: Tensor) -> Tensor:
        """How much each token of ids (B, T) takes from each, by layer and head: (n_layer, B, n_head, T, T)."""
        check_input(self.config, ids)
        x, maps = self.embed(ids), []
        for block in self.h:
            q, k, _ = block.attn.queries_keys_values(block.ln_1(x))
            maps.append(attention_weights(q, k))
            x = block(x)
        return torch.stack(maps)

    @torch.no_grad()
    def residual_stream(self, ids: Tensor) -> Tensor:
        """What flows through the model for ids (B, T): below the first block and after each, (n_layer + 1, B, T, C)."""
        check_input(self.config, ids)
        stream = [self.embed(ids)]
        for block in self.h:
            stream.append(block(stream[-1]))
        return torch.stack(stream)


@torch.no_grad()
def init_weights(model: GPT, std: float = 0.02) -> None:
    """Biases 0, gains 1, weights N(0, std), and two exceptions.

    Positions: half of std, 0.01 as in OpenAI's model.py, which is also where 0.02 is from (the paper gives neither).
    Residual layers: the paper scales their weights by 1/sqrt(N), "where N is the number of residual layers". Two
    projections a block write into the residual stream, so N = 2 n_layer: that is how public code reads the sentence;
    OpenAI's released model.py does not scale.
    """
    for name, parameter in model.named_parameters():
        if name.endswith("bias"):
            parameter.zero_()
        elif ".ln_" in name or name.startswith("ln_f"):
            parameter.fill_(1.0)
        elif name == "wpe.weight":
            parameter.normal_(std=std / 2)
        elif name.endswith("c_proj.weight"):
            parameter.normal_(std=std / math.sqrt(2 * model.config.n_layer))
        else:
            parameter.normal_(std=std)


def check_input(
    config: GPTConfig, ids: Tensor, targets: Tensor | None = None, cache: KVCache | None = None, logits: str = "all"
) -> None:
    """Raises ValueError, in one sentence, for what `GPT.forward` cannot take."""
    V, block_size = config.vocab_size, config.block_size
    if ids.dim() != 2 or ids.dtype != torch.int64:
        raise ValueError(f"ids must be int64 and of shape (B, T), not {ids.dtype} and {tuple(ids.shape)}")
    if ids.numel() == 0:
        raise ValueError("ids are empty; give at least one token (GPT-2 starts a text with <|endoftext|>)")
    total = ids.size(1) + (0 if cache is None else cache.length)
    if total > block_size:
        raise ValueError(f"{total} tokens do not fit into block_size={block_size}; give fewer")
    if cache is not None and total > cache.size:
        raise ValueError(f"{total} tokens do not fit into a cache of {cache.size}; make a larger KVCache")
    if cache is not None and cache.keys[0].size(0) != ids.size(0):
        held = cache.keys[0].size(0)
        raise ValueError(f"the cache holds {held} sequences and ids {ids.size(0)}; make a new KVCache")
    if logits not in ("all", "last", "none"):
        raise ValueError(f"logits is 'all', 'last' or 'none', not {logits!r}")
    if targets is None and logits == "none":
        raise ValueError("logits='none' leaves only the loss, which needs targets")
    if targets is not None and (targets.shape != ids.shape or targets.dtype != torch.int64 or logits == "last"):
        raise ValueError("targets must be int64, of the shape of ids, and not come with logits='last'")
    if ids.device.type != "cpu" or torch.compiler.is_compiling():
        return
    check_range("token id", *ids.aminmax(), V)
    if targets is not None:
        counted = targets[targets != IGNORE]
        if counted.numel() == 0:
            raise ValueError(f"every target is {IGNORE}, so there is nothing to predict; give at least one")
        check_range("target", *counted.aminmax(), V)


def check_range(what: str, low: int | Tensor, high: int | Tensor, vocab_size: int) -> None:
    """Raises ValueError if the lowest or the highest of some ids is not a token of the vocabulary."""
    if low < 0 or high >= vocab_size:
        wrong = int(low if low < 0 else high)
        raise ValueError(
            f"{what} {wrong} is outside the vocabulary of {vocab_size} (0 to {vocab_size - 1}); "
            "was the text encoded with another tokenizer?"
        )


class HeadLoss(torch.autograd.Function):
    """Mean cross entropy of the logits x weight^T, computed for some rows at a time.

    The logits of 8 x 256 tokens over 50,257 are 400 MB, and their softmax and its gradient as much again. But the loss
    of a row needs only that row, and its gradient is known at once: (softmax - one-hot) / number of rows. So `forward`
    takes some rows, turns their logits in place into that gradient, multiplies it on to x and weight, and forgets it:
    the same products as the long way in a fraction of the memory.
    """

    AT_ONCE = 2**24  # logits held at a time: 64 MB

    @staticmethod
    def forward(ctx, x: Tensor, weight: Tensor, targets: Tensor, learn: bool) -> Tensor:
        """x (N, C), weight (V, C), targets (N, 1) -> the loss, (). `learn`: compute the gradients as well."""
        device, V = x.device.type, weight.size(0)
        dtype = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else weight.dtype
        counted = targets != IGNORE  # (N, 1)
        share = counted / counted.sum()  # of each row in the mean; 0 where not counted
        targets = targets.where(counted, 0)
        loss = torch.zeros((), device=x.device)
        grad_x, grad_weight = (torch.empty_like(x), torch.zeros_like(weight)) if learn else (None, None)
        with torch.autocast(device, enabled=False):
            x, weight = x.to(dtype), weight.to(dtype)
            rows = min(max(1, HeadLoss.AT_ONCE // V), x.size(0))
            room = torch.empty(rows, V, dtype=dtype, device=x.device)
            for some in (slice(start, start + rows) for start in range(0, x.size(0), rows)):
                scores = torch.mm(x[some], weight.t(), out=room[: x[some].size(0)]).float()  # (rows, V)
                scores -= scores.amax(dim=1, keepdim=True)
                right = scores.gather(1, targets[some])  # (rows, 1)
                total = scores.exp_().sum(dim=1, keepdim=True)  # softmax = scores / total
                loss += ((total.log() - right) * share[some]).sum()
                if learn:
                    scores *= share[some] / total
                    gradient = scores.scatter_add_(1, targets[some], -share[some]).to(dtype)  # (rows, V)
                    grad_x[some] = gradient @ weight
                    if dtype == grad_weight.dtype:
                        grad_weight.addmm_(gradient.t(), x[some])
                    else:
                        grad_weight += gradient.t() @ x[some]  # summed in the precision of the weights
        if learn:
            ctx.save_for_backward(grad_x, grad_weight)
        return loss

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, grad: Tensor):
        grad_x, grad_weight = ctx.saved_tensors
        return grad * grad_x, grad * grad_weight, None, None


def head_loss(x: Tensor, weight: Tensor, targets: Tensor) -> Tensor:
    """F.cross_entropy(x weight^T, targets), the mean over targets other than -100, without all the logits at once.

    Args:
        x: (B, T, C).
        weight: (V, C).
        targets: (B, T) int64.
    """
    learn = torch.is_grad_enabled() and (x.requires_grad or weight.requires_grad)
    return HeadLoss.apply(x.flatten(0, 1), weight, targets.reshape(-1, 1), learn)
