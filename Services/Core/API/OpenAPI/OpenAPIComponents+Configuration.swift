import Domain

extension OpenAPIComponents {
    static let configurationSchemas = #"""
        {
            "Duration": {
                "description": "`30s`, `5m`, `1h30m`, `2d`, `500ms`, `PT30S`, or a number of seconds.",
                "oneOf": [
                    {"type": "number", "minimum": 0},
                    {"type": "string", "maxLength": 40, "pattern": "^(P[0-9.WDTHMS]+|([0-9.]+(w|d|h|ms|m|s))+)$"}
                ],
                "examples": ["30s"]
            },
            "Day": {"type": "string", "pattern": "^20[0-9]{2}-[0-9]{2}-[0-9]{2}$", "examples": ["2026-12-25"]},
            "Openings": {
                "type": "array", "maxItems": 100, "description": "None is closed; `24:00` is a closing time.",
                "items": {"type": "string", "pattern": "^[0-2][0-9]:[0-5][0-9]-[0-2][0-9]:[0-5][0-9]$"},
                "examples": [["08:00-12:00", "13:00-17:00"]]
            },
            "Quota": {
                "type": "object",
                "required": ["perSecond"],
                "additionalProperties": false,
                "properties": {
                    "perSecond": {"type": "integer", "minimum": 1, "maximum": 1000000},
                    "perDay": {"type": "integer", "minimum": 1, "maximum": 1000000000000}
                }
            },
            "Configuration": {
                "type": "object",
                "description": "Everything that a tenant configures. What refers to something by name must find it in the same document.",
                "required": ["tenant"],
                "additionalProperties": false,
                "properties": {
                    "tenant": {
                        "type": "string", "maxLength": 63, "pattern": "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$",
                        "description": "The tenant of the credential."
                    },
                    "calendars": {
                        "type": "array", "maxItems": 1000, "items": {"$ref": "#/components/schemas/Calendar"}
                    },
                    "schemas": {
                        "type": "array", "maxItems": 1000, "items": {"$ref": "#/components/schemas/PrioritySchema"}
                    },
                    "skills": {"type": "array", "uniqueItems": true, "items": {"$ref": "#/components/schemas/Name"}},
                    "channels": {
                        "type": "array", "maxItems": 1000,
                        "description": "Channels whose items do not take one unit of capacity.",
                        "items": {
                            "type": "object",
                            "required": ["name"],
                            "additionalProperties": false,
                            "properties": {
                                "name": {"$ref": "#/components/schemas/Name"},
                                "weight": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 1}
                            }
                        }
                    },
                    "endpoints": {
                        "type": "array", "maxItems": 10000, "items": {"$ref": "#/components/schemas/Endpoint"}
                    },
                    "categories": {
                        "type": "array", "maxItems": 1000, "items": {"$ref": "#/components/schemas/Category"},
                        "description": "The first that takes an item has it, then the first of its children, and so on."
                    },
                    "groups": {"type": "array", "uniqueItems": true, "items": {"$ref": "#/components/schemas/PathName"}},
                    "agents": {
                        "type": "array", "maxItems": 100000, "items": {"$ref": "#/components/schemas/AgentDefinition"}
                    },
                    "sources": {
                        "type": "array", "maxItems": 10000, "items": {"$ref": "#/components/schemas/Source"}
                    },
                    "mailboxes": {
                        "type": "array", "maxItems": 1000, "items": {"$ref": "#/components/schemas/MailboxDefinition"}
                    },
                    "templates": {
                        "type": "array", "maxItems": 1000, "items": {"$ref": "#/components/schemas/Template"}
                    },
                    "retention": {
                        "type": "object",
                        "description": "For how many days data stays.",
                        "additionalProperties": false,
                        "properties": {
                            "finalItems": {"type": "integer", "minimum": 7, "maximum": 36500, "default": 90},
                            "events": {"type": "integer", "minimum": 7, "maximum": 36500, "default": 90}
                        }
                    },
                    "quota": {"$ref": "#/components/schemas/Quota"},
                    "datamart": {"$ref": "#/components/schemas/DatamartDefinition"},
                    "search": {"$ref": "#/components/schemas/SearchDefinition"},
                    "customerAttribute": {
                        "$ref": "#/components/schemas/AttributeName", "default": "customer",
                        "description": "The attribute that says which customer an item is about, for erasure."
                    }
                }
            },
            "Calendar": {
                "type": "object",
                "required": ["name"],
                "additionalProperties": false,
                "properties": {
                    "name": {"$ref": "#/components/schemas/Name"},
                    "always": {"type": "boolean", "description": "Always open; then nothing else is said."},
                    "timeZone": {"type": "string", "examples": ["Europe/Stockholm"]},
                    "weekly": {
                        "type": "object",
                        "additionalProperties": false,
                        "properties": {
                            "mon": {"$ref": "#/components/schemas/Openings"},
                            "tue": {"$ref": "#/components/schemas/Openings"},
                            "wed": {"$ref": "#/components/schemas/Openings"},
                            "thu": {"$ref": "#/components/schemas/Openings"},
                            "fri": {"$ref": "#/components/schemas/Openings"},
                            "sat": {"$ref": "#/components/schemas/Openings"},
                            "sun": {"$ref": "#/components/schemas/Openings"}
                        }
                    },
                    "closed": {
                        "type": "array", "maxItems": 10000, "uniqueItems": true,
                        "items": {"$ref": "#/components/schemas/Day"}
                    },
                    "special": {
                        "type": "array", "maxItems": 10000, "description": "Days with openings of their own.",
                        "items": {
                            "type": "object",
                            "required": ["date", "openings"],
                            "additionalProperties": false,
                            "properties": {
                                "date": {"$ref": "#/components/schemas/Day"},
                                "openings": {"$ref": "#/components/schemas/Openings"}
                            }
                        }
                    }
                }
            },
            "PrioritySchema": {
                "type": "object",
                "description": "A piecewise linear curve from business age to priority. Ages are in the unit.",
                "required": ["name", "unit", "sla", "points"],
                "additionalProperties": false,
                "properties": {
                    "name": {"$ref": "#/components/schemas/Name"},
                    "unit": {"enum": [\#(list(SchemaConfiguration.Unit.allCases))]},
                    "sla": {"type": "number", "minimum": 0, "description": "The age within which an item should be done."},
                    "points": {
                        "type": "array", "minItems": 1, "maxItems": \#(Curve.mostPoints),
                        "description": "[age, priority] by rising age; equal ages make a jump. Constant before the first and after the last.",
                        "items": {"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "number"}}
                    },
                    "autocompleteAfter": {"type": "number", "minimum": 0}
                },
                "examples": [{
                    "name": "standard", "unit": "hours", "sla": 8, "points": [[0, 100], [6, 300], [8, 1000], [24, 1500]],
                    "autocompleteAfter": 72
                }]
            },
            "Endpoint": {
                "type": "object",
                "required": ["name"],
                "additionalProperties": false,
                "properties": {
                    "name": {"$ref": "#/components/schemas/Name"},
                    "acceptWithin": {
                        "$ref": "#/components/schemas/Duration", "default": "30s", "description": "For which an offer stands."
                    },
                    "missedOffersUntilNotReady": {"type": "integer", "minimum": 1, "maximum": 1000},
                    "limit": {
                        "type": "integer", "minimum": 1, "maximum": 1000000,
                        "description": "How many of its items may be offered or assigned at once."
                    },
                    "returnAfter": {
                        "$ref": "#/components/schemas/Duration", "default": "5m",
                        "description": "After which assigned items of an agent who is away go back to the queue."
                    }
                }
            }
        }
        """#
}
