"""What the service promises in its OpenAPI and AsyncAPI documents, as checks of answers and messages.

The checks are stricter than the documents: what a document does not mention must not be there either, so that neither
falls behind the service.
"""

import copy
import re
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

import httpx
import yaml
from jsonschema import Draft7Validator, Draft202012Validator, FormatChecker

ASYNCAPI_FILE = Path(__file__).resolve().parents[2] / "deploy/asyncapi.yaml"

_formats = FormatChecker(formats=["uuid"])
_moment = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


@_formats.checks("date-time")
def _is_date_time(value: object) -> bool:
    return not isinstance(value, str) or _moment.fullmatch(value) is not None


def references(node: object) -> set[str]:
    """Every `$ref` below a node."""
    if isinstance(node, dict):
        found = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
        return found.union(*(references(value) for value in node.values()))
    if isinstance(node, list):
        return set().union(*(references(value) for value in node))
    return set()


def look_up(document: dict, reference: str) -> object:
    """What `#/a/b` leads to; KeyError when it leads nowhere."""
    node: object = document
    for step in reference.removeprefix("#/").split("/"):
        node = node[unquote(step).replace("~1", "/").replace("~0", "~")]
    return node


def closed(document: dict) -> dict:
    """A copy in which an object has no members but those that its schema mentions.

    What `allOf` puts together is left open: each part of it mentions some of the members only.
    """
    document = copy.deepcopy(document)
    parts = [part for node in _dictionaries(document) for part in node.get("allOf", [])]
    open_parts = {id(look_up(document, part["$ref"]) if "$ref" in part else part) for part in parts}
    for node in _dictionaries(document["components"]["schemas"]):
        types = node.get("type")
        is_object = types == "object" or (isinstance(types, list) and "object" in types)
        if is_object and "properties" in node and id(node) not in open_parts:
            node.setdefault("additionalProperties", False)
    return document


def _dictionaries(node: object) -> list[dict]:
    if isinstance(node, dict):
        return [node, *(found for value in node.values() for found in _dictionaries(value))]
    if isinstance(node, list):
        return [found for value in node for found in _dictionaries(value)]
    return []


class OpenAPI:
    """The document that an instance serves."""

    def __init__(self, document: dict) -> None:
        self.document = document
        self._closed = closed(document)
        self._validators: dict[str, Draft202012Validator] = {}
        base = document["servers"][0]["url"]
        self._paths = [
            (re.compile(base + re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(path))), path) for path in document["paths"]
        ]
        # A literal segment wins over a parameter.
        self._paths.sort(key=lambda entry: entry[1].count("{"))

    @staticmethod
    def of(url: str) -> "OpenAPI":
        """Of the instance at that address."""
        return OpenAPI(httpx.get(f"{url}/iwd/v3/openapi.json", timeout=10).raise_for_status().json())

    def resolved(self, node: dict) -> dict:
        """The node, or what it refers to."""
        return look_up(self.document, node["$ref"]) if "$ref" in node else node

    def operation(self, method: str, path: str) -> dict | None:
        """The operation of that method at that path, if there is one."""
        for pattern, template in self._paths:
            if pattern.fullmatch(path):
                return self.document["paths"][template].get(method.lower())
        return None

    def problems(self, response: httpx.Response) -> list[str]:
        """In what an answer departs from the document."""
        method = "get" if response.request.method == "HEAD" else response.request.method
        path = urlsplit(str(response.request.url)).path
        operation = self.operation(method, path)
        if operation is None:
            return [] if response.status_code in (404, 405) else [f"{method} {path} is not described"]
        place = f"{operation['operationId']} {response.status_code}"
        described = operation["responses"].get(str(response.status_code))
        if described is None:
            return [f"{place} is not described: {response.text[:300]}"]
        described = self.resolved(described)
        return [f"{place}: {problem}" for problem in self._content(described, response) + self._headers(described, response)]

    def _content(self, described: dict, response: httpx.Response) -> list[str]:
        content = described.get("content", {})
        if not content:
            return [f"there is a body: {response.text[:100]}"] if response.content else []
        if response.request.method == "HEAD":
            return []
        media_type = response.headers.get("content-type", "").split(";")[0]
        if media_type not in content and "*/*" not in content:
            return [f"the content-type is {media_type!r}, not one of {sorted(content)}"]
        if not media_type.endswith("json"):
            return []
        reference = content[media_type]["schema"]["$ref"]
        if reference not in self._validators:
            schema = {"$ref": reference, "components": self._closed["components"]}
            self._validators[reference] = Draft202012Validator(schema, format_checker=_formats)
        return [_told(error) for error in self._validators[reference].iter_errors(response.json())][:5]

    def _headers(self, described: dict, response: httpx.Response) -> list[str]:
        found = []
        for name, header in described.get("headers", {}).items():
            header = self.resolved(header)
            value = response.headers.get(name)
            if value is None:
                if header.get("required"):
                    found.append(f"the header {name} is missing")
                continue
            read = int(value) if header["schema"].get("type") == "integer" and value.isdigit() else value
            found += [f"header {name}: {_told(error)}" for error in Draft202012Validator(header["schema"]).iter_errors(read)]
        return found

    def watch(self, client: httpx.Client) -> httpx.Client:
        """Checks every answer that this client gets from now on."""

        def check(response: httpx.Response) -> None:
            response.read()
            problems = self.problems(response)
            assert not problems, "\n".join(problems)

        client.event_hooks["response"].append(check)
        return client


@cache
def _asyncapi_file() -> dict:
    return yaml.safe_load(ASYNCAPI_FILE.read_text())


class AsyncAPI:
    """The document of topics and messages."""

    def __init__(self, document: dict | None = None) -> None:
        self.document = document or _asyncapi_file()
        self._closed = closed(self.document)
        self._validators: dict[tuple[str, str], Draft7Validator] = {}

    def problems(self, message: str, part: str, value: object) -> list[str]:
        """In what `payload` or `headers` of a message departs from the document."""
        key = (message, part)
        if key not in self._validators:
            schema = self._closed["components"]["messages"][message]
            for trait in schema.get("traits", []):
                schema = {**look_up(self._closed, trait["$ref"]), **schema}
            self._validators[key] = Draft7Validator(
                {"allOf": [schema[part]], "components": self._closed["components"]}, format_checker=_formats
            )
        return [f"{message} {part}: {_told(error)}" for error in self._validators[key].iter_errors(value)][:5]

    def kind(self, event: dict) -> str:
        """Which message of the document an event of Millrace is."""
        kind = event["type"].removeprefix("millrace.")
        if kind.startswith("reply."):
            return kind.removeprefix("reply.")
        if kind.startswith("email."):
            return "emailStatus"
        if kind.startswith("workitems."):
            return "workItemsGone"
        return "agentState" if kind.startswith("agent.") else "workItemEvent"


def _told(error: object) -> str:
    place = "/".join(str(step) for step in error.absolute_path)
    # Of several alternatives the one that came nearest says what is wrong.
    deepest = min(error.context, key=lambda inner: -len(inner.absolute_path), default=None)
    hint = f" ({'/'.join(map(str, deepest.absolute_path))}: {deepest.message[:200]})" if deepest else ""
    return f"at /{place}: {error.message[:300]}{hint}"
