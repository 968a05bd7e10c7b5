"""A stand-in for the Gmail API, after https://developers.google.com/workspace/gmail/api/reference/rest."""

import base64
import re
import secrets
import time

from standins.provider import Provider, Refusal, Request, Stored, deliver

NOT_FOUND = {"error": {"code": 404, "message": "Requested entity was not found.", "status": "NOT_FOUND"}}
INVALID = {"error": {"code": 400, "message": "Invalid label", "errors": [{"reason": "invalidArgument"}]}}


class Gmail(Provider):
    """One user's mailbox. Labels are folders; each change has a history id."""

    kind = "gmail"
    inbox = "INBOX"
    taken = "MillraceTaken"

    def __init__(self) -> None:
        super().__init__()
        self.labels = {"INBOX": "INBOX", "UNREAD": "UNREAD", "SENT": "SENT", "TRASH": "TRASH"}
        self.history: list[dict] = []
        self.history_id = 1000
        self.oldest = 1000

    def arrive(self, raw: bytes, folder: str = "INBOX", at: float | None = None) -> str:
        with self.lock:
            message = Stored(secrets.token_hex(8), raw, time.time() if at is None else at, {folder})
            self.messages[message.id] = message
            self._note("messagesAdded", message, list(message.places))
            return message.id

    def forget(self) -> None:
        """History ids given until now are too old."""
        with self.lock:
            self.history_id += 100
            self.oldest = self.history_id
            self.history.clear()

    def place(self, subject: str) -> set[str]:
        """The folders of a message by name, besides what marks it."""
        names = {identifier: name for name, identifier in self.labels.items()}
        return {names.get(place, place) for place in self.stored(subject).places}

    def _note(self, kind: str, message: Stored, labels: list[str]) -> None:
        self.history_id += 1
        change: dict = {"message": {"id": message.id, "threadId": message.id, "labelIds": self._labels(message)}}
        if kind != "messagesAdded":
            change["labelIds"] = labels
        self.history.append({"id": str(self.history_id), "messages": [{"id": message.id}], kind: [change]})

    def _labels(self, message: Stored) -> list[str]:
        return sorted(message.places | ({"UNREAD"} if message.unread else set()))

    def route(self, request: Request) -> object:
        path = request.path
        if path == "/upload/gmail/v1/users/me/messages/send" and request.method == "POST":
            return self._send(request)
        if not path.startswith("/gmail/v1/users/me/"):
            raise Refusal(404, NOT_FOUND)
        rest = path.removeprefix("/gmail/v1/users/me/").split("/")
        match request.method, rest:
            case "GET", ["profile"]:
                return {"emailAddress": "me@example.com", "messagesTotal": len(self.messages), "historyId": str(self.history_id)}
            case "GET", ["labels"]:
                return {"labels": [{"id": identifier, "name": name} for name, identifier in self.labels.items()]}
            case "POST", ["labels"]:
                if request.json["name"] in self.labels:
                    raise Refusal(409, {"error": {"code": 409, "message": "Label name exists or conflicts"}})
                self.labels[request.json["name"]] = f"Label_{len(self.labels)}"
                return {"id": self.labels[request.json["name"]], "name": request.json["name"]}
            case "GET", ["labels", label]:
                unread = sum(label in message.places and message.unread for message in self.messages.values())
                return {"id": label, "name": label, "messagesUnread": unread}
            case "GET", ["history"]:
                return self._history(request)
            case "GET", ["messages"]:
                return self._list(request)
            case "GET", ["messages", identifier]:
                return self._get(identifier, request)
            case "POST", ["messages", "batchModify"]:
                return self._modify(request.json)
            case "POST", ["messages", identifier, "trash"]:
                message = self.messages[identifier]
                message.places = {"TRASH"}
                self._note("labelsAdded", message, ["TRASH"])
                return {"id": identifier}
        raise Refusal(404, NOT_FOUND)

    def _pages(self, entries: list, request: Request) -> tuple[list, dict]:
        start = int(request.one("pageToken", "0"))
        size = min(self.page, int(request.one("maxResults", "100")))
        more = {"nextPageToken": str(start + size)} if start + size < len(entries) else {}
        return entries[start : start + size], more

    def _history(self, request: Request) -> dict:
        start = int(request.one("startHistoryId", "0"))
        if start < self.oldest:
            raise Refusal(404, NOT_FOUND)
        label, kinds = request.one("labelId"), request.query.get("historyTypes", [])
        names = {"messageAdded": "messagesAdded", "labelAdded": "labelsAdded", "labelRemoved": "labelsRemoved"}
        wanted = {names[kind] for kind in kinds} or set(names.values())

        def fits(entry: dict) -> bool:
            changes = [entry[kind][0] for kind in wanted if kind in entry]
            return any(label is None or label in change["message"]["labelIds"] + change.get("labelIds", []) for change in changes)

        entries = [entry for entry in self.history if int(entry["id"]) > start and fits(entry)]
        page, more = self._pages(entries, request)
        # without a change the member is missing
        return {**({"history": page} if page else {}), "historyId": str(self.history_id), **more}

    def _list(self, request: Request) -> dict:
        query = request.one("q", "")
        found = sorted(self.messages.values(), key=lambda message: -message.received)
        for label in request.query.get("labelIds", []):
            found = [message for message in found if label in message.places]
        if without := re.search(r"-label:(\S+)", query):
            names = {name.lower(): label for name, label in self.labels.items()}
            found = [message for message in found if names.get(without[1].lower()) not in message.places]
        if after := re.search(r"after:(\d+)", query):
            found = [message for message in found if message.received >= int(after[1])]
        if identifier := re.search(r"rfc822msgid:(\S+)", query):
            found = [message for message in found if message.parsed["Message-ID"].strip("<>") == identifier[1].strip("<>")]
        if "in:sent" in query:
            found = [message for message in found if "SENT" in message.places]
        page, more = self._pages(found, request)
        messages = [{"id": message.id, "threadId": message.id} for message in page]
        return {**({"messages": messages} if messages else {}), "resultSizeEstimate": len(found), **more}

    def _get(self, identifier: str, request: Request) -> dict:
        if identifier not in self.messages:
            raise Refusal(404, NOT_FOUND)
        message = self.messages[identifier]
        if request.one("format") == "metadata":
            wanted = {name.lower() for name in request.query["metadataHeaders"]}
            headers = [{"name": name, "value": value} for name, value in message.parsed.items() if name.lower() in wanted]
            return {"id": message.id, "labelIds": self._labels(message), "payload": {"mimeType": "text/plain", "headers": headers}}
        assert request.one("format") == "raw"
        return {
            "id": message.id,
            "threadId": message.id,
            "labelIds": self._labels(message),
            "snippet": 'a "raw": "snippet" {',
            "sizeEstimate": len(message.raw),
            "raw": base64.urlsafe_b64encode(message.raw).decode(),
            "historyId": str(self.history_id),
            "internalDate": str(int(message.received * 1000)),
        }

    def _modify(self, body: dict) -> int:
        known = set(self.labels.values())
        for label in body.get("addLabelIds", []) + body.get("removeLabelIds", []):
            if label not in known:
                raise Refusal(400, INVALID)
        for identifier in body["ids"]:
            message = self.messages[identifier]
            for label in body.get("removeLabelIds", []):
                message.unread = message.unread and label != "UNREAD"
                message.places.discard(label)
                self._note("labelsRemoved", message, [label])
            for label in body.get("addLabelIds", []):
                message.places.add(label)
                self._note("labelsAdded", message, [label])
            message.marks = {name for name, label in self.labels.items() if label in message.places}
        return 204

    def _send(self, request: Request) -> dict:
        assert request.one("uploadType") == "media" and request.headers["content-type"] == "message/rfc822"
        message = Stored(secrets.token_hex(8), self.as_sent(deliver(request.body)), time.time(), {"SENT"}, unread=False)
        self.messages[message.id] = message
        self.sent.append(message.parsed)
        self._note("messagesAdded", message, ["SENT"])
        return {"id": message.id, "threadId": message.id, "labelIds": ["SENT"]}
