"""What schemathesis is told beside the document: things that exist, what it may not break, and to be brief where the
service would wait."""

import json
import os
import uuid

import schemathesis

KNOWN = json.loads(os.environ["MILLRACE_KNOWN"])


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    """Half of the generated names become those of things that exist, so that more than 404 is seen."""
    path = context.operation.path
    names = {"source": "source", "captureId": "capture"}
    if path.startswith("/workitems/{id}"):
        names["id"] = "workitem"
    elif path.startswith("/agents/"):
        names["id"] = "agent"
    elif path.startswith("/offers/"):
        names["id"] = "offer"
    elif path.startswith("/emails/"):
        names["id"] = "email"
    elif path.startswith("/mailboxes/{name}"):
        names["name"] = "mailbox"
    elif path.startswith("/contents/"):
        names["sha256"] = "content"
    names["emailId"] = "email"
    generated = dict(path_parameters or {})
    for name, value in generated.items():
        if name in names and len(str(value)) % 2:
            generated[name] = KNOWN[names[name]]
    return generated


@schemathesis.hook
def filter_headers(context, headers):
    """White space around a header's value is not part of it (RFC 9110, 5.5): what the service gets is another value than
    the one that the document was asked about."""
    return all(str(value) == str(value).strip(" \t") for value in (headers or {}).values())


@schemathesis.hook
def before_call(context, case, kwargs):
    """Nobody makes the offers that a long poll would wait for; and the key in use is not to be revoked."""
    wait = (case.query or {}).get("wait")
    if str(wait).isdigit() and 0 < int(wait) <= 60:
        case.query["wait"] = 0
    if case.operation.path == "/keys/{id}" and case.path_parameters["id"] in KNOWN["keys"]:
        case.path_parameters["id"] = str(uuid.uuid4())
