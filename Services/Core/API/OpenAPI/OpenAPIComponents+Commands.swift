import Domain

extension OpenAPIComponents {
    /// The bodies of what is done to work items; the same as `data` of the commands over Kafka.
    static let commandSchemas = #"""
        {
            "AttributeName": {
                "type": "string", "minLength": 1, "maxLength": \#(WorkItemLimits.attributeNameBytes),
                "pattern": "\#(oneLine(slashes: true))"
            },
            "Submit": {
                "type": "object",
                "required": ["captureId"],
                "additionalProperties": false,
                "properties": {
                    "captureId": {"$ref": "#/components/schemas/Identifier"},
                    "activation": {
                        "description": "When it becomes work; now when absent.",
                        "oneOf": [{"$ref": "#/components/schemas/ItemDate"}, {"type": "null"}]
                    },
                    "due": {
                        "description": "When the source wants it done; else the schema says.",
                        "oneOf": [{"$ref": "#/components/schemas/ItemDate"}, {"type": "null"}]
                    },
                    "priority": {
                        "type": ["number", "null"], "minimum": -1e9, "maximum": 1e9,
                        "description": "Head start in seconds of age."
                    },
                    "businessValue": {"type": ["number", "null"], "minimum": -1e12, "maximum": 1e12},
                    "attributes": {
                        "type": ["object", "null"], "maxProperties": \#(WorkItemLimits.attributes),
                        "propertyNames": {"$ref": "#/components/schemas/AttributeName"},
                        "additionalProperties": {"$ref": "#/components/schemas/AttributeValue"},
                        "description": "What the rules look at; at most \#(WorkItemLimits.attributesBytes) bytes as JSON."
                    },
                    "preferredAgent": {
                        "description": "The agent who gets it first.",
                        "oneOf": [{"$ref": "#/components/schemas/PathName"}, {"type": "null"}]
                    },
                    "preferredUntil": {
                        "description": "Until when only that agent gets it; needs preferredAgent.",
                        "oneOf": [{"$ref": "#/components/schemas/ItemDate"}, {"type": "null"}]
                    }
                },
                "examples": [{
                    "captureId": "INC-1", "due": "2026-11-02T08:00:00+01:00", "businessValue": 250,
                    "attributes": {"impact": "Major", "product": "PROD424", "affected": 12, "countries": ["Sweden", "Poland"]}
                }]
            },
            "Update": {
                "type": "object",
                "additionalProperties": false,
                "properties": {
                    "attributes": {
                        "type": ["object", "null"],
                        "propertyNames": {"$ref": "#/components/schemas/AttributeName"},
                        "additionalProperties": {
                            "oneOf": [{"$ref": "#/components/schemas/AttributeValue"}, {"type": "null"}]
                        },
                        "description": "Merged over what it has; null deletes an attribute."
                    },
                    "due": {"oneOf": [{"$ref": "#/components/schemas/ItemDate"}, {"type": "null"}]},
                    "priority": {"type": ["number", "null"], "minimum": -1e9, "maximum": 1e9},
                    "businessValue": {"type": ["number", "null"], "minimum": -1e12, "maximum": 1e12},
                    "push": {
                        "type": ["number", "null"], "minimum": -1e9, "maximum": 1e9,
                        "description": "Seconds by which it moves forwards in its lane, or back; added to earlier pushes."
                    }
                },
                "examples": [{"attributes": {"impact": "High", "affected": null}, "push": 1800}]
            },
            "Reason": {
                "type": ["object", "null"],
                "additionalProperties": false,
                "properties": {"reason": {"oneOf": [{"$ref": "#/components/schemas/ReasonText"}, {"type": "null"}]}},
                "examples": [{"reason": "Waits for the customer."}]
            },
            "Completion": {
                "type": ["object", "null"],
                "additionalProperties": false,
                "properties": {
                    "result": {"description": "What came of it: any JSON value of at most \#(WorkItemLimits.resultBytes) bytes."}
                },
                "examples": [{"result": {"code": "solved", "minutes": 12}}]
            },
            "Assignment": {
                "type": "object",
                "required": ["agent"],
                "additionalProperties": false,
                "properties": {"agent": {"$ref": "#/components/schemas/PathName"}},
                "examples": [{"agent": "anna"}]
            },
            "Transfer": {
                "type": "object",
                "description": "Either to an agent or to an endpoint.",
                "additionalProperties": false,
                "anyOf": [{"required": ["agent"]}, {"required": ["endpoint"]}],
                "properties": {
                    "agent": {"oneOf": [{"$ref": "#/components/schemas/PathName"}, {"type": "null"}]},
                    "endpoint": {"oneOf": [{"$ref": "#/components/schemas/Name"}, {"type": "null"}]},
                    "reason": {"oneOf": [{"$ref": "#/components/schemas/ReasonText"}, {"type": "null"}]}
                },
                "examples": [{"endpoint": "second-line", "reason": "Needs a specialist."}]
            },
            "Parking": {
                "type": ["object", "null"],
                "additionalProperties": false,
                "properties": {
                    "workbin": {
                        "description": "An agent's id or a group's name.",
                        "oneOf": [{"$ref": "#/components/schemas/PathName"}, {"type": "null"}]
                    },
                    "until": {
                        "description": "When it goes back to the queue, its agent first; absent: never by itself.",
                        "oneOf": [{"$ref": "#/components/schemas/ItemDate"}, {"type": "null"}]
                    }
                },
                "examples": [{"until": "2026-11-03T08:00:00+01:00"}]
            },
            "ActingAgent": {
                "type": "object",
                "additionalProperties": false,
                "properties": {"agent": {"$ref": "#/components/schemas/PathName"}},
                "examples": [{"agent": "anna"}]
            },
            "Bulk": {
                "type": "object",
                "required": ["action", "ids"],
                "additionalProperties": false,
                "properties": {
                    "action": {"enum": [\#(list(CoreAPI.actions + [.update]))]},
                    "ids": {
                        "type": "array", "minItems": 1, "maxItems": 1000,
                        "items": {"type": "string", "pattern": "^([0-9A-Fa-f]{32}|[0-9A-Fa-f-]{36})$"}
                    },
                    "body": {"type": ["object", "null"], "description": "The body that the action takes, for every item."}
                },
                "examples": [{
                    "action": "hold", "ids": ["0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"], "body": {"reason": "Outage"}
                }]
            }
        }
        """#
}
