import Domain

extension OpenAPIComponents {
    static let emailSchemas = #"""
        {
            "ShownAddress": {
                "type": "object", "required": ["address"],
                "properties": {"name": {"type": "string"}, "address": {"type": "string"}}
            },
            "ShownAddresses": {"type": "array", "items": {"$ref": "#/components/schemas/ShownAddress"}},
            "EmailAttachment": {
                "type": "object", "required": ["sha256"],
                "properties": {
                    "index": {"type": "integer"}, "name": {"type": "string"}, "type": {"type": "string"},
                    "size": {"type": "integer"}, "sha256": {"$ref": "#/components/schemas/Sha256"},
                    "contentId": {"type": "string"}, "inline": {"type": "boolean"}
                }
            },
            "EmailState": {"enum": [\#(list(EmailState.allCases))]},
            "Email": {
                "type": "object",
                "description": "A message that came or goes. What it does not have is absent; lists go without texts.",
                "required": ["id", "revision", "direction", "state", "mailbox", "createdAt", "updatedAt"],
                "properties": {
                    "id": {"type": "string", "format": "uuid"}, "revision": {"$ref": "#/components/schemas/Revision"},
                    "direction": {"enum": ["in", "out"]}, "state": {"$ref": "#/components/schemas/EmailState"},
                    "mailbox": {"type": "string"}, "workItemId": {"type": "string", "format": "uuid"},
                    "agent": {"type": "string", "description": "Who wrote it."},
                    "createdAt": {"$ref": "#/components/schemas/Moment"}, "updatedAt": {"$ref": "#/components/schemas/Moment"},
                    "dueAt": {"$ref": "#/components/schemas/Moment", "description": "When it goes out next."},
                    "attempt": {"type": "integer", "minimum": 0},
                    "reason": {"type": "string", "description": "What the server said, or why it is where it is."},
                    "messageId": {"type": "string"},
                    "sentMessageId": {
                        "type": "string", "description": "The Message-ID that the provider gave it in place of that one."
                    },
                    "date": {"$ref": "#/components/schemas/Moment"},
                    "receivedAt": {"$ref": "#/components/schemas/Moment"},
                    "from": {"$ref": "#/components/schemas/ShownAddress"},
                    "replyTo": {
                        "oneOf": [
                            {"$ref": "#/components/schemas/ShownAddress"}, {"$ref": "#/components/schemas/ShownAddresses"}
                        ]
                    },
                    "to": {"$ref": "#/components/schemas/ShownAddresses"},
                    "cc": {"$ref": "#/components/schemas/ShownAddresses"},
                    "bcc": {"$ref": "#/components/schemas/ShownAddresses"},
                    "envelopeFrom": {"type": "string"}, "subject": {"type": "string"},
                    "text": {"type": "string"}, "textTruncated": {"type": "boolean"},
                    "html": {"type": "string", "description": "Of a message that goes out."},
                    "inReplyTo": {"type": "string"}, "references": {"type": "array", "items": {"type": "string"}},
                    "size": {"type": "integer"}, "rawSha256": {"$ref": "#/components/schemas/Sha256"},
                    "htmlSha256": {"$ref": "#/components/schemas/Sha256"},
                    "attachments": {"type": "array", "items": {"$ref": "#/components/schemas/EmailAttachment"}},
                    "automatic": {"type": "string", "description": "Why it gets no automatic answer."},
                    "unattended": {
                        "type": "boolean",
                        "description": "Nobody wrote it: a delivery report, a machine's answer, a message of our own come back."
                    },
                    "autoSubmitted": {"type": "string"},
                    "answers": {"type": "string", "format": "uuid", "description": "The message that it answers or passes on."},
                    "quote": {"type": "boolean", "description": "Whether that message stands below."},
                    "changedWhileAwaiting": {
                        "type": "boolean", "description": "An agent changed it after it was handed in for approval."
                    },
                    "results": {"type": "object", "description": "Spam, SPF, DKIM and DMARC, as mail servers say."}
                }
            },
            "EmailPage": {
                "type": "object", "required": ["items", "next"],
                "properties": {
                    "items": {"type": "array", "items": {"$ref": "#/components/schemas/Email"}},
                    "next": {"$ref": "#/components/schemas/NextPage"}
                }
            },
            "NamedAddresses": {
                "type": "array", "maxItems": \#(EmailLimits.addresses), "items": {"$ref": "#/components/schemas/NamedAddress"}
            },
            "AttachmentChoice": {
                "description": "A stored content by digest, or an attachment of another message.",
                "oneOf": [
                    {"$ref": "#/components/schemas/Sha256"},
                    {
                        "type": "object", "required": ["sha256"], "additionalProperties": false,
                        "properties": {
                            "sha256": {"$ref": "#/components/schemas/Sha256"},
                            "name": {"$ref": "#/components/schemas/Identifier"}, "type": {"$ref": "#/components/schemas/Name"}
                        }
                    },
                    {
                        "type": "object", "required": ["email", "index"], "additionalProperties": false,
                        "properties": {
                            "email": {"type": "string", "format": "uuid"},
                            "index": {"type": "integer", "minimum": 0, "maximum": \#(EmailLimits.attachments)}
                        }
                    }
                ]
            },
            "Reply": {
                "type": "object", "additionalProperties": false,
                "properties": {
                    "kind": {"enum": ["reply", "replyAll", "forward"], "default": "reply"},
                    "emailId": {
                        "type": "string", "format": "uuid",
                        "description": "The message that is answered; the last that somebody wrote when absent."
                    },
                    "mailbox": {"$ref": "#/components/schemas/PathName"},
                    "quote": {"type": "boolean", "default": true, "description": "The message answered stands below."},
                    "draft": {"type": "boolean", "default": false}, \#(content)
                },
                "examples": [{"kind": "reply", "text": "We look into it."}]
            },
            "NewEmail": {
                "type": "object", "required": ["mailbox"], "additionalProperties": false,
                "properties": {
                    "mailbox": {"$ref": "#/components/schemas/PathName"},
                    "workItemId": {"type": "string", "format": "uuid", "description": "The item that it belongs to."},
                    "draft": {"type": "boolean", "default": false}, \#(content)
                },
                "examples": [{"mailbox": "support", "to": ["kim@example.org"], "subject": "Your order", "text": "It is on its way."}]
            },
            "EmailEdit": {"type": "object", "additionalProperties": false, "properties": {\#(content)}},
            "EmailEventData": {
                "type": "object", "description": "A step of a message. It tells no address and no text.",
                "required": ["emailId", "revision", "direction", "mailbox", "to", "actor"],
                "properties": {
                    "emailId": {"type": "string", "format": "uuid"}, "workItemId": {"type": "string", "format": "uuid"},
                    "revision": {"$ref": "#/components/schemas/Revision"}, "direction": {"enum": ["in", "out"]},
                    "mailbox": {"type": "string"}, "from": {"$ref": "#/components/schemas/EmailState"},
                    "to": {"$ref": "#/components/schemas/EmailState"}, "actor": {"$ref": "#/components/schemas/Actor"},
                    "attempt": {"type": "integer", "minimum": 0}, "automatic": {"type": "boolean"},
                    "dueAt": {"$ref": "#/components/schemas/Moment"}, "reason": {"type": "string"}
                }
            }
        }
        """#

    private static let content = #"""
        "from": {"$ref": "#/components/schemas/Address", "description": "The mailbox's own, or one of its sendAs."},
        "to": {"$ref": "#/components/schemas/NamedAddresses"}, "cc": {"$ref": "#/components/schemas/NamedAddresses"},
        "bcc": {"$ref": "#/components/schemas/NamedAddresses"},
        "subject": {"type": "string", "maxLength": 900},
        "text": {"type": "string", "maxLength": 262144}, "html": {"type": "string", "maxLength": 262144},
        "template": {"$ref": "#/components/schemas/Name", "description": "In place of text and html."},
        "attachments": {"type": "array", "maxItems": 100, "items": {"$ref": "#/components/schemas/AttachmentChoice"}},
        "sendAt": {"$ref": "#/components/schemas/ItemDate", "description": "When it goes out; at once when absent."}
        """#
}
