"""Citations as each language writes them: ``42(3)(a)`` is *art. 42, par. 3 a)* in French and 第42条第3款(a)项 in Chinese."""

from __future__ import annotations

import re
from dataclasses import dataclass

_REFERENCE = re.compile(r"(?P<article>\b\d+)?(?P<rest>(?:\([0-9]{1,2}\)|\([a-z]\))+)|(?P<alone>\b\d+)")
_PART = re.compile(r"\((\w+)\)")
_ARABIC_LETTERS = dict(
    zip("abcdefghijklmno", ["أ", "ب", "ج", "د", "هـ", "و", "ز", "ح", "ط", "ي", "ك", "ل", "م", "ن", "س"], strict=True)
)


@dataclass(frozen=True, slots=True)
class _Form:
    """How a language writes an article, a paragraph after it, one more paragraph, a letter."""

    article: str
    paragraph: str
    more: str
    letter: str


_FORMS = {
    "ar": _Form("المادة {}", "، الفقرة {}", "الفقرة {}", " ({})"),
    "zh": _Form("第{}条", "第{}款", "第{}款", "({})项"),
    "fr": _Form("art. {}", ", par. {}", "par. {}", " {})"),
    "ru": _Form("ст. {}", ", п. {}", "п. {}", " {})"),
    "es": _Form("art. {}", ", párr. {}", "párr. {}", " {})"),
}


def cited(article: str, language: str) -> str:
    """The articles named (``42(1),(3)``, ``41(3)(e), 2(o)``) in the form of the language; what is not a citation stays as it is."""
    form = _FORMS.get(language)
    if form is None:
        return f"Art. {article}"
    joined = re.sub(r",\s*", "、" if language == "zh" else "، " if language == "ar" else ", ", article)
    return _REFERENCE.sub(lambda match: _spelled(match, form), joined)


def _spelled(match: re.Match[str], form: _Form) -> str:
    if match["alone"]:
        return form.article.format(match["alone"])
    text = form.article.format(match["article"]) if match["article"] else ""
    for part in _PART.findall(match["rest"]):
        if part.isdigit():
            text += (form.paragraph if text else form.more).format(part)
        else:
            text += form.letter.format(_ARABIC_LETTERS.get(part, part) if form is _FORMS["ar"] else part)
    return text.strip()
