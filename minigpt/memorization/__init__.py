"""Generalization or memorization: how much of a test set stands in the training text. Paper: section 4, appendix 8.2.

    >>> from minigpt.memorization import overlap
    >>> train = ["Four score and seven years ago our fathers brought forth on this continent a new nation."]
    >>> overlap(train, ["He said: four score and seven years ago our fathers, and so on."]).found
    1
"""

from minigpt.memorization.bloom import BloomFilter
from minigpt.memorization.compare import Overlap, overlap

__all__ = ["BloomFilter", "Overlap", "overlap"]
