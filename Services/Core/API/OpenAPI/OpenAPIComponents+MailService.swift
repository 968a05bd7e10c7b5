import Domain

extension OpenAPIComponents {
    static let mailServiceSchemas = #"""
        {
            "Bytes": {"description": "Any bytes."},
            "Count": {"type": "integer", "minimum": 0},
            "Sha256": {"type": "string", "pattern": "^[0-9a-fA-F]{64}$"},
            "MailboxTest": {
                "type": "object", "required": ["id", "mailbox", "done"],
                "properties": {
                    "id": {"type": "string", "format": "uuid"}, "mailbox": {"type": "string"},
                    "done": {"type": "boolean"},
                    "inbound": {"$ref": "#/components/schemas/TestedConnection"},
                    "outbound": {"$ref": "#/components/schemas/TestedConnection"}
                }
            },
            "TestedConnection": {
                "type": "object", "required": ["ok"],
                "properties": {"ok": {"type": "boolean"}, "error": {"type": "string"}}
            },
            "MailboxTestResult": {
                "type": "object", "additionalProperties": false,
                "properties": {
                    "inbound": {"$ref": "#/components/schemas/TestedConnection"},
                    "outbound": {"$ref": "#/components/schemas/TestedConnection"}
                }
            },
            "MailWork": {
                "type": "object", "required": ["tenant", "configurationVersion", "tests", "due", "rereads", "seen"],
                "properties": {
                    "tenant": {"type": "string", "description": "Secrets are sealed for `millrace/TENANT/NAME`."},
                    "configurationVersion": {"type": "integer", "minimum": 1},
                    "seen": {"type": "string", "description": "Says what the answer tells; to be given with the next call."},
                    "due": {
                        "type": "array", "items": {"type": "string"},
                        "description": "Mailboxes in which messages are to be sent now."
                    },
                    "rereads": {
                        "type": "array", "description": "Messages whose bytes are to be read once more.",
                        "items": {
                            "type": "object", "required": ["id", "mailbox", "raw", "size", "receivedAt"],
                            "properties": {
                                "id": {"type": "string", "format": "uuid"}, "mailbox": {"type": "string"},
                                "raw": {"$ref": "#/components/schemas/Sha256"},
                                "size": {"$ref": "#/components/schemas/Count"},
                                "receivedAt": {"$ref": "#/components/schemas/Moment"}
                            }
                        }
                    },
                    "mailboxes": {
                        "type": "array", "description": "All of them; absent when the caller knows them.",
                        "items": {
                            "type": "object", "required": ["name", "revision", "enabled", "kind", "settings", "sealed"],
                            "properties": {
                                "name": {"type": "string"}, "revision": {"type": "string"}, "enabled": {"type": "boolean"},
                                "kind": {"enum": [\#(list(MailboxConfiguration.Kind.allCases))]},
                                "settings": {"$ref": "#/components/schemas/MailboxDefinition"},
                                "sealed": {
                                    "type": "object", "additionalProperties": {"type": "string", "contentEncoding": "base64"}
                                }
                            }
                        }
                    },
                    "tests": {
                        "type": "array",
                        "items": {
                            "type": "object", "required": ["id", "mailbox"],
                            "properties": {"id": {"type": "string", "format": "uuid"}, "mailbox": {"type": "string"}}
                        }
                    }
                }
            },
            "SealedSecret": {
                "type": "object", "required": ["sealed"],
                "properties": {"sealed": {"type": "string", "contentEncoding": "base64"}}
            },
            "RefreshToken": {
                "type": "object", "required": ["replaces", "sealed"], "additionalProperties": false,
                "properties": {
                    "replaces": {"$ref": "#/components/schemas/Sha256", "description": "Of the token that it came for."},
                    "sealed": {
                        "type": "string", "contentEncoding": "base64",
                        "description": "The new token, sealed for `millrace/TENANT/NAME`."
                    }
                }
            },
            "LeaseRequest": {
                "type": "object", "required": ["instance"], "additionalProperties": false,
                "properties": {"instance": {"$ref": "#/components/schemas/Identifier"}}
            },
            "Lease": {
                "type": "object", "required": ["term"], "properties": {"term": {"type": "integer", "minimum": 1}}
            },
            "MailProgress": {
                "type": "object", "required": ["folders", "from"],
                "properties": {
                    "folders": {
                        "type": "object",
                        "additionalProperties": {
                            "type": "object", "required": ["from"],
                            "properties": {
                                "uidValidity": {"$ref": "#/components/schemas/Count"},
                                "uid": {"$ref": "#/components/schemas/Count"},
                                "epoch": {"$ref": "#/components/schemas/Count"},
                                "account": {"type": "string"},
                                "from": {"$ref": "#/components/schemas/Moment"}
                            }
                        }
                    },
                    "from": {"$ref": "#/components/schemas/Moment", "description": "From when on mail is taken."},
                    "cursor": {"type": "string"}
                }
            },
            "ReportedConnection": {
                "type": "object", "required": ["state"],
                "properties": {
                    "state": {"enum": [\#(list(MailboxState.Connection.allCases))]}, "error": {"type": ["string", "null"]}
                }
            },
            "MailboxReport": {
                "type": "object", "required": ["term"], "additionalProperties": false,
                "properties": {
                    "term": {"$ref": "#/components/schemas/Count"},
                    "inbound": {"$ref": "#/components/schemas/ReportedConnection"},
                    "outbound": {"$ref": "#/components/schemas/ReportedConnection"},
                    "unread": {"$ref": "#/components/schemas/Count"},
                    "folderCount": {"$ref": "#/components/schemas/Count"},
                    "takenCount": {"$ref": "#/components/schemas/Count"}
                }
            },
            "MessageKey": {
                "type": "object", "description": "Folder, UIDVALIDITY and UID, or a provider's id.",
                "oneOf": [{"required": ["folder", "uidValidity", "uid"]}, {"required": ["id"]}],
                "properties": {
                    "folder": {"type": "string", "minLength": 1, "maxLength": 1000},
                    "uidValidity": {"type": "integer", "minimum": 0, "maximum": 4294967295},
                    "uid": {"type": "integer", "minimum": 0, "maximum": 4294967295},
                    "epoch": {
                        "type": "integer", "minimum": 0, "maximum": 4294967295,
                        "description": "How often UIDs began anew while UIDVALIDITY stayed."
                    },
                    "id": {"type": "string", "minLength": 1, "maxLength": 1000}
                }
            },
            "TakenQuestion": {
                "type": "object", "required": ["term", "keys"], "additionalProperties": false,
                "properties": {
                    "term": {"$ref": "#/components/schemas/Count"},
                    "keys": {
                        "type": "array", "maxItems": \#(EmailLimits.keys),
                        "items": {"$ref": "#/components/schemas/MessageKey"}
                    }
                }
            },
            "TakenAnswer": {
                "type": "object", "required": ["missing", "incomplete"],
                "properties": {
                    "missing": {
                        "type": "array", "items": {"$ref": "#/components/schemas/Count"},
                        "description": "Places of those that were not taken."
                    },
                    "incomplete": {
                        "type": "array", "items": {"$ref": "#/components/schemas/Count"},
                        "description": "Places of those that were not kept whole: the server has the only copy."
                    }
                }
            },
            "Received": {
                "type": "object", "required": ["term"], "additionalProperties": false,
                "properties": {
                    "term": {"$ref": "#/components/schemas/Count"},
                    "messages": {
                        "type": "array", "maxItems": \#(EmailLimits.received),
                        "items": {"$ref": "#/components/schemas/ReceivedMessage"}
                    },
                    "progress": {
                        "type": "object", "description": "`{folder, uidValidity, uid}`, or `{cursor}`.",
                        "oneOf": [{"required": ["folder", "uidValidity", "uid"]}, {"required": ["cursor"]}],
                        "properties": {
                            "folder": {"type": "string", "minLength": 1, "maxLength": 1000},
                            "uidValidity": {"type": "integer", "minimum": 0, "maximum": 4294967295},
                            "uid": {"type": "integer", "minimum": 0, "maximum": 4294967295},
                            "epoch": {"type": "integer", "minimum": 0, "maximum": 4294967295},
                            "account": {"type": "string", "description": "Whose mailbox it is."},
                            "from": {
                                "$ref": "#/components/schemas/Moment",
                                "description": "From when on mail is taken, where another account begins anew."
                            },
                            "cursor": {"type": "string", "maxLength": 100000}
                        }
                    }
                }
            },
            "ReceivedMessage": {
                "type": "object",
                "description": "A parsed message whose contents are stored. What is too long is cut, not refused.",
                "required": ["key", "raw", "size", "receivedAt"],
                "properties": {
                    "key": {"$ref": "#/components/schemas/MessageKey"},
                    "raw": {"$ref": "#/components/schemas/Sha256"},
                    "size": {"$ref": "#/components/schemas/Count"},
                    "receivedAt": {"$ref": "#/components/schemas/ItemDate"},
                    "messageId": {"type": "string"}, "inReplyTo": {"type": "array", "items": {"type": "string"}},
                    "references": {"type": "array", "items": {"type": "string"}},
                    "date": {"type": "string"}, "from": {"$ref": "#/components/schemas/ShownAddress"},
                    "replyTo": {"$ref": "#/components/schemas/ShownAddresses"},
                    "to": {"$ref": "#/components/schemas/ShownAddresses"},
                    "cc": {"$ref": "#/components/schemas/ShownAddresses"},
                    "subject": {"type": "string"}, "text": {"type": "string"}, "textTruncated": {"type": "boolean"},
                    "html": {"$ref": "#/components/schemas/Sha256"},
                    "attachments": {
                        "type": "array", "maxItems": \#(EmailLimits.attachments),
                        "items": {"$ref": "#/components/schemas/EmailAttachment"}
                    },
                    "automatic": {"type": "string", "description": "Why it gets no automatic answer."},
                    "marks": {
                        "type": "array", "items": {"type": "string"},
                        "description": "Values of X-Millrace-Mark: ids of messages, of this tenant or of whomever; the first 16 count."
                    },
                    "spam": {}, "authentication": {"type": "object"},
                    "token": {"type": "string", "description": "The first of `tokens`, for a core of an earlier version."},
                    "tokens": {
                        "type": "array", "items": {"type": "string"},
                        "description": "What may be a reply token; of the first 16 the first that was made here counts."
                    },
                    "deliveryStatus": {"type": "object"},
                    "failed": {"type": "string", "description": "Why it could not be read; its item waits for a person."},
                    "whole": {
                        "type": "boolean", "default": true,
                        "description": "Whether all of it is stored; if not it stays at the mail server."
                    }
                }
            },
            "ReceivedOutcomes": {
                "type": "object", "required": ["outcomes"],
                "properties": {
                    "outcomes": {
                        "type": "array", "description": "In the order of the messages.",
                        "items": {
                            "type": "object", "required": ["key", "outcome"],
                            "properties": {
                                "key": {"$ref": "#/components/schemas/MessageKey"},
                                "outcome": {"enum": [\#(list(ReceiveEmails.Outcome.Kind.allCases))]},
                                "workItemId": {"type": "string", "format": "uuid"},
                                "emailId": {"type": "string", "format": "uuid"},
                                "reason": {"type": "string"},
                                "incomplete": {
                                    "type": "boolean",
                                    "description": "It was taken before and not kept whole: the server has the only copy."
                                }
                            }
                        }
                    }
                }
            },
            "ClaimRequest": {
                "type": "object", "required": ["term"], "additionalProperties": false,
                "properties": {
                    "term": {"$ref": "#/components/schemas/Count"},
                    "limit": {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}
                }
            },
            "Claim": {
                "type": "object", "required": ["emails", "interrupted"],
                "properties": {
                    "emails": {"type": "array", "items": {"$ref": "#/components/schemas/OutboundEmail"}},
                    "interrupted": {"type": "array", "items": {"$ref": "#/components/schemas/OutboundEmail"}}
                }
            },
            "OutboundEmail": {
                "type": "object",
                "required": [
                    "id", "attempt", "messageId", "from", "envelopeFrom", "to", "cc", "bcc", "subject", "text", "references",
                    "attachments", "marks"
                ],
                "properties": {
                    "id": {"type": "string", "format": "uuid"}, "attempt": {"type": "integer", "minimum": 1},
                    "workItemId": {"type": "string", "format": "uuid"}, "messageId": {"type": "string"},
                    "from": {"$ref": "#/components/schemas/ShownAddress"},
                    "envelopeFrom": {"type": "string", "description": "Empty for automatic answers."},
                    "to": {"$ref": "#/components/schemas/ShownAddresses"},
                    "cc": {"$ref": "#/components/schemas/ShownAddresses"},
                    "bcc": {"$ref": "#/components/schemas/ShownAddresses"},
                    "subject": {"type": "string"}, "text": {"type": "string"}, "html": {"type": "string"},
                    "inReplyTo": {"type": "string"}, "references": {"type": "array", "items": {"type": "string"}},
                    "autoSubmitted": {"type": "string"}, "replyTo": {"$ref": "#/components/schemas/ShownAddress"},
                    "attachments": {"type": "array", "items": {"$ref": "#/components/schemas/EmailAttachment"}},
                    "begunAt": {"$ref": "#/components/schemas/Moment"},
                    "marks": {"type": "object", "additionalProperties": {"type": "string"}, "description": "Headers."}
                }
            },
            "AttemptBegin": {
                "type": "object", "required": ["term", "attempt"], "additionalProperties": false,
                "properties": {
                    "term": {"$ref": "#/components/schemas/Count"}, "attempt": {"type": "integer", "minimum": 1, "maximum": 2147483647}
                }
            },
            "Reread": {
                "type": "object", "required": ["message"], "additionalProperties": false,
                "properties": {"message": {"$ref": "#/components/schemas/ReceivedMessage"}}
            },
            "AttemptOutcome": {
                "type": "object", "required": ["term", "attempt", "outcome"], "additionalProperties": false,
                "properties": {
                    "term": {"$ref": "#/components/schemas/Count"}, "attempt": {"type": "integer", "minimum": 1, "maximum": 2147483647},
                    "outcome": {"enum": [\#(list(SendEmails.Outcome.allCases))]},
                    "reply": {"type": "string", "description": "What the server said."},
                    "retryAfter": {"type": ["number", "null"], "minimum": 0, "maximum": 86400, "description": "Seconds."},
                    "sentMessageId": {
                        "type": ["string", "null"], "minLength": 1, "maxLength": 998,
                        "description": "The Message-ID under which it went out, when the provider gave it one; also later."
                    }
                }
            }
        }
        """#
}
