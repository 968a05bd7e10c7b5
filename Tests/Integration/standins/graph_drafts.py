"""Drafts of the Graph stand-in: attachments and upload sessions, after
https://learn.microsoft.com/graph/outlook-large-attachments."""

from __future__ import annotations

import base64
import re
import secrets
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from typing import TYPE_CHECKING

from standins.provider import Refusal, Request, Stored

if TYPE_CHECKING:
    from standins.graph import Graph

UPLOADS = "/upload/AttachmentSessions"
#: Bytes; less is posted, more is uploaded.
LEAST = 3 << 20


@dataclass
class Attachment:
    """What is attached to a draft."""

    name: str
    kind: str
    content: bytes
    content_id: str | None


@dataclass
class Session:
    """An upload that is not complete."""

    message: Stored
    item: dict
    token: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    content: bytearray = field(default_factory=bytearray)


class Drafts:
    """What belongs to the drafts of one mailbox besides their messages."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.attachments: dict[str, list[Attachment]] = {}
        self.sessions: dict[str, Session] = {}

    def attach(self, message: Stored, given: dict) -> object:
        assert given["@odata.type"] == "#microsoft.graph.fileAttachment"
        content = base64.b64decode(given["contentBytes"], validate=True)
        if len(content) >= LEAST:
            raise Refusal(413, {"error": {"code": "RequestBodyTooLarge", "message": "too large"}})
        return 201, self._add(message, given, content)

    def _add(self, message: Stored, given: dict, content: bytes) -> dict:
        assert ("contentId" in given) == bool(given.get("isInline"))
        found = self.attachments.setdefault(message.id, [])
        found.append(Attachment(given["name"], given["contentType"], content, given.get("contentId")))
        return {"id": f"{message.id}-{len(found)}"}

    def open(self, message: Stored, item: dict) -> object:
        assert item["attachmentType"] == "file"
        if item["size"] < LEAST:
            raise Refusal(400, {"error": {"code": "ErrorAttachmentSizeShouldNotBeLessThanMinimumSize"}})
        if item["size"] > 150 << 20:
            raise Refusal(413, {"error": {"code": "ErrorMessageSizeExceeded"}})
        name = secrets.token_hex(8)
        session = self.sessions[name] = Session(message, item)
        address = f"{self.graph.url}{UPLOADS}('{name}')?authtoken={session.token}"
        return 201, {"uploadUrl": address, "expirationDateTime": "2099-01-01T00:00:00Z", "nextExpectedRanges": ["0-"]}

    def _session(self, request: Request) -> tuple[str, Session | None]:
        name = re.fullmatch(re.escape(UPLOADS) + r"\('(\w+)'\)", request.path)[1]
        return name, self.sessions.get(name)

    def admits(self, request: Request) -> bool:
        _, session = self._session(request)
        return session is None or request.one("authtoken") == session.token

    def put(self, request: Request) -> object:
        name, session = self._session(request)
        if session is None or "drafts" not in session.message.places:
            raise Refusal(404, {"error": {"code": "ErrorItemNotFound", "message": "The upload session is gone."}})
        assert request.method == "PUT" and request.headers["content-type"] == "application/octet-stream"
        first, last, size = map(int, re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", request.headers["content-range"]).groups())
        assert size == session.item["size"] and len(request.body) == last + 1 - first
        if len(request.body) > 4_000_000:
            raise Refusal(413, {"error": {"code": "RequestBodyTooLarge", "message": "too large"}})
        if first != len(session.content) or last + 1 < size and len(request.body) % 327_680:
            raise Refusal(416, {"error": {"code": "InvalidRange", "message": "another range is expected"}})
        session.content += request.body
        if len(session.content) < size:
            return {"expirationDateTime": "2099-01-01T00:00:00Z", "nextExpectedRanges": [str(len(session.content))]}
        del self.sessions[name]
        self._add(session.message, session.item, bytes(session.content))
        return 201

    def whole(self, message: Stored) -> EmailMessage:
        """The message with what is attached to it, as the recipients get it."""
        made: EmailMessage = message_from_bytes(message.raw, _class=EmailMessage, policy=SMTP)
        for attachment in self.attachments.pop(message.id, []):
            kind, subtype = attachment.kind.split("/")
            if attachment.content_id:
                page = made.get_body(("html",))
                cid = f"<{attachment.content_id}>"
                page.add_related(attachment.content, kind, subtype, cid=cid, filename=attachment.name, disposition="inline")
            else:
                made.add_attachment(attachment.content, kind, subtype, filename=attachment.name)
        del made["Bcc"]
        return made
