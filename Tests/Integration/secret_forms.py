"""How a secret may stand in what somebody wrote down."""

import base64
import json
from urllib.parse import quote


def forms(secret: str) -> list[str]:
    """As it is, in JSON, in an address, and in base64 wherever it begins in what was encoded, as SASL puts it."""
    encoded = []
    for shift in range(3):
        text = base64.b64encode(b"\0" * shift + secret.encode()).decode()
        # The characters that are the secret's alone.
        encoded.append(text[-(-8 * shift // 6) : 8 * (shift + len(secret.encode())) // 6])
    # IMAP quotes as JSON does.
    quoted = [json.dumps(secret, ensure_ascii=ascii)[1:-1] for ascii in (True, False)]
    return [secret, *quoted, quote(secret, safe=""), *encoded]


def found(secrets: dict[str, str], text: str) -> list[str]:
    """The names of those secrets that stand in a text, in any form."""
    return [name for name, secret in secrets.items() if any(form in text for form in forms(secret))]
