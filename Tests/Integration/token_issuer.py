"""An OpenID Connect issuer on 127.0.0.1: signs tokens, publishes its keys, counts who asks for them."""

import base64
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

AUDIENCE = "millrace"


class TokenIssuer:
    """Two keys, `rsa` for RS256 and `ec` for ES256, and an address where their public halves are."""

    def __init__(self) -> None:
        self.rsa = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.ec = ec.generate_private_key(ec.SECP256R1())
        self.stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.fetches = 0
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.fetches += 1
                body = json.dumps(issuer.key_set).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @property
    def key_set(self) -> dict:
        """The public keys, as at an issuer's jwks_uri."""
        keys = []
        for name, algorithm, key in (("rsa", RSAAlgorithm, self.rsa), ("ec", ECAlgorithm, self.ec)):
            keys.append({**algorithm.to_jwk(key.public_key(), as_dict=True), "kid": name, "use": "sig"})
        return {"keys": keys}

    @property
    def public_pem(self) -> bytes:
        """The RSA key's public half, which everybody knows."""
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return self.rsa.public_key().public_bytes(serialization.Encoding.PEM, form)

    def settings(self) -> dict[str, str]:
        """What an instance needs in order to accept the tokens."""
        trusted = {"issuer": self.url, "audience": AUDIENCE, "jwksUrl": f"{self.url}/keys", "tenantClaim": "tenant"}
        return {"JWT_ISSUERS": json.dumps([trusted]), "OUTBOUND_ALLOW": "127.0.0.1"}

    def claims(self, tenant: str | None, roles: object, **changed: object) -> dict:
        """Claims that are accepted, unless `changed` says otherwise; a claim of None is left out."""
        claims = {
            "iss": self.url, "aud": AUDIENCE, "sub": "somebody@example.org", "exp": int(time.time()) + 600,
            "tenant": tenant, "roles": roles, **changed,
        }  # fmt: skip
        return {name: value for name, value in claims.items() if value is not None}

    def token(self, tenant: str | None, roles: list[str], *, kid: str | None = "rsa", **changed: object) -> str:
        """A token by the key of that name."""
        key, algorithm = (self.ec, "ES256") if kid == "ec" else (self.rsa, "RS256")
        headers = {"kid": kid} if kid else None
        return jwt.encode(self.claims(tenant, roles, **changed), key, algorithm=algorithm, headers=headers)

    def sign(self, claims: dict) -> str:
        """A token of these claims, whatever they say."""
        return jwt.PyJWS().encode(json.dumps(claims).encode(), self.rsa, algorithm="RS256", headers={"kid": "rsa"})

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def parts(token: str) -> tuple[dict, dict, str]:
    """Header, claims and signature of a token."""
    header, claims, signature = token.split(".")
    return (*(json.loads(base64.urlsafe_b64decode(part + "==")) for part in (header, claims)), signature)


def joined(header: dict, claims: dict, signature: str) -> str:
    """A token with these parts, whether or not the signature holds."""

    def text(part: dict) -> str:
        return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()

    return f"{text(header)}.{text(claims)}.{signature}"
