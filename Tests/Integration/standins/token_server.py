"""A token server for the accounts of the stack's own mail servers: its access tokens are taken by Dovecot and Exim."""

import base64
import hashlib
import hmac
import json
import time
from pathlib import Path

from standins.provider import Provider, Refusal, Request


class TokenServer(Provider):
    """Gives tokens for one account. Dovecot proves them by their signature, Exim looks them up in a file."""

    kind = "generic"

    def __init__(self, home: Path, address: str) -> None:
        super().__init__()
        self.home, self.address = home, address

    def new_token(self) -> str:
        now = int(time.time())
        claims = {"sub": self.address, "iat": now - 1, "exp": now + self.lifetime, "jti": super().new_token()}
        signed = ".".join(_part(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
        key = base64.b64decode((self.home / "keys/default/HS256/default").read_text())
        token = f"{signed}.{_part(hmac.new(key, signed.encode(), hashlib.sha256).digest())}"
        with (self.home / "tokens").open("a") as tokens:
            tokens.write(f"{token}: {self.address}\n")
        return token

    def route(self, request: Request) -> object:
        raise Refusal(404, {"error": "not_found"})


def _part(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
