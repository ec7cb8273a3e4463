"""Steps 2 and 3: which posts link out of Reddit to a page, and the same link in its spellings made one.

Paper, section 2.1: "all outbound links". What counts as outbound, and as the same, is not in the paper; this is our
choice: http and https alone, no address within Reddit, no picture or film; and one link for all spellings that differ
in scheme, `www.`, letter case of the host, default port, trailing slash, fragment, or in parameters that only track.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from urllib.parse import SplitResult, urlsplit

from minigpt.webtext.records import Drop, Link, Post

INSIDE = ("reddit.com", "redd.it", "redditmedia.com")
PICTURES = ("imgur.com", "gfycat.com", "youtube.com", "youtu.be", "vimeo.com", "flic.kr", "giphy.com")
_MEDIA = re.compile(r"\.(jpe?g|png|gif|gifv|webp|bmp|svg|mp4|webm|mov|avi|mp3|wav|ogg)$", re.IGNORECASE)
_TRACKING = re.compile(r"^(utm_\w+|fbclid|gclid|mc_cid|mc_eid|igshid)(=|$)")
_SUFFIXES = ("co", "com", "org", "net", "ac", "gov", "edu")  # below a country's two letters: bbc.co.uk is bbc's


def is_under(host: str, domains: tuple[str, ...]) -> bool:
    """Whether a host is one of the domains or below one.

    >>> is_under("old.reddit.com", INSIDE), is_under("notreddit.com", INSIDE)
    (True, False)
    """
    return any(host == domain or host.endswith("." + domain) for domain in domains)


def split_url(url: str) -> SplitResult | None:
    """The parts of an address, None if it is malformed (a port that is no number, a host without a dot, ...)."""
    try:
        parts = urlsplit(url.strip())
        parts.port  # noqa: B018 (raises for a wrong one)
    except ValueError:
        return None
    return parts if parts.hostname and "." in parts.hostname.strip(".") and " " not in parts.netloc else None


def outbound(posts: Iterable[Post]) -> Iterator[Post | Drop]:
    """Keeps posts that link to a page outside."""
    for post in posts:
        reason = why_not_outbound(post.url, post.is_self)
        yield Drop(reason, post.url[:200] or f"post {post.id}") if reason else post


def why_not_outbound(url: str, is_self: bool = False) -> str:
    """Why an address is no outbound link to a page; "" if it is one.

    >>> why_not_outbound("ftp://a.org/b.zip"), why_not_outbound("http://a.org/b")
    ('not http', '')
    """
    if is_self:
        return "self post"
    scheme = url.strip().split(":", 1)[0].lower()
    if scheme not in ("http", "https"):
        return "not http" if ":" in url else "malformed address"
    parts = split_url(url)
    if parts is None:
        return "malformed address"
    if is_under(parts.hostname, INSIDE):
        return "inside Reddit"
    if is_under(parts.hostname, PICTURES) or _MEDIA.search(parts.path):
        return "picture or film"
    return ""


def normalise(url: str) -> str:
    """One key for all spellings of an address; "" for a malformed one.

    >>> normalise("HTTP://www.Pond.example:80/a/?utm_source=x#top"), normalise("https://pond.example/a")
    ('pond.example/a', 'pond.example/a')
    """
    parts = split_url(url)
    if parts is None:
        return ""
    host = parts.hostname.rstrip(".").removeprefix("www.")
    port = f":{parts.port}" if parts.port not in (None, 80, 443) else ""
    query = "&".join(p for p in parts.query.split("&") if p and not _TRACKING.match(p))
    return host + port + parts.path.rstrip("/") + (f"?{query}" if query else "")


def merge(posts: Iterable[Post]) -> Iterator[Link | Drop]:
    """One link for each key, in the order in which they came first, with the karma of its best post."""
    found: dict[str, Link] = {}
    for post in posts:
        key = normalise(post.url)
        old = found.get(key)
        if old is None:
            found[key] = Link(post.url, key, post.score, 1, post.title)
        else:
            found[key] = Link(old.url, key, max(old.karma, post.score), old.posts + 1, old.title)
            yield Drop("same link again", post.url[:200])
    yield from found.values()


def site(key: str) -> str:
    """The name of a link's site, as in the list of domains that was published with GPT-2: without host and ending.

    >>> site("news.bbc.co.uk/1/hi"), site("pond.example/a"), site("blog.github.com:8080/x")
    ('bbc', 'pond', 'github')
    """
    labels = key.split("/", 1)[0].split(":", 1)[0].split("?", 1)[0].split(".")
    if len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SUFFIXES:
        labels.pop()
    return labels[-2] if len(labels) > 1 else labels[0]


def sites(links: Iterable[Link]) -> Counter[str]:
    """How many links go to each site."""
    return Counter(site(link.key) for link in links)
