"""Step 7: English only. Paper, section 3.7: pages in other languages were removed on purpose, and the detector run on
WebText found only 10 MB of French left. The paper's detector is CLD2, and so is this one (pycld2).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from minigpt.webtext.records import Drop, Page


def language_of(text: str) -> str:
    """The code of the language that most of a text is in ("en", "fr", "zh", ...), "un" if the detector cannot say.

    >>> language_of("Personne ne sait pourquoi le pont est parti sans nous, mais tout le monde chante.")
    'fr'
    """
    import pycld2

    try:
        _, _, languages = pycld2.detect(text, isPlainText=True)
    except pycld2.error:  # characters that Unicode has not given out
        return "un"
    return languages[0][1]


def english(pages: Iterable[Page]) -> Iterator[Page | Drop]:
    """Keeps pages most of whose text is English."""
    for page in pages:
        code = language_of(page.text)
        yield page if code == "en" else Drop("language unknown" if code == "un" else f"language {code}", page.url[:200])
