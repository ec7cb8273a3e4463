"""minigpt: GPT-2 rebuilt from its paper, the package behind the book.

>>> from minigpt import GPT, GPTConfig, generate
>>> model = GPT(GPTConfig(vocab_size=65, block_size=8, n_layer=2, n_head=2, n_embd=16))
>>> len(generate(model, [1, 2, 3], max_new_tokens=5))
8
"""

from minigpt.config import GPTConfig
from minigpt.model import GPT
from minigpt.sampling import generate
from minigpt.tokenizer import Tokenizer

__all__ = ["GPT", "GPTConfig", "Tokenizer", "generate"]
__version__ = "0.1.0"
