"""ISO 639-1 codes of languages, from whatever a device says: a name, in English or in itself, or a locale.

Names are those of Unicode's CLDR (by Babel) and of ISO 639 (by pycountry). Each of the three lists is read
when a text first needs it.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Final

_LOCALE = re.compile(r"([A-Za-z]{2,3})(?:[-_@.#][A-Za-z0-9@.\-_#=+]*)?")
_BRACKETS = re.compile(r"\s*[(\[\uff08].*?[)\]\uff09]\s*")
_APOSTROPHES = re.compile("[\u02bb\u02bc\u2018\u2019`]")
_SCRIPT_LETTERS: Final = 4
# ISO 639-1 has no code of their own for these; it is that of the language they are a form of.
_FORMS: Final = {"fil": "tl", "yue": "zh", "hbs": "sr", "sh": "sr", "mol": "ro", "zlm": "ms"}
# What systems write besides CLDR and ISO.
_NAMES_IN_USE: Final = {
    "bahasa indonesia": "id",
    "bahasa melayu": "ms",
    "bahasa malaysia": "ms",
    "mandarin": "zh",
    "cantonese": "zh",
    "farsi": "fa",
    "tagalog": "tl",
    "flemish": "nl",
    "norwegian bokmal": "nb",
    "brazilian portuguese": "pt",
    "castilian": "es",
    "castellano": "es",
    "kiswahili": "sw",
}


@lru_cache(maxsize=4096)
def language_code(text: str) -> str | None:
    """Give the ISO 639-1 code of a language's name or of any form of locale; None where it is neither."""
    spelled = text.strip()
    return _code_of_locale(spelled) or _code_of_name(spelled)


def _code_of_locale(text: str) -> str | None:
    found = _LOCALE.fullmatch(text)
    return _codes().get(found[1].lower()) if found else None


def _code_of_name(text: str) -> str | None:
    names = _candidates(text)
    for known in (_english_names, _own_names):
        code = next((known()[name] for name in names if name in known()), None)
        if code:
            return code
    return None


def _candidates(text: str) -> tuple[str, ...]:
    """Give the forms of a name to look for: whole, without its brackets, and what commas part."""
    whole = _fold(text)
    bare = _fold(_BRACKETS.sub(" ", text))
    return tuple(dict.fromkeys((whole, bare, *(_fold(part) for part in re.split(r"[,;/\u2013]", bare)))))


def _fold(name: str) -> str:
    plain = _APOSTROPHES.sub("'", unicodedata.normalize("NFKC", name))
    return " ".join(plain.casefold().split())


@cache
def _codes() -> dict[str, str]:
    """Map two- and three-letter codes, withdrawn and bibliographic ones too, to those of ISO 639-1."""
    import pycountry  # noqa: PLC0415 - its lists cost 150 ms, and not every process maps rows
    from babel.core import get_global  # noqa: PLC0415 - as above

    current = [language for language in pycountry.languages if hasattr(language, "alpha_2")]
    codes = {language.alpha_2: language.alpha_2 for language in current}
    for language in current:
        codes[language.alpha_3] = language.alpha_2
        codes[getattr(language, "bibliographic", language.alpha_3)] = language.alpha_2
    for alias, target in get_global("language_aliases").items():
        codes.setdefault(alias, codes.get(target, _FORMS.get(target, "")))
    return {code: known for code, known in {**codes, **_FORMS}.items() if known}


@cache
def _english_names() -> dict[str, str]:
    import pycountry  # noqa: PLC0415 - its lists cost 150 ms, and not every process maps rows
    from babel import Locale  # noqa: PLC0415 - as above

    names: dict[str, str] = {}
    for locale, name in Locale("en").languages.items():
        if code := _codes().get(locale.split("_")[0]):
            names[_fold(name)] = code
    for language in pycountry.languages:
        if code := getattr(language, "alpha_2", None):
            for name in _candidates(language.name):
                names.setdefault(name, code)
    return {**names, **_NAMES_IN_USE}


@cache
def _own_names() -> dict[str, str]:
    """Map what languages call themselves, in each of their scripts."""
    from babel import Locale  # noqa: PLC0415 - reading 360 locales costs a second, once a process at most
    from babel.localedata import locale_identifiers  # noqa: PLC0415 - as above

    names: dict[str, str] = {}
    for identifier in sorted(locale_identifiers()):
        language, *rest = identifier.split("_")
        code = _codes().get(language)
        if code and all(len(part) == _SCRIPT_LETTERS for part in rest):
            for name in _names_in(Locale.parse(identifier), language):
                names.setdefault(name, code)
    return names


def _names_in(locale: object, language: str) -> Iterator[str]:
    for known, name in getattr(locale, "languages", {}).items():
        if known.split("_")[0] == language:
            yield _fold(name)
