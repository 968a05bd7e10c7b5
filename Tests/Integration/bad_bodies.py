"""Bodies of a submit that must be refused, each with the place that the refusal names.

Over HTTP the body is the request's, over Kafka it is the `data` of a CloudEvent; the answer is the same.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class BadBody:
    """Bytes of a body, the status of its refusal, and a pointer that one of its errors must have."""

    name: str
    body: bytes
    status: int
    path: str | None = None
    # What a reader of the refusal must find in it.
    says: str = ""


def _of(name: str, members: str, path: str, says: str = "") -> BadBody:
    """JSON that says something that cannot be."""
    return BadBody(name, ('{"captureId": "bad", ' + members + "}").encode(), 422, path, says)


def _attributes(name: str, attributes: str, path: str, says: str = "") -> BadBody:
    return _of(name, f'"attributes": {attributes}', path, says)


def _unreadable(name: str, body: bytes, says: str = "") -> BadBody:
    """What is not the JSON that Millrace takes."""
    return BadBody(name, body, 400, says=says)


NOT_JSON = [
    _unreadable("plain text", b"hello"),
    _unreadable("cut off", b'{"captureId": "bad"'),
    _unreadable("trailing comma", b'{"captureId": "bad",}'),
    _unreadable("two documents", b'{"captureId": "bad"}{"captureId": "bad"}'),
    _unreadable("single quotes", b"{'captureId': 'bad'}"),
    _unreadable("byte order mark", b'\xef\xbb\xbf{"captureId": "bad"}'),
    _unreadable("not UTF-8", b'{"captureId": "b\xff\xfed"}'),
    _unreadable("overlong UTF-8", b'{"captureId": "b\xc0\xafd"}'),
    _unreadable("surrogates in UTF-8", b'{"captureId": "b\xed\xa0\x80d"}'),
    _unreadable("escaped U+0000", rb'{"captureId": "bad", "attributes": {"a": "x\u0000y"}}'),
    _unreadable("raw U+0000", b'{"captureId": "bad", "attributes": {"a": "x\x00y"}}'),
    _unreadable("U+0000 in a name", rb'{"captureId": "bad", "attributes": {"a\u0000": 1}}'),
    _unreadable("raw line break", b'{"captureId": "b\nad"}'),
    _unreadable("lone high surrogate", rb'{"captureId": "bad", "attributes": {"a": "\ud800"}}'),
    _unreadable("lone low surrogate", rb'{"captureId": "bad", "attributes": {"a": "\udc00x"}}'),
    _unreadable("surrogates turned round", rb'{"captureId": "bad", "attributes": {"a": "\ude00\ud83d"}}'),
    _unreadable("1e400", b'{"captureId": "bad", "attributes": {"a": 1e400}}'),
    _unreadable("-1e400", b'{"captureId": "bad", "priority": -1e400}'),
    _unreadable("NaN", b'{"captureId": "bad", "priority": NaN}'),
    _unreadable("Infinity", b'{"captureId": "bad", "priority": Infinity}'),
    _unreadable("leading zero", b'{"captureId": "bad", "priority": 007}'),
    _unreadable("hexadecimal", b'{"captureId": "bad", "priority": 0x10}'),
    _unreadable("duplicate key", b'{"captureId": "bad", "captureId": "worse"}', says="captureId"),
    _unreadable("duplicate key inside", b'{"captureId": "bad", "attributes": {"a": 1, "a": 2}}'),
    _unreadable("duplicate key by escape", rb'{"captureId": "bad", "capture\u0049d": "worse"}'),
    _unreadable("too deep", b'{"captureId": "bad", "attributes": ' + b"[" * 200 + b"]" * 200 + b"}"),
    _unreadable("a list of 300,000", b'{"captureId": "bad", "attributes": {"a": [' + b"1," * 299_999 + b"1]}}"),
]

WRONG = [
    BadBody("a list", b"[]", 422, "", "object"),
    BadBody("a string", b'"bad"', 422, "", "object"),
    BadBody("a number", b"17", 422, "", "object"),
    BadBody("no captureId", b'{"attributes": {}}', 422, "/captureId", "Missing"),
    BadBody("captureId null", b'{"captureId": null}', 422, "/captureId"),
    BadBody("captureId a number", b'{"captureId": 17}', 422, "/captureId", "string"),
    BadBody("captureId empty", b'{"captureId": ""}', 422, "/captureId"),
    BadBody("captureId of 10 kB", b'{"captureId": "' + b"x" * 10_000 + b'"}', 422, "/captureId", "10000 bytes"),
    BadBody("captureId of 201 bytes", '{{"captureId": "{}x"}}'.format("ö" * 100).encode(), 422, "/captureId", "201 bytes"),
    BadBody("captureId with a control character", rb'{"captureId": "b\u0007ad"}', 422, "/captureId", "control"),
    BadBody("captureId with a blank at its end", b'{"captureId": "bad "}', 422, "/captureId", "blank"),
    _of("an unknown member", '"atributes": {}', "/atributes", "attributes"),
    _of("priority a string", '"priority": "high"', "/priority", "number"),
    _of("priority too large", '"priority": 1e10', "/priority"),
    _of("businessValue a list", '"businessValue": [1]', "/businessValue", "number"),
    _of("due a number", '"due": 1767225600', "/due"),
    _of("due without an offset", '"due": "2026-01-02T03:04:05"', "/due", "offset"),
    _of("due on 30 February", '"due": "2026-02-30T00:00:00Z"', "/due"),
    _of("due in 1999", '"due": "1999-12-31T23:59:59Z"', "/due", "2000"),
    _of("due in 2100", '"due": "2100-01-01T00:00:00Z"', "/due", "2100"),
    _of("due in the year 9999", '"due": "9999-12-31T00:00:00Z"', "/due"),
    _of("activation at 25:00", '"activation": "2026-01-01T25:00:00Z"', "/activation"),
    _of("activation in words", '"activation": "tomorrow"', "/activation"),
    _of("preferredUntil alone", '"preferredUntil": "2027-01-01T00:00:00Z"', "/preferredUntil", "preferredAgent"),
    _of("preferredAgent with a slash", '"preferredAgent": "a/b"', "/preferredAgent", "slash"),
    _attributes("attributes a list", "[1, 2]", "/attributes", "object"),
    _attributes("attribute null", '{"a": null}', "/attributes/a"),
    _attributes("attribute an object", '{"a": {"b": 1}}', "/attributes/a"),
    _attributes("attribute a list of lists", '{"a": [[1]]}', "/attributes/a/0"),
    _attributes("attribute a list with null", '{"a": [1, null]}', "/attributes/a/1"),
    _attributes("attribute without a name", '{"": 1}', "/attributes/"),
    _attributes("attribute's name of 101 bytes", '{"%s": 1}' % ("n" * 101), "/attributes/" + "n" * 100 + "…"),
    _attributes("attribute's name with a tilde and a control character", r'{"a~/\u0001": 1}', "/attributes/a~0~1\u0001"),
    _attributes("201 attributes", "{%s}" % ",".join(f'"a{n}": 1' for n in range(201)), "/attributes", "201"),
    _attributes("attributes of 70 kB", '{"a": "%s"}' % ("x" * 70_000), "/attributes", "65536"),
    _attributes("attributes of 66 kB of escapes", '{"a": "%s"}' % (r"\u0001" * 11_000), "/attributes", "65536"),
]

BAD_BODIES = NOT_JSON + WRONG
