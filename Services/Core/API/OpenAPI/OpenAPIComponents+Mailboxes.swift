import Domain

extension OpenAPIComponents {
    static let mailboxSchemas = #"""
        {
            "MailServer": {
                "type": "object", "required": ["host"], "additionalProperties": false,
                "properties": {
                    "host": {"type": "string", "minLength": 1, "maxLength": 253, "examples": ["imap.example.com"]},
                    "port": {"type": "integer", "minimum": 1, "maximum": 65535},
                    "security": {
                        "enum": [\#(list(MailServerConfiguration.Security.allCases))], "default": "tls",
                        "description": "`plain` is for this machine and private addresses only."
                    }
                }
            },
            "MailCredentials": {
                "type": "object", "required": ["user", "secret"], "additionalProperties": false,
                "properties": {
                    "user": {"type": "string", "minLength": 1, "maxLength": 320},
                    "secret": {"$ref": "#/components/schemas/PathName", "description": "Name of a stored secret."},
                    "method": {"enum": [\#(list(MailCredentials.Method.allCases))], "default": "password"}
                }
            },
            "MailInterface": {
                "type": "object", "required": ["user", "secret"], "additionalProperties": false,
                "properties": {
                    "baseUrl": {"type": "string", "minLength": 8, "maxLength": 2000, "pattern": "^[hH][tT][tT][pP][sS]?://"},
                    "user": {"type": "string", "minLength": 1, "maxLength": 320},
                    "secret": {"$ref": "#/components/schemas/PathName"}
                }
            },
            "Address": {"type": "string", "maxLength": 320, "pattern": "^[^\\s@<>,;:\"()\\[\\]\\\\]{1,64}@[^\\s@<>,;:\"()\\[\\]\\\\.]([^\\s@<>,;:\"()\\[\\]\\\\]*[^\\s@<>,;:\"()\\[\\]\\\\.])?$"},
            "NamedAddress": {
                "oneOf": [
                    {"$ref": "#/components/schemas/Address"},
                    {
                        "type": "object", "required": ["address"], "additionalProperties": false,
                        "properties": {
                            "name": {"$ref": "#/components/schemas/Identifier"},
                            "address": {"$ref": "#/components/schemas/Address"}
                        }
                    }
                ],
                "examples": [{"name": "Support", "address": "support@example.com"}]
            },
            "MailboxInbound": {
                "type": "object",
                "description": "How it is read: a generic mailbox has server and credentials, the others have api.",
                "additionalProperties": false,
                "properties": {
                    "server": {"$ref": "#/components/schemas/MailServer"},
                    "credentials": {"$ref": "#/components/schemas/MailCredentials"},
                    "api": {"$ref": "#/components/schemas/MailInterface"},
                    "folder": {"$ref": "#/components/schemas/Identifier", "default": "INBOX"},
                    "idle": {"type": "boolean", "default": true},
                    "pollEvery": {"$ref": "#/components/schemas/Duration", "default": "60s"},
                    "processed": {
                        "type": "object", "additionalProperties": false,
                        "properties": {
                            "action": {"enum": [\#(list(MailboxInbound.Processed.allCases))], "default": "flag"},
                            "folder": {"$ref": "#/components/schemas/Identifier"}
                        }
                    },
                    "since": {
                        "type": "string", "format": "date-time",
                        "description": "From when on mail is taken at the first connection; else from then on."
                    },
                    "greatestMessage": {"type": "integer", "minimum": 1024, "maximum": \#(EmailLimits.contentBytes)},
                    "blockedAttachments": {
                        "type": "array", "uniqueItems": true, "items": {"$ref": "#/components/schemas/Identifier"}
                    },
                    "allowedAttachments": {
                        "type": "array", "uniqueItems": true, "items": {"$ref": "#/components/schemas/Identifier"}
                    },
                    "duplicates": {"enum": [\#(list(MailboxInbound.Duplicates.allCases))], "default": "messageId"}
                }
            },
            "MailboxOutbound": {
                "type": "object", "description": "How it sends.", "additionalProperties": false,
                "properties": {
                    "server": {"$ref": "#/components/schemas/MailServer"},
                    "credentials": {"$ref": "#/components/schemas/MailCredentials"},
                    "api": {"$ref": "#/components/schemas/MailInterface"},
                    "from": {"$ref": "#/components/schemas/NamedAddress"},
                    "sendAs": {"type": "array", "uniqueItems": true, "items": {"$ref": "#/components/schemas/Address"}},
                    "ratePerMinute": {"type": "integer", "minimum": 1, "maximum": 100000, "default": 60},
                    "greatestMessage": {"type": "integer", "minimum": 1024, "maximum": \#(EmailLimits.contentBytes)}
                }
            },
            "MailboxDefinition": {
                "type": "object", "required": ["name", "source", "address"], "additionalProperties": false,
                "properties": {
                    "name": {"$ref": "#/components/schemas/PathName"}, \#(mailboxMembers)
                },
                "examples": [\#(example)]
            },
            "MailboxReplacement": {
                "type": "object", "required": ["source", "address"], "additionalProperties": false,
                "properties": {
                    "name": {"$ref": "#/components/schemas/PathName", "description": "That of the address, or absent."}, \#(mailboxMembers)
                }
            },
            "MailboxPatch": {
                "type": "object", "description": "Settings of a mailbox; null takes one away.",
                "examples": [{"enabled": false, "signature": null}]
            },
            "MailboxCopy": {
                "type": "object", "required": ["name"], "additionalProperties": false,
                "properties": {"name": {"$ref": "#/components/schemas/PathName"}}
            },
            "Mailbox": {
                "type": "object",
                "description": "A mailbox as configured, with its state. `version` is that of the configuration.",
                "required": ["name", "source", "enabled", "kind", "address", "version", "taken", "term"],
                "properties": {
                    "name": {"type": "string"}, "source": {"type": "string"}, "enabled": {"type": "boolean"},
                    "kind": {"enum": [\#(list(MailboxConfiguration.Kind.allCases))]}, "address": {"type": "string"},
                    "attributes": {"type": "object"}, "attributesFromHeaders": {"type": "object"},
                    "signature": {"type": "string"}, "acknowledgement": {"type": "string"},
                    "replies": {"type": "object"}, "approveReplies": {"type": "boolean"},
                    "version": {"type": "integer", "minimum": 1},
                    "inbound": {
                        "allOf": [{"$ref": "#/components/schemas/ConnectionState"}],
                        "description": "The settings, with the connection's state."
                    },
                    "outbound": {"allOf": [{"$ref": "#/components/schemas/ConnectionState"}]},
                    "unread": {"type": "integer", "minimum": 0, "description": "In the folder, says the server."},
                    "takenFrom": {"$ref": "#/components/schemas/Moment", "description": "From when on mail is taken."},
                    "taken": {"type": "integer", "minimum": 0, "description": "Messages taken since the beginning."},
                    "folderCount": {"type": "integer", "minimum": 0, "description": "At the last reconciliation."},
                    "takenCount": {"type": "integer", "minimum": 0, "description": "Of those in the folder, taken."},
                    "difference": {
                        "type": "integer", "minimum": 0,
                        "description": "Messages of the folder that were not taken, at the last reconciliation."
                    },
                    "holder": {"type": "string", "description": "The instance that serves it."},
                    "term": {"type": "integer", "minimum": 0},
                    "lastTakenAt": {"$ref": "#/components/schemas/Moment"}
                }
            },
            "ConnectionState": {
                "type": "object", "required": ["state", "since"],
                "properties": {
                    "state": {"enum": [\#(list(MailboxState.Connection.allCases))]},
                    "since": {"$ref": "#/components/schemas/Moment"},
                    "error": {"type": "string"}
                }
            },
            "MailboxPage": {
                "type": "object", "required": ["items", "next"],
                "properties": {
                    "items": {"type": "array", "items": {"$ref": "#/components/schemas/Mailbox"}},
                    "next": {"$ref": "#/components/schemas/NextPage"}
                }
            },
            "Template": {
                "type": "object", "required": ["name", "text"], "additionalProperties": false,
                "description": "Fields are `{{workItem.captureId}}`, `{{attributes.x}}`, `{{agent.name}}`, `{{mailbox.address}}`.",
                "properties": {
                    "name": {"$ref": "#/components/schemas/Name"},
                    "subject": {"type": "string", "minLength": 1, "maxLength": 900},
                    "text": {"type": "string", "minLength": 1, "maxLength": 65536},
                    "html": {"type": "string", "minLength": 1, "maxLength": 65536}
                }
            },
            "SecretPage": {
                "type": "object", "required": ["items", "next"],
                "properties": {
                    "items": {
                        "type": "array",
                        "items": {
                            "type": "object", "required": ["name", "updatedAt"],
                            "properties": {
                                "name": {"type": "string"}, "updatedAt": {"$ref": "#/components/schemas/Moment"}
                            }
                        }
                    },
                    "next": {"$ref": "#/components/schemas/NextPage"}
                }
            },
            "ConsentRequest": {
                "type": "object", "required": ["redirectUri", "kind"], "additionalProperties": false,
                "properties": {
                    "redirectUri": {
                        "type": "string", "minLength": 8, "maxLength": 2000,
                        "examples": ["https://millrace.example.com/iwd/v3/mailboxes/consent"]
                    },
                    "kind": {"enum": [\#(list(MailboxConfiguration.Kind.allCases))]}
                }
            },
            "ConsentLink": {
                "type": "object", "required": ["url", "validUntil"],
                "properties": {
                    "url": {"type": "string"},
                    "validUntil": {"$ref": "#/components/schemas/Moment"}
                }
            },
            "Secret": {
                "type": "object", "description": "A password, or what OAuth needs.", "minProperties": 1,
                "additionalProperties": false, "anyOf": [{"required": ["password"]}, {"required": ["clientId"]}],
                "properties": {\#(secretMembers)}
            }
        }
        """#

    private static let secretMembers = MailboxSecrets.members.map {
        #""\#($0)": {"type": "string", "minLength": 1, "maxLength": 8192}"#
    }.joined(separator: ", ")

    private static let mailboxMembers = #"""
        "source": {"$ref": "#/components/schemas/PathName", "description": "The source that its items count as."},
        "enabled": {"type": "boolean", "default": true},
        "kind": {"enum": [\#(list(MailboxConfiguration.Kind.allCases))], "default": "generic"},
        "address": {"$ref": "#/components/schemas/Address"},
        "inbound": {"$ref": "#/components/schemas/MailboxInbound"},
        "outbound": {"$ref": "#/components/schemas/MailboxOutbound"},
        "attributes": {
            "type": "object", "additionalProperties": {"$ref": "#/components/schemas/AttributeValue"},
            "description": "Attributes of its items."
        },
        "attributesFromHeaders": {
            "type": "object", "additionalProperties": false,
            "description": "Into which attributes results of mail servers go.",
            "properties": {
                "spam": {"$ref": "#/components/schemas/AttributeName"}, "spf": {"$ref": "#/components/schemas/AttributeName"},
                "dkim": {"$ref": "#/components/schemas/AttributeName"}, "dmarc": {"$ref": "#/components/schemas/AttributeName"}
            }
        },
        "signature": {"type": "string", "minLength": 1, "maxLength": 10000},
        "acknowledgement": {"$ref": "#/components/schemas/Name", "description": "A template; answers a first message."},
        "replies": {
            "type": "object", "additionalProperties": false,
            "properties": {"final": {"enum": [\#(list(ReplyToFinal.allCases))], "default": "restart"}}
        },
        "approveReplies": {"type": "boolean", "default": false}
        """#

    private static let example = #"""
        {
            "name": "support", "source": "support-mail", "address": "support@example.com",
            "inbound": {
                "server": {"host": "imap.example.com", "port": 993, "security": "tls"},
                "credentials": {"user": "support", "secret": "support-mail"}
            },
            "outbound": {"server": {"host": "smtp.example.com", "port": 465}, "from": "support@example.com"}
        }
        """#
}
