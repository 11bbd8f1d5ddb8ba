"""What a company's name is without its legal form, case, width and punctuation."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from unicodedata import combining

_FORMS = {
    "limited": "ltd limited", "private": "pte pty pvt private", "inc": "inc incorporated", "corp": "corp corporation",
    "plc": "plc", "llc": "llc", "llp": "llp", "lp": "lp", "company": "co company cie", "gmbh": "gmbh", "ug": "ug",
    "ag": "ag", "kg": "kg kgaa", "ohg": "ohg", "ek": "ek", "se": "se", "sa": "sa", "sas": "sas", "sarl": "sarl",
    "sl": "sl slu", "srl": "srl", "spa": "spa", "bv": "bv", "nv": "nv", "ab": "ab", "oy": "oy oyj", "as": "as asa",
    "aps": "aps", "sro": "sro", "spzoo": "spzoo", "kft": "kft", "kk": "kk", "ltda": "ltda", "lda": "lda",
}  # fmt: skip
_FORM_OF = {word: form for form, words in _FORMS.items() for word in words.split()}
"""Legal forms by the words that name them at a name's end."""

_WRITTEN_TOGETHER = {
    "股份有限公司": "joint_stock",
    "股份公司": "joint_stock",
    "有限责任公司": "limited",
    "有限責任公司": "limited",
    "有限公司": "limited",
    "株式会社": "kk",
    "株式會社": "kk",
    "公司": "company",
}
"""Legal forms that stand at a name's end without a blank, the longer before those that end like them."""

_KANA = "\u3099\u309a"  # marks that make another sound, not an accent

_NOT_TOLD_APART = "company"  # a company with and without this word is the same one


@dataclass(frozen=True, slots=True)
class CompanyName:
    """A name: its `words` without the legal form, these in one piece (`core`), the numbers in it, its legal form.

    Two names without a legal form, or with several, are compared as they are; `form` is empty where none is named.
    """

    core: str
    words: tuple[str, ...]
    numbers: tuple[str, ...]
    form: frozenset[str]


def company_name(name: str) -> CompanyName:
    """Take a name apart.

    >>> company_name("ＡＣＭＥ Trading Co., Ltd.").core
    'acmetrading'
    >>> company_name("北京华兴贸易有限责任公司").core
    '北京华兴贸易'
    """
    words, forms = plain(name).split(), set()
    while words:
        end = words[-1]
        together = next((each for each in _WRITTEN_TOGETHER if end.endswith(each)), None)
        if together is not None:
            rest, form = end.removesuffix(together), _WRITTEN_TOGETHER[together]
        elif end in _FORM_OF:
            rest, form = "", _FORM_OF[end]
        else:
            break
        if not rest and len(words) == 1:
            break  # nothing would be left of it
        words[-1:] = [rest] if rest else []
        forms.add(form)
    core = "".join(words)
    return CompanyName(core, tuple(words), tuple(re.findall(r"\d+", core)), frozenset(forms - {_NOT_TOLD_APART}))


def plain(text: str) -> str:
    """Return words in one case and width, without accents and punctuation.

    >>> plain("Müller & Söhne, S.A.")
    'muller sohne sa'
    """
    bare = text.casefold() if text.isascii() else _bare(text)
    together = re.sub(r"[.'’`·]", "", bare)
    return " ".join(word for word in re.sub(r"[\W_]+", " ", together).split() if word != "and")


def _bare(text: str) -> str:
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    return unicodedata.normalize("NFC", "".join(each for each in folded if each in _KANA or not combining(each)))
