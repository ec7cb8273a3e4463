"""Check-yourself questions that need no script: what opens is HTML's own <details>."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence

_STYLE = """<style>
.mg-quiz { border: 1px solid #8a929b; border-radius: 10px; padding: .2rem 1rem .8rem; margin: .5rem 0; color: inherit; }
.mg-quiz > ol { padding-left: 1.4rem; margin: 0; }
.mg-quiz > ol > li { margin: .9rem 0 0; font-weight: 600; }
.mg-quiz > ol > li > * { font-weight: 400; }
.mg-quiz .mg-ask { margin: 0 0 .35rem; font-weight: 600; }
.mg-quiz details { margin: .25rem 0; border: 1px solid #8a929b; border-radius: 7px; background: none; padding: 0; }
.mg-quiz summary { cursor: pointer; font-weight: 400; padding: .35rem .7rem; }
.mg-quiz summary:focus-visible { outline: 3px solid #1f7fbf; outline-offset: 1px; }
.mg-quiz details > p { margin: 0; padding: .1rem .8rem .55rem 1.75rem; }
</style>"""


class Quiz:
    """Made by `quiz`: shows as HTML in a notebook and in the page, as text elsewhere."""

    def __init__(self, questions: Sequence[Mapping]) -> None:
        if not questions:
            raise ValueError("a quiz needs at least one question")
        self.questions = [_checked(question) for question in questions]

    def _repr_html_(self) -> str:
        items = "".join(
            f'<li><p class="mg-ask">{_inline(ask)}</p>{_folds(folds)}</li>' for ask, folds in self.questions
        )
        return f'{_STYLE}<div class="mg-quiz" role="group" aria-label="Check yourself"><ol>{items}</ol></div>'

    def __repr__(self) -> str:
        return "\n".join(f"{i}. {ask}" for i, (ask, _folds) in enumerate(self.questions, 1))


def quiz(questions: Sequence[Mapping]) -> Quiz:
    """Questions to check oneself by; put the result last in a cell. Works with JavaScript switched off.

    Each question is a dict, in one of two forms. `backticks` make code and *stars* emphasis.

    - {"question": ..., "choices": [(text, reply), ...], "answer": i}: each choice opens to "Right" or "Not so", and the
      reply. A choice may be a bare text with no reply; "why": ... is then added to the right one.
    - {"question": ..., "answer": text}: to think about; the answer opens.

    >>> quiz([{"question": "How many bytes are there?", "choices": ["255", "256"], "answer": 1, "why": "2 to the 8."}])
    1. How many bytes are there?

    Raises:
        ValueError: a question that is neither.
    """
    return Quiz(questions)


def _checked(question: Mapping) -> tuple[str, list[tuple[str, str]]]:
    """(question, [(what is seen, what opens)]), as text."""
    ask, answer, choices = question.get("question"), question.get("answer"), question.get("choices")
    if not isinstance(ask, str) or not ask:
        raise ValueError(f"a question needs the key 'question'; this one has {sorted(question)}")
    if choices is None:
        if not isinstance(answer, str):
            raise ValueError(f"the question {ask!r} has no choices, so its 'answer' must be a text")
        return ask, [("Show the answer", answer)]
    if isinstance(answer, bool) or not isinstance(answer, int) or not 0 <= answer < len(choices):
        raise ValueError(f"the question {ask!r} has {len(choices)} choices; its 'answer' must be a number from 0")
    folds = []
    for i, choice in enumerate(choices):
        text, reply = (choice, "") if isinstance(choice, str) else choice
        parts = ["*Right.*" if i == answer else "*Not so.*", reply, question.get("why", "") if i == answer else ""]
        folds.append((text, " ".join(part for part in parts if part)))
    return ask, folds


def _folds(folds: list[tuple[str, str]]) -> str:
    return "".join(f"<details><summary>{_inline(s)}</summary><p>{_inline(opened)}</p></details>" for s, opened in folds)


def _inline(text: str) -> str:
    """Text as HTML: escaped, then `code` and *emphasis*."""
    parts = re.split(r"`([^`]+)`", text)  # every second part is code
    return "".join(
        f"<code>{html.escape(part)}</code>"
        if i % 2
        else re.sub(r"\*([^*\s][^*]*)\*", r"<strong>\1</strong>", html.escape(part))
        for i, part in enumerate(parts)
    )
