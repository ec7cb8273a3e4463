"""How the sites of tinyweb dress a text as HTML: menus, adverts, links, banners, and markup that is not quite right."""

from __future__ import annotations

import re
from html import escape

MENUS = ["Home", "About", "Archive", "Contact", "Weather", "Log in", "Shop", "Recipes", "Jobs", "Lost and found", "RSS"]
ADVERTS = [
    "ADVERTISEMENT: The kettle that almost whistles. Now with lid!",
    "Sponsored: 9 ladders your neighbour does not want you to climb",
    "Sale! All left gloves half price until Tuesday",
    "You have won a goose. Click here to claim your goose.",
    "Doctors are baffled by this one simple spoon",
    "Subscribe now and never miss a puddle again",
]
COOKIES = [
    "We use cookies to improve your visit. Accept all | Manage preferences",
    "This site stores crumbs on your device. By reading on you agree to the crumbs.",
    "Your privacy is dear to us. 214 partners would like to know it too. Accept",
]
RELATED = [
    "Ten bridges to see before lunch", "Why your clock is late", "The mayor answers your letters", "Soup: a review",
    "Goose found, goose lost", "What the fence saw", "A walk round the pond", "How to fold a map",
]  # fmt: skip
FOOTERS = [
    "© 2017 The Pond Gazette. All rights reserved, except the left one.",
    "Terms of use | Privacy | Imprint",
    "Powered by TinyPress. Theme: Gravel.",
    "Follow us on Chirper, Facepage and in person.",
]
COMMENTS = [
    "First!", "I disagree with this, but kindly.", "My aunt has the same goose 😀", "Can you write more about soup?",
    "This changed my Tuesday.", "😂😂😂", "Nice post, visit my page for cheap kettles",
]  # fmt: skip


def paragraphs(text: str) -> list[str]:
    """The lines of a text, escaped."""
    return [escape(line, quote=False) for line in text.split("\n") if line.strip()]


def _menu(dice, tag: str = "li") -> str:
    return "".join(f'<{tag}><a href="/{i}">{name}</a></{tag}>' for i, name in enumerate(dice.some(MENUS, 6)))


def _related(dice) -> str:
    return "".join(f'<li><a href="/story/{dice.below(10**6)}">{name}</a></li>' for name in dice.some(RELATED, 4))


def _modern(dice, title: str, lines: list[str]) -> str:
    body = "\n".join(f"<p>{line}</p>" for line in lines)
    return f"""<header><nav><ul>{_menu(dice)}</ul></nav></header>
<div class="cookie-banner" role="dialog">{dice.pick(COOKIES)}</div>
<main><article><h1>{title}</h1>
{body}
</article><aside class="sidebar"><h3>Related</h3><ul>{_related(dice)}</ul><div class="ad">{dice.pick(ADVERTS)}</div>
</aside></main>
<footer>{dice.pick(FOOTERS)}</footer>"""


def _news(dice, title: str, lines: list[str]) -> str:
    advert = f'<div class="advert banner">{dice.pick(ADVERTS)}</div>'
    parts = [f"<p>{line}</p>" for line in lines]
    parts.insert(1 + dice.below(len(parts)), advert)
    body = "\n".join(parts)
    return f"""<div id="top"><div id="menu">{_menu(dice, "span")}</div></div>
<div id="content"><h1>{title}</h1><div class="share">Share | Print | Mail</div>
<div class="article-body">
{body}
</div></div>
<div id="related"><h4>Read on</h4><ul>{_related(dice)}</ul></div>
<script>var goose = "<p>not text</p>"; track(goose);</script>
<div id="footer">{dice.pick(FOOTERS)}</div>"""


def _blog(dice, title: str, lines: list[str]) -> str:
    body = "\n".join(f"<p>{line}" for line in lines)  # this author never closes a paragraph
    remarks = "".join(f'<div class="comment"><b>reader{dice.below(99)}</b> {dice.pick(COMMENTS)}</div>' for _ in "abc")
    return f"""<div class="wrapper"><div class="sidebar widget"><ul>{_menu(dice)}</ul></div>
<div class="post"><h2 class="entry-title">{title}</h2><div class="entry-content">
{body}
</div></div>
<div id="comments" class="comments">{remarks}</div>
<div class="footer">{dice.pick(FOOTERS)}</div></div>"""


def _tables(dice, title: str, lines: list[str]) -> str:
    body = "<br><br>\n".join(lines)
    return f"""<table width=100% border=0>
<tr><td colspan=2 bgcolor=#ffffcc><font size=2>{_menu(dice, "b")}</font></td></tr>
<tr><td width=120 valign=top><font size=1>{dice.pick(ADVERTS)}</font></td>
<td valign=top><h2>{title}</h2>
<font face="Arial" size=2>
{body}
</font></td></tr>
<tr><td colspan=2 align=center><font size=1>{dice.pick(FOOTERS)}</font></td></tr></table>"""


def _bare(dice, title: str, lines: list[str]) -> str:
    return f"<h1>{title}</h1>\n" + "\n".join(f"<p>{line}</p>" for line in lines)


_SKINS = [_modern, _modern, _news, _news, _blog, _blog, _tables, _bare]


def dress(dice, title: str, text: str, marks: tuple[str, ...] = (), lang: str = "en") -> bytes:
    """A whole HTML page around a text, in one of the skins, sometimes with broken markup or in another encoding.

    Args:
        marks: further paragraphs, already HTML, that the site puts after the text.
        lang: what the page claims its language to be.
    """
    title = escape(title, quote=False)
    body = dice.pick(_SKINS)(dice, title, [*paragraphs(text), *marks])
    if dice.chance(0.2):
        body = _break(dice, body)
    charset = "utf-8" if dice.chance(0.85) else "iso-8859-1"
    declared = f'<meta charset="{charset}">' if charset != "utf-8" or dice.chance(0.8) else ""
    page = f"""<!DOCTYPE html>
<html lang="{lang}"><head>{declared}<title>{title}</title><style>p {{ margin: 1em }}</style></head>
<body>
{body}
</body></html>
"""
    return page.encode(charset, errors="xmlcharrefreplace")


def _break(dice, body: str) -> str:
    """Loses some closing tags and quotes, doubles others, and writes a bare & and <, as pages do."""
    body = re.sub(r"</(p|li|div|b|span)>", lambda m: "" if dice.chance(0.15) else m.group(), body)
    body = re.sub(r'class="(\w+)"', lambda m: f"class={m.group(1)}" if dice.chance(0.3) else m.group(), body)
    return body.replace("&amp;", "&").replace("</ul>", "</ul></li></ul>", 1) + "\n</div></td><p>5 < 6 & so on"


def nested(depth: int) -> bytes:
    """A bomb: an element within an element, `depth` times, that makes careless readers overflow their stack."""
    return b"<html><body>" + b"<div>" * depth + b"boom" + b"</div>" * depth + b"</body></html>"
