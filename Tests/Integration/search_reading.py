"""What a search must find, read plainly: a second, independent reading of the same rules, for random queries."""

import re
import unicodedata
from dataclasses import dataclass
from random import Random

WEIGHTS = {"captureId": 8, "subject": 4, "attributes": 2, "messages": 1}
VOCABULARY = ["router", "Modem", "kaputt", "Malmö", "ÅSA", "x1", "x2", "7", "Straße", "café", "ab-9", "wi_fi", "Ελλάδα", "東京"]
FIELDS = ["note", "Place", "captureId", "subject", "text", "from"]


def words(text: str) -> list[str]:
    """Letters and digits, without case and accents; characters of scripts without blanks one by one."""
    found = []
    for run in re.findall(r"[\u3040-\u30ff\u3400-\u9fff]|(?:(?![\u3040-\u30ff\u3400-\u9fff])[^\W_])+", text):
        plain = unicodedata.normalize("NFKD", run).lower()
        found.append("".join(letter for letter in plain if not unicodedata.combining(letter)))
    return found


@dataclass(frozen=True)
class Term:
    text: str
    field: str | None
    words: list[str]
    is_prefix: bool
    is_excluded: bool


def random_term(random: Random) -> Term:
    picked = random.sample(VOCABULARY, random.choice([1, 1, 1, 2]))
    field = random.choice([None, None, None, *FIELDS])
    is_excluded = random.random() < 0.2
    text = picked[0] if len(picked) == 1 else f'"{" ".join(picked)}"'
    found = words(" ".join(picked))
    is_prefix = random.random() < 0.2
    if is_prefix:
        if len(picked) == 1 and found[-1].isascii() and len(found) == 1:
            # The beginning of a word.
            text = text[: max(1, len(text) - 1)]
            found = words(text)
        text += "*"
    text = ("-" if is_excluded else "") + (f"{field}:" if field else "") + text
    return Term(text, field.lower() if field else None, found, is_prefix, is_excluded)


def stands(term: Term, part: list[str]) -> bool:
    count = len(term.words)
    for start in range(len(part) - count + 1):
        *head, last = part[start : start + count]
        if head == term.words[:-1] and (last.startswith(term.words[-1]) if term.is_prefix else last == term.words[-1]):
            return True
    return False


Part = tuple[str, str, list[str]]


def parts(item: dict, emails: list[dict]) -> list[Part]:
    """Zone, field and words of everything that is searched."""
    found: list[Part] = [("captureId", "captureid", words(item["captureId"]))]
    for name, value in item["attributes"].items():
        found += [("attributes", "_".join(words(name)), words(text)) for text in _texts(value)]
    for email in emails:
        found.append(("subject", "subject", words(email.get("subject", ""))))
        found.append(("messages", "", words(email.get("text", ""))))
        for field, addresses in (("from", [email["from"]] if email["from"] else []), ("to", email["to"])):
            for address in addresses:
                found.append(("messages", field, words(f"{address.get('name', '')} {address['address']}")))
    return found


def _texts(value: object) -> list[str]:
    """What is read of an attribute: of lists each element, of nothing and of objects nothing."""
    if isinstance(value, list):
        return [text for element in value for text in _texts(element)]
    return [] if value is None or isinstance(value, dict) else [str(value).lower()]


def score(terms: list[Term], document: list[Part]) -> int | None:
    """What the document counts; None when it is not what is looked for."""
    total = 0
    for term in terms:
        zones = {
            zone
            for zone, field, part in document
            if (term.field is None or field == term.field or (term.field == "text" and zone == "messages")) and stands(term, part)
        }
        if term.is_excluded == bool(zones):
            return None
        if not term.is_excluded:
            total += sum(WEIGHTS[zone] for zone in zones)
    return total
