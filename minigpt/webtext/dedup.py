"""Steps 9 and 10: each text once. The paper says "de-duplication" and no more (section 2.1).

Exact copies share the hash of their text, once it is written in one way: lower-case words of letters and digits, one
space between. That is how section 4 of the paper normalises, too. Near copies share many of their five-word pieces:
MinHash estimates from 128 numbers a text which share two texts have in common (Broder 1997), and locality-sensitive
hashing finds the pairs worth comparing without comparing all. Both are datasketch's work.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator

from minigpt.webtext.links import normalise
from minigpt.webtext.records import Drop, Page

WORDS = 5  # of a piece
PERMUTATIONS = 128  # numbers of a signature: the estimate's standard error is about 0.04 at a half
THRESHOLD = 0.5  # share of pieces in common from which on two texts are the same
_WORD = re.compile(r"[^\W_]+")


def normal_words(text: str) -> list[str]:
    """The words of a text, lower-case letters and digits only.

    >>> normal_words("The pond's edge, 3 PM!")
    ['the', 'pond', 's', 'edge', '3', 'pm']
    """
    return _WORD.findall(text.lower())


def text_hash(text: str) -> bytes:
    """16 bytes that are the same for texts that differ in case, punctuation and white space alone."""
    return hashlib.blake2b(" ".join(normal_words(text)).encode(), digest_size=16).digest()


def exact(pages: Iterable[Page]) -> Iterator[Page | Drop]:
    """Keeps the first page of each address and of each text. Memory: 16 bytes a text and an address."""
    texts, addresses = set(), set()
    for page in pages:
        address = hashlib.blake2b(normalise(page.url).encode(), digest_size=16).digest()
        text = text_hash(page.text)
        if address in addresses:
            yield Drop("same address again", page.url[:200])
        elif text in texts:
            yield Drop("same text again", page.url[:200])
        else:
            texts.add(text)
            addresses.add(address)
            yield page


def pieces(text: str) -> list[bytes]:
    """The five-word pieces of a text, each once, in order; of a shorter text the whole."""
    words = normal_words(text)
    found = (" ".join(words[i : i + WORDS]) for i in range(max(1, len(words) - WORDS + 1)))
    return [piece.encode() for piece in dict.fromkeys(found)]


def signature(text: str):
    """The MinHash of a text's pieces: `PERMUTATIONS` numbers, the same on every machine."""
    from datasketch import MinHash

    minhash = MinHash(num_perm=PERMUTATIONS, seed=1, scheme="affine32")
    minhash.update_batch(pieces(text))
    return minhash


def make_index(threshold: float):
    """An index that finds the signatures worth comparing with a new one."""
    from datasketch import MinHashLSH

    # At the threshold these bands miss one pair in seven, well above it none; each candidate is then compared.
    return MinHashLSH(threshold=threshold, num_perm=PERMUTATIONS, weights=(0.2, 0.8))


def near(pages: Iterable[Page], threshold: float = THRESHOLD) -> Iterator[Page | Drop]:
    """Keeps a page unless one kept before shares `threshold` of its pieces, by the estimate.

    Memory: about 11 kB a page, most of it in the index.
    """
    index, kept = make_index(threshold), {}
    for number, page in enumerate(pages):
        minhash = signature(page.text)
        likest = max(((minhash.jaccard(kept[k]), -k) for k in index.query(minhash)), default=(0.0, 0))
        if likest[0] >= threshold:
            yield Drop("nearly the same text", f"{page.url[:200]} ({likest[0]:.2f})")
            continue
        index.insert(number, minhash)
        kept[number] = minhash
        yield page
