"""A stand-in for mail in Microsoft Graph, after https://learn.microsoft.com/graph/api/resources/message."""

import base64
import json
import re
import secrets
import time
from datetime import UTC, datetime
from urllib.parse import quote

from standins.graph_drafts import UPLOADS, Drafts
from standins.provider import Provider, Refusal, Request, Stored, deliver

USER = "support@example.com"
GONE = {"error": {"code": "SyncStateNotFound", "message": "The sync state generation is not found."}}
#: The longest first of those that end alike.
ACTIONS = ("/attachments/createUploadSession", "/attachments", "/send", "/$value", "/move")
NOT_FOUND = {"error": {"code": "ErrorItemNotFound", "message": "The specified object was not found in the store."}}


class Graph(Provider):
    """One user's mailbox, asked for with application permissions or as oneself. Each change of a folder is numbered."""

    kind = "graph"
    inbox = "inbox"
    taken = "MillraceTaken"
    #: A delta with a filter ends after so many messages, and says nothing of the others.
    filtered_delta = 5_000

    def __init__(self) -> None:
        super().__init__()
        self.folders = {name: name for name in ("inbox", "sentitems", "deleteditems", "drafts")}
        self.drafts = Drafts(self)
        self.changes: list[tuple[str, str, str]] = []
        self.generation = 1

    def arrive(self, raw: bytes, folder: str = "inbox", at: float | None = None) -> str:
        with self.lock:
            # Graph's ids have characters that addresses do not take
            message = Stored(f"AAk/{secrets.token_hex(8)}+=", raw, time.time() if at is None else at, {folder})
            self.messages[message.id] = message
            self.changes.append((folder, "created", message.id))
            return message.id

    def forget(self) -> None:
        """Delta tokens given until now are too old."""
        with self.lock:
            self.generation += 1

    def place(self, subject: str) -> set[str]:
        names = {identifier: name for name, identifier in self.folders.items()}
        return {names[place] for place in self.stored(subject).places}

    def is_signed_in(self, request: Request) -> bool:
        # uploads go to another host, which gets no token of ours
        if request.path.startswith(UPLOADS):
            return "authorization" not in request.headers and self.drafts.admits(request)
        return super().is_signed_in(request)

    def in_folder(self, folder: str) -> list[Stored]:
        with self.lock:
            return [message for message in self.messages.values() if self.folders[folder] in message.places]

    def route(self, request: Request) -> object:
        if request.path.startswith(UPLOADS):
            return self.drafts.put(request)
        path = request.path.removeprefix("/v1.0")
        for prefix in (f"/users/{USER}/", "/me/"):
            if path.startswith(prefix):
                return self._mail(path.removeprefix(prefix), request)
        raise Refusal(404, {"error": {"code": "ErrorInvalidUser", "message": "The requested user is invalid."}})

    def _mail(self, path: str, request: Request) -> object:
        if path == "sendMail" and request.method == "POST":
            return self._send(request)
        if path == "messages" and request.method == "POST":
            message = self.store(self._mime(request), "drafts")
            return 201, {"id": message.id, "isDraft": True}
        if path == "mailFolders":
            return self._folder_list(request)
        if match := re.fullmatch(r"mailFolders/([^/]+)(/.*)?", path):
            if match[1] not in self.folders.values():
                raise Refusal(404, NOT_FOUND)
            return self._folder(match[1], match[2] or "", request)
        if path.startswith("messages/"):
            rest = path.removeprefix("messages/")
            action = next((action for action in ACTIONS if rest.endswith(action)), "")
            identifier = rest.removesuffix(action)
            if identifier not in self.messages:
                raise Refusal(404, NOT_FOUND)
            return self._message(self.messages[identifier], action, request)
        raise Refusal(404, NOT_FOUND)

    def _folder_list(self, request: Request) -> dict:
        if request.method == "POST":
            name = request.json["displayName"]
            self.folders[name] = f"folder-{len(self.folders)}"
            return {"id": self.folders[name], "displayName": name}
        name = re.fullmatch(r"displayName eq '(.*)'", request.one("$filter", ""))[1].replace("''", "'")
        return {"value": [{"id": self.folders[name], "displayName": name}] if name in self.folders else []}

    def _folder(self, folder: str, rest: str, request: Request) -> dict:
        here = [message for message in self.messages.values() if folder in message.places]
        if not rest:
            return {"id": folder, "unreadItemCount": sum(message.unread for message in here), "totalItemCount": len(here)}
        if rest == "/messages/delta":
            return self._delta(folder, request)
        if rest == "/messages" and request.one("$orderby") == "sentDateTime desc":
            return self._latest(folder, here, request)
        if rest == "/messages" and request.one("$orderby"):
            return self._by_date(folder, here, request)
        if rest == "/messages":
            wanted = re.fullmatch(r"internetMessageId eq '(.*)'", request.one("$filter", ""))[1].replace("''", "'")
            found = [message for message in here if message.parsed["Message-ID"] == wanted]
            return {"value": [{"id": message.id} for message in found]}
        raise Refusal(404, NOT_FOUND)

    def _by_date(self, folder: str, here: list[Stored], request: Request) -> dict:
        assert request.one("$orderby") == "receivedDateTime asc"
        since = re.fullmatch(r"receivedDateTime ge (\S+)", request.one("$filter"))[1]
        begin = datetime.fromisoformat(since).timestamp()
        found = sorted((message for message in here if int(message.received) >= begin), key=lambda message: int(message.received))
        skip, size = int(request.one("$skip", "0")), min(self.page, int(request.one("$top", "10")))
        page = found[skip : skip + size]
        selected = request.one("$select", "").split(",")
        entries = [{"id": one.id, "receivedDateTime": self._time(one), "categories": sorted(one.marks)} for one in page]
        answer: dict = {"value": [{name: entry[name] for name in selected} for entry in entries]}
        if skip + size < len(found):
            query = f"$select={','.join(selected)}&$orderby=receivedDateTime%20asc&$top={size}&$skip={skip + size}"
            query += f"&$filter={quote(request.one('$filter'))}"
            answer["@odata.nextLink"] = f"{self.url}/v1.0/users/{quote(USER)}/mailFolders/{folder}/messages?{query}"
        return answer

    def _latest(self, folder: str, here: list[Stored], request: Request) -> dict:
        since = datetime.fromisoformat(re.fullmatch(r"sentDateTime ge (\S+)", request.one("$filter"))[1]).timestamp()
        found = sorted((message for message in here if message.received >= since), key=lambda message: -message.received)
        skip, size = int(request.one("$skip", "0")), min(self.page, int(request.one("$top", "10")))
        answer: dict = {"value": [{"id": message.id} for message in found[skip : skip + size]]}
        if skip + size < len(found):
            query = f"$orderby=sentDateTime%20desc&$top={size}&$filter={quote(request.one('$filter'))}&$skip={skip + size}"
            answer["@odata.nextLink"] = f"{self.url}/v1.0/users/{quote(USER)}/mailFolders/{folder}/messages?{query}"
        return answer

    def _delta(self, folder: str, request: Request) -> dict:
        base = f"{self.url}/v1.0/users/{quote(USER)}/mailFolders/{folder}/messages/delta"
        token = request.one("$deltatoken") or request.one("$skiptoken")
        if token:
            state = json.loads(base64.urlsafe_b64decode(token))
            if state["generation"] != self.generation:
                raise Refusal(410, GONE)
        else:
            given = request.one("$filter", "receivedDateTime ge 1970-01-01T00:00:00Z")
            since = re.fullmatch(r"receivedDateTime ge (\S+)", given)[1]
            created_only = request.one("changeType") == "created"
            state = {"generation": self.generation, "from": 0, "since": since, "createdOnly": created_only, "told": 0}
            state["begun"] = len(self.changes)
        preferred = re.search(r"odata\.maxpagesize=(\d+)", request.headers.get("prefer", ""))
        size = min(self.page, int(preferred[1]) if preferred else 10)
        page, position = [], state["from"]
        since = datetime.fromisoformat(state["since"]).timestamp()
        while position < len(self.changes) and len(page) < size:
            place, kind, identifier = self.changes[position]
            position += 1
            message = self.messages.get(identifier)
            if place != folder or state["createdOnly"] and kind != "created":
                continue
            if kind == "deleted" or message is None or folder not in message.places:
                page.append({"id": identifier, "@removed": {"reason": "deleted"}})
            # Graph keeps whole seconds.
            elif int(message.received) >= since:
                state["told"] += 1
                if position > state["begun"] or state["told"] <= self.filtered_delta:
                    page.append({"@odata.etag": "x", "id": identifier, "receivedDateTime": self._time(message)})
        state["from"] = position
        token = base64.urlsafe_b64encode(json.dumps(state).encode()).decode()
        link = "$skiptoken" if position < len(self.changes) else "$deltatoken"
        return {
            "@odata.context": f"{self.url}/v1.0/$metadata#Collection(message)",
            "value": page,
            "@odata.nextLink" if link == "$skiptoken" else "@odata.deltaLink": f"{base}?{link}={quote(token)}",
        }

    def _message(self, message: Stored, action: str, request: Request) -> object:
        folder = next(iter(message.places))
        match request.method, action:
            case "GET", "" if "internetMessageHeaders" in request.one("$select", ""):
                headers = [{"name": name, "value": value} for name, value in message.parsed.items()]
                identifier = message.parsed["Message-ID"]
                return {"id": message.id, "internetMessageId": identifier, "internetMessageHeaders": headers}
            case "GET", "":
                return {"id": message.id, "receivedDateTime": self._time(message)}
            case "GET", "/$value":
                return message.raw
            case "PATCH", "":
                message.unread = not request.json.get("isRead", not message.unread)
                message.marks = set(request.json.get("categories", message.marks))
                self.changes.append((folder, "updated", message.id))
                return {"id": message.id}
            case "POST", "/move":
                target = request.json["destinationId"]
                message.places = {target}
                self.changes += [(folder, "deleted", message.id), (target, "created", message.id)]
                return {"id": message.id}
            case "POST", "/send" if message.places == {"drafts"}:
                assert request.headers["content-length"] == "0"
                message.raw = self.as_sent(message.raw)
                self.sent.append(self.drafts.whole(message))
                # who looks for it later looks at its head; it is a copy of the draft
                del self.messages[message.id]
                self.store(deliver(message.raw), "sentitems")
                return 202
            case "POST", "/attachments" if message.places == {"drafts"}:
                return self.drafts.attach(message, request.json)
            case "POST", "/attachments/createUploadSession" if message.places == {"drafts"}:
                return self.drafts.open(message, request.json["AttachmentItem"])
            case "DELETE", "":
                message.places = {"deleteditems"}
                self.changes.append((folder, "deleted", message.id))
                return 204
        raise Refusal(405, {"error": {"code": "MethodNotAllowed", "message": "no"}})

    def _send(self, request: Request) -> int:
        message = self.store(self.as_sent(deliver(self._mime(request))), "sentitems")
        self.sent.append(message.parsed)
        return 202

    def store(self, raw: bytes, folder: str) -> Stored:
        """A message of ours, in a folder."""
        message = Stored(f"AAk/{secrets.token_hex(8)}+=", raw, time.time(), {folder}, unread=False)
        self.messages[message.id] = message
        self.changes.append((folder, "created", message.id))
        return message

    @staticmethod
    def _mime(request: Request) -> bytes:
        assert request.headers["content-type"] == "text/plain"
        if len(request.body) > 4_000_000:
            raise Refusal(413, {"error": {"code": "RequestBodyTooLarge", "message": "too large"}})
        return base64.b64decode(request.body, validate=True)

    @staticmethod
    def _time(message: Stored) -> str:
        return datetime.fromtimestamp(message.received, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
