import Domain

extension OpenAPIComponents {
    static let workItemSchemas = #"""
        {
            "WorkItemStatus": {
                "enum": [\#(list(WorkItemStatus.allCases))],
                "description": "`completed`, `canceled` and `rejected` are final; only `restart` leads out of them."
            },
            "AttributeValue": {
                "oneOf": [
                    {"type": ["string", "number", "boolean"]},
                    {"type": "array", "items": {"type": ["string", "number", "boolean"]}}
                ]
            },
            "WorkItem": {
                "type": "object",
                "description": "A work item as it is now. What it does not have is absent.",
                "required": [
                    "id", "captureId", "source", "revision", "status", "weight", "requiredSkills", "receivedAt",
                    "activation", "updatedAt", "configurationVersion", "attributes"
                ],
                "properties": {
                    "id": {"type": "string", "format": "uuid"},
                    "captureId": {"type": "string", "description": "The source's own number of the item."},
                    "source": {"type": "string"},
                    "revision": {"$ref": "#/components/schemas/Revision"},
                    "status": {"$ref": "#/components/schemas/WorkItemStatus"},
                    "category": {"type": "string", "examples": ["Incidents/Major"]},
                    "endpoint": {"type": "string"},
                    "channel": {"type": "string"},
                    "weight": {"type": "integer", "minimum": 1, "description": "Units of an agent's capacity."},
                    "requiredSkills": {"type": "array", "items": {"type": "string"}},
                    "schema": {"type": "string"},
                    "calendar": {"type": "string"},
                    "currentPriority": {"type": "number", "description": "At this moment; the highest goes first."},
                    "age": {"type": "number", "description": "Seconds of business time along the schema's curve."},
                    "receivedAt": {"$ref": "#/components/schemas/Moment"},
                    "activation": {"$ref": "#/components/schemas/Moment"},
                    "due": {"$ref": "#/components/schemas/Moment"},
                    "overdue": {"type": "boolean"},
                    "autocompleteAt": {"$ref": "#/components/schemas/Moment"},
                    "priority": {"type": "number", "description": "The source's head start, in seconds of age."},
                    "businessValue": {"type": "number"},
                    "push": {"type": "number", "description": "The operators' head start, in seconds of age."},
                    "assignee": {"type": "string", "description": "The agent who has it offered or assigned."},
                    "preferredAgent": {"type": "string"},
                    "preferredUntil": {"$ref": "#/components/schemas/Moment"},
                    "workbin": {"type": "string", "pattern": "^(agent|group):"},
                    "offerId": {"type": "string"},
                    "offeredAt": {"$ref": "#/components/schemas/Moment"},
                    "deadline": {
                        "$ref": "#/components/schemas/Moment",
                        "description": "Until when the offer stands, or until when it rests in the workbin."
                    },
                    "heldFrom": {"$ref": "#/components/schemas/WorkItemStatus"},
                    "reason": {"type": "string", "description": "Given with the last hold, cancel, decline, transfer; or why it failed."},
                    "result": {"description": "What `complete` said; any JSON value."},
                    "completedAt": {"$ref": "#/components/schemas/Moment"},
                    "updatedAt": {"$ref": "#/components/schemas/Moment"},
                    "configurationVersion": {
                        "type": "integer", "minimum": 1,
                        "description": "The version of the configuration that classified and ranked it."
                    },
                    "attributes": {
                        "type": "object", "additionalProperties": {"$ref": "#/components/schemas/AttributeValue"}
                    },
                    "score": {"type": "integer", "description": "What the item counts in this search."},
                    "highlights": {
                        "type": "array", "description": "Where this search found something, the most telling first.",
                        "items": {"$ref": "#/components/schemas/Highlight"}
                    }
                }
            },
            "Highlight": {
                "type": "object",
                "required": ["field", "text"],
                "properties": {
                    "field": {"type": "string", "examples": ["captureId", "attributes/product", "email/subject"]},
                    "emailId": {"type": "string", "format": "uuid"},
                    "text": {
                        "type": "array", "items": {"type": "string"},
                        "description": "Text and found text in turn, beginning with text, which may be empty: the second, fourth and so on were found.",
                        "examples": [["the ", "router", " is dead"]]
                    }
                }
            },
            "WorkItemPage": {
                "type": "object",
                "required": ["items", "next"],
                "properties": {
                    "items": {"type": "array", "items": {"$ref": "#/components/schemas/WorkItem"}},
                    "next": {"$ref": "#/components/schemas/NextPage"},
                    "search": {
                        "type": "object",
                        "description": "Of a search: which index answered.",
                        "required": ["index"],
                        "properties": {
                            "index": {"enum": [\#(list(SearchPage.Index.allCases))]},
                            "note": {"type": "string", "description": "Why it was another one than usual."}
                        }
                    }
                }
            },
            "BulkResult": {
                "type": "object",
                "required": ["items", "next"],
                "properties": {
                    "items": {
                        "type": "array",
                        "description": "One for each id, in the order of the request.",
                        "items": {
                            "type": "object",
                            "required": ["id", "status"],
                            "properties": {
                                "id": {"type": "string", "format": "uuid"},
                                "status": {"type": "integer", "description": "As the action alone would have been answered."},
                                "workItem": {"$ref": "#/components/schemas/WorkItem"},
                                "problem": {"$ref": "#/components/schemas/Problem"}
                            }
                        }
                    },
                    "next": {"$ref": "#/components/schemas/EndOfList"}
                }
            }
        }
        """#
}
