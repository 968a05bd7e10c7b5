import Domain

extension OpenAPIComponents {
    static let categorySchemas = #"""
        {
            "Scalar": {"type": ["string", "number", "boolean"]},
            "Bound": {"type": ["string", "number"]},
            "Scalars": {
                "type": "array", "minItems": 1, "maxItems": 1000, "items": {"$ref": "#/components/schemas/Scalar"}
            },
            "Condition": {
                "description": "Several tests beside one attribute must all pass; a list passes when one of its elements does.",
                "oneOf": [
                    {"$ref": "#/components/schemas/AllOf"},
                    {"$ref": "#/components/schemas/AnyOf"},
                    {"$ref": "#/components/schemas/Not"},
                    {"$ref": "#/components/schemas/AttributeTest"}
                ],
                "examples": [{"all": [{"attribute": "channel", "is": "incident"}, {"attribute": "impact", "in": ["Major", "High"]}]}]
            },
            "AllOf": {
                "type": "object", "required": ["all"], "additionalProperties": false,
                "properties": {"all": {"$ref": "#/components/schemas/Conditions"}}
            },
            "AnyOf": {
                "type": "object", "required": ["any"], "additionalProperties": false,
                "properties": {"any": {"$ref": "#/components/schemas/Conditions"}}
            },
            "Not": {
                "type": "object", "required": ["not"], "additionalProperties": false,
                "properties": {"not": {"$ref": "#/components/schemas/Condition"}}
            },
            "Conditions": {
                "type": "array", "minItems": 1, "maxItems": 1000, "items": {"$ref": "#/components/schemas/Condition"}
            },
            "AttributeTest": {
                "type": "object",
                "required": ["attribute"],
                "minProperties": 2,
                "additionalProperties": false,
                "properties": {
                    "attribute": {"$ref": "#/components/schemas/AttributeName"},
                    "is": {"$ref": "#/components/schemas/Scalar"},
                    "isNot": {"$ref": "#/components/schemas/Scalar"},
                    "in": {"$ref": "#/components/schemas/Scalars"},
                    "notIn": {"$ref": "#/components/schemas/Scalars"},
                    "greaterThan": {"$ref": "#/components/schemas/Bound"},
                    "atLeast": {"$ref": "#/components/schemas/Bound"},
                    "lessThan": {"$ref": "#/components/schemas/Bound"},
                    "atMost": {"$ref": "#/components/schemas/Bound"},
                    "contains": {"type": "string", "minLength": 1},
                    "startsWith": {"type": "string", "minLength": 1},
                    "exists": {"type": "boolean"}
                }
            },
            "Category": {
                "type": "object",
                "description": "What it omits comes from the category around it.",
                "required": ["name"],
                "additionalProperties": false,
                "properties": {
                    "name": {"$ref": "#/components/schemas/PathName"},
                    "when": {"$ref": "#/components/schemas/Condition", "description": "Absent: it takes all."},
                    "endpoint": {"$ref": "#/components/schemas/Name"},
                    "schema": {"$ref": "#/components/schemas/Name"},
                    "calendar": {"$ref": "#/components/schemas/Name"},
                    "requiredSkills": {
                        "type": "array", "uniqueItems": true, "items": {"$ref": "#/components/schemas/Name"}
                    },
                    "channel": {"$ref": "#/components/schemas/Name"},
                    "headStart": {
                        "description": "Makes its items older, or younger with a minus in front.",
                        "oneOf": [
                            {"type": "number"},
                            {"type": "string", "maxLength": 41, "pattern": "^-?(P[0-9.WDTHMS]+|([0-9.]+(w|d|h|ms|m|s))+)$"}
                        ]
                    },
                    "businessValueWeight": {
                        "type": "number", "minimum": -1e9, "maximum": 1e9,
                        "description": "Seconds of head start for each unit of business value."
                    },
                    "holdPausesSLA": {"type": "boolean"},
                    "rejectWhenOverdue": {"type": "boolean"},
                    "preferredAgentFor": {
                        "$ref": "#/components/schemas/Duration",
                        "description": "For how long only the preferred agent gets an item."
                    },
                    "email": {
                        "type": "object", "additionalProperties": false,
                        "description": "What its mailbox says otherwise.",
                        "properties": {
                            "replyToFinal": {
                                "enum": [\#(list(ReplyToFinal.allCases))],
                                "description": "What a reply to an item that has ended does."
                            },
                            "approveReplies": {"type": "boolean"},
                            "autoResponse": {
                                "type": "string",
                                "description": "The template that answers a first message, in place of the acknowledgement."
                            }
                        }
                    },
                    "children": {
                        "type": "array", "maxItems": 1000, "items": {"$ref": "#/components/schemas/Category"}
                    }
                }
            },
            "AgentDefinition": {
                "type": "object",
                "required": ["id"],
                "additionalProperties": false,
                "properties": {
                    "id": {"$ref": "#/components/schemas/PathName"},
                    "name": {"$ref": "#/components/schemas/Identifier"},
                    "subject": {"$ref": "#/components/schemas/Identifier", "description": "The `sub` of the agent's tokens."},
                    "skills": {"type": "array", "uniqueItems": true, "items": {"$ref": "#/components/schemas/Name"}},
                    "endpoints": {"type": "array", "uniqueItems": true, "items": {"$ref": "#/components/schemas/Name"}},
                    "capacity": {"type": "integer", "minimum": 0, "maximum": 1000, "default": 1},
                    "groups": {"type": "array", "uniqueItems": true, "items": {"$ref": "#/components/schemas/PathName"}}
                }
            },
            "Source": {
                "type": "object",
                "required": ["name"],
                "additionalProperties": false,
                "properties": {
                    "name": {"$ref": "#/components/schemas/PathName"},
                    "defaults": {
                        "type": "object", "maxProperties": \#(WorkItemLimits.attributes),
                        "propertyNames": {"$ref": "#/components/schemas/AttributeName"},
                        "additionalProperties": {"$ref": "#/components/schemas/AttributeValue"},
                        "description": "Attributes that its items get where they have none of that name."
                    },
                    "topic": {
                        "$ref": "#/components/schemas/TopicName", "description": "A topic for its commands alone. No other tenant may have it, and it is none of Millrace's own."
                    },
                    "quota": {"$ref": "#/components/schemas/Quota"},
                    "replies": {
                        "type": "object",
                        "description": "Where and about what it is told of its items.",
                        "additionalProperties": false,
                        "properties": {
                            "topic": {"$ref": "#/components/schemas/TopicName"},
                            "webhook": {
                                "type": "object",
                                "required": ["url", "secretRef"],
                                "additionalProperties": false,
                                "properties": {
                                    "url": {"type": "string", "maxLength": 2000, "pattern": "^[hH][tT][tT][pP][sS]?://[^ ]+$"},
                                    "secretRef": {"$ref": "#/components/schemas/Name"}
                                }
                            },
                            "events": {
                                "type": "array", "uniqueItems": true,
                                "description": "Actions and statuses; absent: every change of status.",
                                "items": {"enum": [\#(eventNames)]}
                            }
                        }
                    }
                }
            },
            "TopicName": {"type": "string", "minLength": 1, "maxLength": 249, "pattern": "^[A-Za-z0-9._-]+$"}
        }
        """#

    private static let eventNames = RepliesConfiguration.eventNames.map { "\"\($0)\"" }.joined(separator: ", ")
}
