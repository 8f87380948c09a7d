import pytest
from babel import Locale
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.liftoff.languages import language_code

EXAMPLES = {
    "en": "English|en|EN|en-US|en_GB|en_US.UTF-8|eng|British English|English (United States)|ENGLISH",
    "id": "Indonesia|Indonesian|Bahasa Indonesia|in|in_ID|id-ID",
    "zh": "中文|Chinese|Simplified Chinese|Chinese, Simplified|简体中文|繁體中文"
    "|zh-Hans-CN|zh_TW|cmn-Hant|yue-HK|中文 (简体)",
    "es": "español|Spanish|es-419|Español (España)|Spanish; Castilian|spa",
    "pt": "português|Português (Brasil)|Brazilian Portuguese|pt-BR",
    "ru": "русский|Русский|Russian|ru-RU",
    "he": "iw|iw_IL|he-IL|עברית|Hebrew",
    "tl": "fil|fil-PH|Filipino|Tagalog|tl",
    "ar": "العربية|Arabic|ar-001|Modern Standard Arabic",
    "de": "Deutsch|ger|deu|de_DE@euro|Swiss High German",
    "ja": "日本語|ja-JP|jpn",
    "vi": "Tiếng Việt|Vietnamese",
    "uz": "o\u2018zbek|o\u02bbzbek|o'zbek|Uzbek",
    "nb": "norsk bokmål|Norwegian Bokmål|nb-NO",
    "no": "norsk|no",
    "el": "Ελληνικά|Greek|Modern Greek|el",
    "sr": "srpski|српски|sr-Latn-RS",
}


@pytest.mark.parametrize(
    ("text", "code"), [(text, code) for code, texts in EXAMPLES.items() for text in texts.split("|")]
)
def test_names_and_locales_become_codes(text: str, code: str) -> None:
    """A name in English or in itself, and any form of locale, withdrawn and three-letter codes too."""
    assert language_code(text) == code
    assert language_code(f" {text}\n") == code


@pytest.mark.parametrize(
    "text", ["", "-", "xx", "und", "mul", "C", "tlh", "1", "foo", "English_US", "en&x=1"]
)
def test_what_names_no_language_has_no_code(text: str) -> None:
    """A guess would be told as a fact, so there is none."""
    assert language_code(text) is None


@pytest.mark.parametrize(
    "code", ["en", "fr", "ko", "th", "hi", "tr", "pl", "uk", "fa", "sv", "ms", "my", "bn"]
)
def test_a_language_knows_its_own_name(code: str) -> None:
    """What CLDR says a language is called, in English and in itself, is found."""
    locale = Locale(code)
    assert language_code(locale.get_display_name(code) or "") == code
    assert language_code(locale.get_display_name("en") or "") == code


# The first text that is no locale reads all names, which takes a second.
@settings(deadline=None)
@given(st.text())
def test_a_code_has_two_letters(text: str) -> None:
    """Whatever comes in, what goes out is a code of ISO 639-1 or nothing."""
    code = language_code(text)
    assert code is None or (len(code) == 2 and code.isascii() and code.islower())
