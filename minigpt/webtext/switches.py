"""What is left for every way to switch the filters on and off, counted at once: the live figure of chapter 03.

Whether a page passes karma, Wikipedia, language and heuristics does not depend on the others, so each is asked once.
Copies do depend on which pages came before: that is worked out for each of the 64 ways, from pairs found once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from minigpt.tinyweb.web import LABELS
from minigpt.webtext import dedup, extract, heuristics, language, links, pages, posts, wikipedia
from minigpt.webtext.pipeline import SKIPPABLE
from minigpt.webtext.records import Drop, Page
from minigpt.webtext.truth import read_truth


def count_switches(post_file: Path, warc_file: Path, truth_file: Path) -> dict:
    """The pages left of tinyweb's files, by label, for every set of filters.

    Returns:
        switches, labels: names.
        archive: pages of each label in the archive.
        left[i]: pages of each label that are left if those switches are on whose bits are set in i.
        texts[i]: how many different articles are among them, a text and all its copies counted once.
        wanted: how many different articles there are.
    """
    _, truth = read_truth(truth_file)
    found, linked = _readable(post_file, warc_file)
    known = [truth[links.normalise(page.url)] for page in found]
    passes = {
        "karma": [page.karma >= posts.MIN_KARMA for page in found],
        "wikipedia": _kept(wikipedia.not_wikipedia(linked), found),
        "language": _kept(language.english(found), found),
        "heuristics": _kept(heuristics.clean(found), found),
    }
    hashes, alike = [dedup.text_hash(page.text) for page in found], similar(found)
    left, texts = [], []
    for number in range(2 ** len(SKIPPABLE)):
        on = {name for bit, name in enumerate(SKIPPABLE) if number >> bit & 1}
        rows = [i for i in range(len(found)) if all(passes[name][i] for name in on if name in passes)]
        if "exact" in on:
            rows = sorted({hashes[i]: i for i in reversed(rows)}.values())  # the first of each
        if "near" in on:
            kept: set[int] = set()
            for i in rows:
                if not alike[i] & kept:
                    kept.add(i)
            rows = sorted(kept)
        count = Counter(known[i]["label"] for i in rows)
        left.append([count[label] for label in LABELS])
        texts.append(len({_origin(known[i]) for i in rows} - {""}))
    archive = Counter(page["label"] for page in truth.values())
    return {
        "switches": list(SKIPPABLE), "labels": list(LABELS), "archive": [archive[label] for label in LABELS],
        "left": left, "texts": texts, "wanted": len({_origin(page) for page in truth.values()} - {""}),
    }  # fmt: skip


def _readable(post_file: Path, warc_file: Path) -> tuple[list[Page], list[Page]]:
    """The linked pages with a text, whatever their karma: as texts, and the same as HTML."""
    keep = lambda records: [record for record in records if not isinstance(record, Drop)]  # noqa: E731
    found = keep(links.merge(keep(links.outbound(keep(posts.read_posts([post_file]))))))
    html = {page.url: page for page in keep(pages.linked_pages([warc_file], found))}
    texts = keep(extract.extract(html.values()))
    return texts, [html[page.url] for page in texts]


def _kept(records: Iterable[Page | Drop], came: list[Page]) -> list[bool]:
    urls = {record.url for record in records if not isinstance(record, Drop)}
    return [page.url in urls for page in came]


def _origin(page: dict) -> str:
    """The article that a page is, or is a copy of; "" for what the corpus does not want."""
    return (page["copy_of"] or page["url"]) if page["label"] in ("article", "exact copy", "near copy") else ""


def similar(came: list[Page], threshold: float = dedup.THRESHOLD) -> list[set[int]]:
    """For each page the numbers of the pages before it that `dedup.near` would take it for a copy of."""
    index, signatures, found = dedup.make_index(threshold), [], []
    for number, page in enumerate(came):
        minhash = dedup.signature(page.text)
        found.append({k for k in index.query(minhash) if minhash.jaccard(signatures[k]) >= threshold})
        index.insert(number, minhash)
        signatures.append(minhash)
    return found
