import ServiceKit

extension OpenAPIComponents {
    static let administrationSchemas = #"""
        {
            "Role": {"enum": [\#(list(Role.allCases.filter { $0 != .system }))]},
            "Key": {
                "type": "object",
                "required": ["id", "name", "roles", "createdAt"],
                "properties": {
                    "id": {"type": "string", "format": "uuid"},
                    "name": {"type": "string"},
                    "roles": {"type": "array", "items": {"$ref": "#/components/schemas/Role"}},
                    "source": {"type": "string", "description": "The source that it is bound to."},
                    "agent": {"type": "string", "description": "The agent that it stands for."},
                    "createdAt": {"$ref": "#/components/schemas/Moment"},
                    "expiresAt": {"$ref": "#/components/schemas/Moment"},
                    "revokedAt": {"$ref": "#/components/schemas/Moment"}
                }
            },
            "NewKey": {
                "allOf": [
                    {"$ref": "#/components/schemas/Key"},
                    {
                        "type": "object",
                        "required": ["key"],
                        "properties": {
                            "key": {
                                "type": "string", "pattern": "^mr_[A-Za-z0-9_-]{43}$",
                                "description": "The key itself. It is stored as its SHA-256 only and never shown again."
                            }
                        }
                    }
                ]
            },
            "KeyPage": {
                "type": "object",
                "required": ["items", "next"],
                "properties": {
                    "items": {"type": "array", "items": {"$ref": "#/components/schemas/Key"}},
                    "next": {"$ref": "#/components/schemas/NextPage"}
                }
            },
            "KeyDraft": {
                "type": "object",
                "required": ["name", "roles"],
                "additionalProperties": false,
                "properties": {
                    "name": {"type": "string", "minLength": 1, "maxLength": 100, "pattern": "^[^\\u0000-\\u001f]+$"},
                    "roles": {"type": "array", "minItems": 1, "items": {"$ref": "#/components/schemas/Role"}},
                    "source": {"type": ["string", "null"], "description": "A source of the configuration that it may submit for; any when absent."},
                    "agent": {"type": ["string", "null"], "description": "The agent of the configuration that it stands for."},
                    "expiresAt": {"type": ["string", "null"], "format": "date-time", "description": "In the future."}
                },
                "examples": [{"name": "vinst 2026", "roles": ["source"], "source": "vinst"}]
            },
            "DeadLetter": {
                "type": "object",
                "required": ["id", "topic", "partition", "offset", "reason", "at"],
                "properties": {
                    "id": {"type": "string", "format": "uuid"},
                    "topic": {"type": "string"},
                    "partition": {"type": "integer", "minimum": 0},
                    "offset": {"type": "integer", "minimum": 0},
                    "reason": {"type": "string", "description": "Why it could not be taken, with every wrong place."},
                    "at": {"$ref": "#/components/schemas/Moment"},
                    "retriedAt": {"$ref": "#/components/schemas/Moment"},
                    "outcome": {"enum": ["accepted", "refused"], "description": "Of the last retry."},
                    "bytes": {"type": "string", "contentEncoding": "base64", "description": "The original message."},
                    "text": {"type": "string", "description": "The same as text, where it is text; at most 64 KiB."}
                }
            },
            "DeadLetterPage": {
                "type": "object",
                "required": ["items", "next"],
                "properties": {
                    "items": {"type": "array", "items": {"$ref": "#/components/schemas/DeadLetter"}},
                    "next": {"$ref": "#/components/schemas/NextPage"}
                }
            },
            "Erasure": {
                "type": "object",
                "required": ["customer"],
                "additionalProperties": false,
                "properties": {
                    "customer": {
                        "type": "string", "minLength": 1, "maxLength": 65536,
                        "description": "The value of the tenant's customer attribute."
                    }
                },
                "examples": [{"customer": "C-1042"}]
            },
            "Erased": {
                "type": "object",
                "required": ["erasedWorkItems"],
                "properties": {"erasedWorkItems": {"type": "integer", "minimum": 0}}
            },
            "Change": {
                "type": "object",
                "description": "One difference between the configuration in force and the one sent.",
                "required": ["path", "kind"],
                "properties": {
                    "path": {"type": "string", "examples": ["/categories/Incidents/children/Major/schema"]},
                    "kind": {"enum": ["added", "removed", "changed", "reordered"]},
                    "before": {"description": "Absent when added."},
                    "after": {"description": "Absent when removed."}
                }
            }
        }
        """#

    static let changeSchemas = #"""
        {
            "Applied": {
                "type": "object",
                "required": ["version", "changes"],
                "properties": {
                    "version": {"type": "integer", "minimum": 1, "description": "The version in force now; the same as before when nothing changed."},
                    "changes": {"type": "array", "items": {"$ref": "#/components/schemas/Change"}}
                }
            },
            "Validation": {
                "type": "object",
                "required": ["valid", "version", "errors", "changes"],
                "properties": {
                    "valid": {"type": "boolean"},
                    "version": {"type": "integer", "minimum": 1, "description": "The version in force."},
                    "errors": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["path", "message"],
                            "properties": {
                                "path": {"type": "string", "description": "A JSON pointer; empty for the whole document."},
                                "message": {"type": "string"}
                            }
                        }
                    },
                    "changes": {
                        "type": "array", "description": "What applying it would change; empty when it is not valid.",
                        "items": {"$ref": "#/components/schemas/Change"}
                    }
                }
            },
            "Anything": {"description": "A Configuration, or what is to become one."}
        }
        """#
}
