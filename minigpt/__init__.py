"""minigpt: GPT-2 rebuilt from its paper, the package behind the book.

>>> from minigpt import GPT, GPTConfig
>>> model = GPT(GPTConfig(vocab_size=65, block_size=8, n_layer=2, n_head=2, n_embd=16))
"""

from minigpt.config import GPTConfig
from minigpt.model import GPT

__all__ = ["GPT", "GPTConfig"]
__version__ = "0.1.0"
