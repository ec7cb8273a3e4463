"""The sizes of a GPT-2, and how many parameters they make. Paper: section 2.3, Table 2."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

# name: (n_layer, n_head, n_embd). Layers and widths are Table 2's; the heads are not in the paper but in the released
# hparams.json (64 numbers a head at every size). The names are the release's, which corrected the paper's counts.
GPT2_SIZES = {
    "124M": (12, 12, 768),
    "355M": (24, 16, 1024),
    "774M": (36, 20, 1280),
    "1558M": (48, 25, 1600),
}


@dataclass(frozen=True)
class GPTConfig:
    """The shape of a model; the defaults are GPT-2's smallest. Paper: section 2.3, Table 2.

    Args:
        vocab_size: number of different token ids, V.
        block_size: the context, the longest sequence that has positions.
        n_layer: number of blocks.
        n_head: attention heads a block; each is `n_embd / n_head` wide.
        n_embd: width of the residual stream.
        dropout: share of numbers zeroed in training (0 <= dropout < 1). The paper does not give one; 0 is our choice.

    Raises:
        ValueError: a size is not a positive whole number, `n_embd` is not a multiple of `n_head`, or dropout is not
            in [0, 1).

    >>> GPTConfig(vocab_size=65, block_size=64, n_layer=4, n_head=4, n_embd=128).n_params
    809856
    """

    vocab_size: int = 50257
    block_size: int = 1024
    n_layer: int = 12
    n_head: int = 12
    n_embd: int = 768
    dropout: float = 0.0

    def __post_init__(self) -> None:
        for name in ("vocab_size", "block_size", "n_layer", "n_head", "n_embd"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ValueError(f"{name} must be a whole number of at least 1, not {value!r}")
        if self.n_embd % self.n_head:
            raise ValueError(
                f"n_embd={self.n_embd} is not a multiple of n_head={self.n_head}, and each head takes an equal share; "
                "change one of them"
            )
        if isinstance(self.dropout, bool) or not isinstance(self.dropout, (int, float)) or not 0 <= self.dropout < 1:
            raise ValueError(f"dropout must be a number from 0 to below 1, not {self.dropout!r}")

    @classmethod
    def gpt2(cls, size: str = "124M") -> GPTConfig:
        """One of the four sizes of Table 2, by its released name: "124M", "355M", "774M" or "1558M".

        >>> GPTConfig.gpt2("1558M").n_params
        1557611200
        """
        if size not in GPT2_SIZES:
            near = difflib.get_close_matches(str(size).upper(), GPT2_SIZES, n=1, cutoff=0.5)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ValueError(f"GPT-2 has no size {size!r}; there are {', '.join(GPT2_SIZES)}{hint}")
        n_layer, n_head, n_embd = GPT2_SIZES[size]
        return cls(n_layer=n_layer, n_head=n_head, n_embd=n_embd)

    @property
    def n_params(self) -> int:
        """Number of parameters, without building the model. The head is tied to the token embedding and counts once.

        >>> [GPTConfig.gpt2(size).n_params for size in ("124M", "355M", "774M")]
        [124439808, 354823168, 774030080]
        """
        d = self.n_embd
        embeddings = self.vocab_size * d + self.block_size * d
        attention = d * 3 * d + 3 * d + d * d + d  # query, key and value in one matrix, then the output; with biases
        mlp = d * 4 * d + 4 * d + 4 * d * d + d
        norms = 2 * 2 * d  # two LayerNorms, each with a gain and a bias
        return embeddings + self.n_layer * (attention + mlp + norms) + 2 * d  # 2 d: the final LayerNorm
