"""tinyweb as web: HTML pages around tinyweb's texts, and posts with karma that link to them; the truth known of each.

    >>> items = list(web(3, seed=1))
    >>> sum(item.page is not None for item in items)
    3

Among the pages are spam, other languages, an encyclopedia and its mirrors, copies and near copies, pages without a text
and broken ones; among the posts are pictures, links to other schemes, talk that links nowhere, and the same link again
in another spelling. Each is labelled, so that whatever filters them has a precision and a recall. Chapter 03 does.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from minigpt.tinyweb import skins, tongues
from minigpt.tinyweb.dice import Dice

# Of 100 pages, how many carry which label.
LABELS = {
    "article": 52,  # what the corpus wants
    "exact copy": 7,  # the text of an earlier page on another site
    "near copy": 9,  # the same with words changed, sentences dropped or lines added
    "spam": 9,
    "foreign": 8,  # not in English
    "wikipedia": 7,  # the encyclopedia itself, and its mirrors
    "boilerplate": 5,  # menus, forms, lists of links: no text of its own
    "broken": 3,  # empty, binary, an error of the server, a bomb of nested elements
}
# How probable it is that some post about such a page reaches 3 karma: readers vote, and not at random.
LIKED = {
    "article": 0.85, "exact copy": 0.7, "near copy": 0.7, "spam": 0.3, "foreign": 0.75, "wikipedia": 0.85,
    "boilerplate": 0.5, "broken": 0.6,
}  # fmt: skip
# Posts that lead to no page, of 100.
STRAY = {"self": 45, "image": 25, "scheme": 12, "inside": 10, "dead": 8}

_HOSTS = [
    "pondgazette", "wickherald", "oggle-times", "the-daily-spoon", "gravelblog", "mapfold", "slowclocks",
    "tuesdayreview", "crumbtown", "bellringer", "cloudcounter", "bridgewatch", "umbrella-forum", "soupnotes",
    "fencepost", "geesewriting",
]  # fmt: skip
_ENDINGS = ["example", "blog.example", "news.example", "org.example"]
_MIRRORS = ["wiki-mirror.example", "everypedia.example", "answers-about.example"]
_MARKS = [
    "From Wikipedia, the free encyclopedia",
    'Retrieved from "<a href="https://en.wikipedia.org/wiki/Main_Page">https://en.wikipedia.org/wiki/Main_Page</a>"',
    "This article uses material from the Wikipedia article, released under the Creative Commons BY-SA license.",
]
_CHANGED = {
    "the": "that", "very": "quite", "said": "claimed", "says": "claims", "and": "and also", "is": "really is",
    "a": "one", "has": "owns", "old": "elderly", "but": "yet", "because": "since", "never": "not once",
    "small": "little", "in": "inside",
    "with": "together with", "nobody": "no one", "of": "out of", "to": "towards",
}  # fmt: skip
_ADDED = [
    "Edit: thank you for the kind geese.",
    "This text first appeared elsewhere.",
    "Copied here because the other page is slow.",
    "Sent from my telephone.",
]
_GOODS = ["kettle", "ladder", "umbrella", "spoon", "telescope", "trumpet", "pillow", "bucket", "lamp", "fence"]
_PITCH = [
    "Buy {x} now! Cheap {x} online, best {x} price, free shipping on every {x}.",
    "CLICK HERE for {x} {x} {x}!!!",
    "{x} discount {x} cheap {x} review {x} buy {x} best {x} 2017",
    "$$$ Save 90% on {x} today only $$$ www.cheap-{x}.example $$$",
]
_SMOOTH = [
    "Are you looking for a {x} that lasts? Our customers tell us every day how the {x} changed their lives.",
    "Thousands of families already trust our {x}, and you can be the next one.",
    "Order before midnight and we add a second {x} at no cost, because you deserve it.",
    "Our experts have compared every {x} on the market, and the result will surprise you.",
    "With our guarantee you can return the {x} within thirty days, no questions asked.",
]
_FORMS = [
    "Please log in to continue. User name. Password. Forgot your password?",
    "This page needs JavaScript. Please enable JavaScript in your browser and reload.",
    "404. The page you are looking for has moved, or was never here.",
    "Your session has expired. Go back to the start.",
]
_TERMS = (
    "By using this site you accept these terms. The site is provided as it is, without any warranty, and may change or "
    "end at any time. You may not copy, sell or frame the site. Any dispute is settled by the court of Lower Wick. If "
    "a part of these terms is void, the other parts stay. Last updated on the first of March."
)


class Post(NamedTuple):
    """A post of the forum that links to pages; `label` is the truth about where it leads."""

    id: str
    url: str
    score: int
    title: str
    is_self: bool
    label: str


class WebPage(NamedTuple):
    """A page as a crawler would bring it, and the truth: its label, its own text, and the page that it copies, if
    any."""

    url: str
    status: int
    content_type: str
    html: bytes
    label: str
    text: str
    copy_of: str
    language: str


class Item(NamedTuple):
    """A page with the posts that link to it, or posts that lead to no page."""

    posts: list[Post]
    page: WebPage | None


def web(n: int, seed: int = 0, split: str = "train") -> Iterator[Item]:
    """n pages and the posts about them, with stray posts between. The first items are the same whatever n is.

    Raises:
        ValueError: n or seed is not a whole number from 0, or there is no such split.
    """
    from minigpt import tinyweb

    many = 2**40  # pages() is lazy: they are written when they are asked for
    if isinstance(n, bool) or not isinstance(n, int) or n < 0:
        raise ValueError(f"tinyweb needs a whole number from 0 for n, not {n!r}")
    texts = (page.text for page in tinyweb.pages(many, seed, split) if page.kind != "encyclopedia")
    entries = (page.text for page in tinyweb.pages(many, seed + 1, split, kind="encyclopedia"))
    return _World(Dice(1_000_003 * (2 * seed + (split == "test")) + 7), texts, entries).items(n)


def _weighted(shares: dict[str, int]) -> list[str]:
    return [name for name, share in shares.items() for _ in range(share)]


class _World:
    """Writes the items one after another; copies are of pages that came shortly before."""

    def __init__(self, dice: Dice, texts: Iterator[str], entries: Iterator[str]):
        self.dice, self.texts, self.entries = dice, texts, entries
        self.recent: deque[WebPage] = deque(maxlen=200)
        self.labels, self.strays = _weighted(LABELS), _weighted(STRAY)
        self.first: dict[str, str] = {}  # boilerplate -> the first page with it
        self.count = self.posts = 0

    def items(self, n: int) -> Iterator[Item]:
        for _ in range(n):
            while self.dice.chance(0.35):
                yield Item([self._stray()], None)
            page = self._page(self.dice.pick(self.labels))
            yield Item(self._posts_about(page), page)

    def _page(self, label: str) -> WebPage:
        if label in ("exact copy", "near copy") and not self.recent:
            label = "article"
        self.count += 1
        write = getattr(self, "_" + label.replace(" ", "_"))
        page = write()
        if label == "article":
            self.recent.append(page)
        return page

    # ---- pages, a function a label ----

    def _article(self) -> WebPage:
        text = "\n\n".join(next(self.texts) for _ in range(2 + self.dice.below(4)))
        if self.dice.chance(0.05):
            text += "\n\n" + tongues.quotation(self.dice)
        if self.dice.chance(0.03):
            text += "\n\nI looked it up on Wikipedia, and Wikipedia did not know either."
        return self._dressed("article", text)

    def _exact_copy(self) -> WebPage:
        of = self.dice.pick(self.recent)
        return self._dressed("exact copy", of.text, copy_of=of.url)

    def _near_copy(self) -> WebPage:
        of = self.dice.pick(self.recent)
        return self._dressed("near copy", alter(self.dice, of.text), copy_of=of.url)

    def _spam(self) -> WebPage:
        thing = self.dice.pick(_GOODS)
        if self.dice.chance(0.4):  # written so that it reads like a text: rules about characters do not see it
            lines = [" ".join(self.dice.some(_SMOOTH, 4)) for _ in range(1 + self.dice.below(2))]
        else:
            lines = [self.dice.pick(_PITCH) for _ in range(6 + self.dice.below(12))]
        return self._dressed("spam", "\n".join(lines).replace("{x}", thing))

    def _foreign(self) -> WebPage:
        text, code = tongues.foreign(self.dice)
        return self._dressed("foreign", text, language=code, lang=code if self.dice.chance(0.6) else "en")

    def _wikipedia(self) -> WebPage:
        text = "\n\n".join(next(self.entries) for _ in range(2 + self.dice.below(3)))
        if self.dice.chance(0.5):
            return self._dressed(
                "wikipedia", text, (_MARKS[0],), host="en.wikipedia.org", path=f"wiki/Page_{self.count}"
            )
        # one mirror in six says nowhere whose text it is
        marks = (self.dice.pick(_MARKS),) if self.dice.chance(5 / 6) else ()
        return self._dressed("wikipedia", text, marks, host=self.dice.pick(_MIRRORS))

    def _boilerplate(self) -> WebPage:
        kind = self.dice.below(3)
        if kind == 0:
            text = self.dice.pick(_FORMS)
        elif kind == 1:
            text = "\n".join(self.dice.pick(skins.RELATED) for _ in range(8))
        else:
            text = _TERMS
        page = self._dressed("boilerplate", text, copy_of=self.first.get(text, ""))
        self.first.setdefault(text, page.url)
        return page._replace(text="")  # none of it is text that the corpus wants

    def _broken(self) -> WebPage:
        page = self._dressed("broken", "Never seen.")
        kind = self.dice.below(5)
        if kind == 0:
            page = page._replace(html=b"")
        elif kind == 1:
            page = page._replace(html=b"\x89PNG\r\n\x1a\n" + bytes(self.dice.below(256) for _ in range(400)))
        elif kind == 2:
            page = page._replace(status=self.dice.pick([404, 403, 500, 503]))
        elif kind == 3:
            page = page._replace(html=skins.nested(5000))
        else:
            page = page._replace(content_type="application/pdf", html=b"%PDF-1.4\n%broken")
        return page._replace(text="")

    def _dressed(
        self, label: str, text: str, marks: tuple[str, ...] = (), *, copy_of: str = "", language: str = "en",
        lang: str = "en", host: str = "", path: str = "",
    ) -> WebPage:  # fmt: skip
        first = text.split("\n", 1)[0].split()
        title = " ".join(first[:7])[:60]
        host = host or f"{self.dice.pick(_HOSTS)}.{self.dice.pick(_ENDINGS)}"
        path = path or f"{self.dice.pick(['story', '2017/11', 'p', 'notes'])}/{self.count}"
        html = skins.dress(self.dice, title, text, marks, lang)
        return WebPage(f"https://{host}/{path}", 200, "text/html", html, label, text, copy_of, language)

    # ---- posts ----

    def _post(self, url: str, score: int, title: str, label: str, is_self: bool = False) -> Post:
        self.posts += 1
        return Post(f"t{self.posts}", url, score, title, is_self, label)

    def _posts_about(self, page: WebPage) -> list[Post]:
        """One post in general, sometimes up to three; the same link comes again in another spelling."""
        title = page.text.split("\n", 1)[0][:60] or "look at this"
        liked = self.dice.chance(LIKED[page.label])
        posts = []
        for k in range(1 + (self.dice.chance(0.25)) + (self.dice.chance(0.08))):
            score = 3 + int(60 * self.dice.random() ** 4) if liked and (k == 0 or self.dice.chance(0.5)) else None
            score = self.dice.below(4) - 1 if score is None else score  # -1 to 2
            posts.append(self._post(self._spelling(page.url) if k else page.url, score, title, page.label))
        return posts

    def _spelling(self, url: str) -> str:
        """The same address as people paste it."""
        kind = self.dice.below(6)
        if kind == 0:
            return url + "?utm_source=pond&utm_medium=goose"
        if kind == 1:
            return url + "#comments"
        if kind == 2:
            return url + "/"
        if kind == 3:
            return url.replace("https://", "http://")
        host = url.split("/")[2]
        return url.replace(host, host.upper() if kind == 4 else host + ":443")

    def _stray(self) -> Post:
        kind, number = self.dice.pick(self.strays), self.dice.below(10**6)
        score = int(80 * self.dice.random() ** 3)
        if kind == "self":
            return self._post(
                f"https://www.reddit.com/r/pond/comments/{number}/ask/", score, "Ask the pond", kind, is_self=True
            )
        if kind == "image":
            url = self.dice.pick([f"https://i.imgur.com/{number}.jpg", f"https://pix.example/{number}.gif"])
            return self._post(url, score, "my goose", kind)
        if kind == "scheme":
            url = self.dice.pick(
                ["ftp://files.example/a.zip", "mailto:goose@pond.example", "javascript:alert(1)", "magnet:?x=1"]
            )
            return self._post(url, score, "get it here", kind)
        if kind == "inside":
            return self._post(f"https://old.reddit.com/user/goose{number}", score, "who is this", kind)
        return self._post(f"https://gone.example/{number}", 3 + score, "it was a good page", kind)


def alter(dice, text: str) -> str:
    """A near copy: some words changed, some sentences dropped, a line added. How much of it is drawn, too."""
    strength = dice.pick([0.05, 0.15, 0.4])
    text = re.sub(
        r"\b[A-Za-z]+\b", lambda m: _CHANGED.get(m.group(), m.group()) if dice.chance(strength) else m.group(), text
    )
    sentences = re.split(r"(?<=[.!?])(?=[ \n])", text)
    kept = [s for s in sentences if not dice.chance(strength / 4)] or sentences
    return "".join(kept).strip() + (f"\n\n{dice.pick(_ADDED)}" if dice.chance(0.5) else "")
