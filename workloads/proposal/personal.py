"""Columns that may identify a person, by their names and by what their values look like: suspected, never decided."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

_SHARE = 0.5  # of the values that are looked at
_MOST_DIGITS = 34

#: Words of a column's name, and what they stand for. Whole words: `mailing_list` is no mail, `tel` is in `hotel`.
_NAMES: tuple[tuple[str, str], ...] = (
    (r"e?mail(address)?", "e-mail addresses"),
    (r"(tele)?phone(no|number)?|mobile(no|number)?|tel|fax|telefon|handy", "telephone numbers"),
    (r"iban|bic|kontonummer|account(no|number)", "bank accounts"),
    (r"credit ?card|card ?(no|number)|pan", "payment cards"),
    (r"ssn|social ?security( ?(no|number))?|nin|national ?(id|insurance)|tax ?(id|no|number)|passport( ?(no|number))?|"
     r"steuer ?(id|nummer)|ausweis( ?nummer)?|sozialversicherungsnummer|svnr|ahv|pesel|bsn|nif|dni|cpf|aadhaar",
     "national numbers of persons"),
    (r"(first|last|given|family|middle|full|sur|maiden|user|customer|patient|client|person|employee) ?name|surname|"
     r"forename|vorname|nachname|familienname|nom|prenom", "names of persons"),
    (r"address|street|strasse|house ?(no|number)|hausnummer|anschrift|post ?code|postal ?code|"
     r"zip( ?code)?|plz", "addresses"),
    (r"dob|birth( ?(date|day))?|date ?of ?birth|born|geburts(datum|tag)|geboren", "dates of birth"),
    (r"ip( ?addr(ess)?)?|mac ?address|device ?id|imei|latitude|longitude|lat|lon|gps", "devices or places of persons"),
)  # fmt: skip
_WORDS = [(re.compile(rf"(^| )({pattern})( |$)"), meaning) for pattern, meaning in _NAMES]
_EMAIL = re.compile(r"[^@\s,;]+@[^@\s,;]+\.[A-Za-z]{2,}")
_PHONE = re.compile(
    r"(\+|00)[1-9][0-9 ()/.-]{6,18}|\(?0[0-9]{2,5}\)?[ /-][0-9][0-9 -]{4,12}|\(?[0-9]{3}\)?[ .-][0-9]{3}[ .-][0-9]{4}"
)
_SSN = re.compile(r"[0-9]{3}-[0-9]{2}-[0-9]{4}")
_IP = re.compile(r"((25[0-5]|2[0-4][0-9]|1?[0-9]{1,2})\.){3}(25[0-5]|2[0-4][0-9]|1?[0-9]{1,2})")
_PERSON = re.compile(r"[A-ZÀ-Þ][\w'-]+,? ([A-Z]\. )?[A-ZÀ-Þ][\w'-]+( [A-ZÀ-Þ][\w'-]+)?")


def suspicion(name: str, sample: Sequence[str]) -> str | None:
    """Why a column may identify persons, from its name and different values of it; None if nothing says so."""
    words = re.sub(r"[\W_]+", " ", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)).strip().lower()
    for pattern, meaning in _WORDS:
        if pattern.search(words):
            return f"its name says {meaning}"
    for looks, meaning, share in _PATTERNS:
        if sample and sum(map(looks, sample)) >= share * len(sample):
            return f"its values look like {meaning}"
    return None


def is_iban(text: str) -> bool:
    """Whether the check digits of an IBAN hold (ISO 13616: the number formed by its letters and digits is 1 mod 97)."""
    found = text.replace(" ", "").upper()
    if not re.fullmatch(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}", found) or len(found) > _MOST_DIGITS:
        return False
    return int("".join(str(int(letter, 36)) for letter in found[4:] + found[:4])) % 97 == 1


def is_card(text: str) -> bool:
    """Whether the check digit of a payment card holds (ISO/IEC 7812: Luhn) and the first is one of the networks'."""
    digits = re.sub(r"[ -]", "", text)
    if not re.fullmatch(r"[3-6][0-9]{12,18}", digits):
        return False
    doubled = [int(digit) * (1 + index % 2) for index, digit in enumerate(reversed(digits))]
    return sum(digit - 9 if digit > 9 else digit for digit in doubled) % 10 == 0


_PATTERNS: tuple[tuple[Callable[[str], bool], str, float], ...] = (
    (lambda text: bool(_EMAIL.fullmatch(text)), "e-mail addresses", _SHARE),
    (is_iban, "bank accounts (IBAN)", _SHARE),
    (is_card, "payment cards", 0.8),
    (lambda text: bool(_SSN.fullmatch(text)), "social security numbers", _SHARE),
    (lambda text: bool(_IP.fullmatch(text)), "IP addresses", 0.8),
    (lambda text: bool(_PHONE.fullmatch(text)), "telephone numbers", _SHARE),
    (lambda text: bool(_PERSON.fullmatch(text)), "names of persons", 0.8),
)
