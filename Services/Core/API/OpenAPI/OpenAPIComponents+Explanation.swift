import Domain

extension OpenAPIComponents {
    /// What happened to an item, and why: events with their data, history, explanation.
    static let explanationSchemas = #"""
        {
            "Actor": {
                "type": "object",
                "description": "Who did it.",
                "required": ["kind", "id"],
                "properties": {
                    "kind": {"enum": [\#(list([Actor.Kind.source, .user, .agent, .system]))]},
                    "id": {"type": "string", "description": "The source's or agent's name, the user's subject, or the part of the system."}
                }
            },
            "WorkItemEventData": {
                "type": "object",
                "description": "One step of a work item: `from` one status `to` another. What does not apply is absent.",
                "required": [
                    "workItemId", "captureId", "sourceName", "revision", "action", "to", "actor", "weight", "activation",
                    "configurationVersion"
                ],
                "properties": {
                    "workItemId": {"type": "string", "format": "uuid"},
                    "captureId": {"type": "string"},
                    "sourceName": {"type": "string"},
                    "revision": {"$ref": "#/components/schemas/Revision"},
                    "action": {"enum": [\#(list(WorkItemAction.allCases))]},
                    "from": {"$ref": "#/components/schemas/WorkItemStatus", "description": "Absent for a new item."},
                    "via": {
                        "$ref": "#/components/schemas/WorkItemStatus",
                        "description": "A status that the item went through in the same step."
                    },
                    "to": {"$ref": "#/components/schemas/WorkItemStatus"},
                    "agent": {"type": "string", "description": "The agent concerned, also when the item is no longer theirs."},
                    "actor": {"$ref": "#/components/schemas/Actor"},
                    "category": {"type": "string"},
                    "endpoint": {"type": "string"},
                    "channel": {"type": "string"},
                    "weight": {"type": "integer", "minimum": 1},
                    "priority": {"type": "number", "description": "At the pick."},
                    "age": {"type": "number", "description": "At the pick, in seconds of business time."},
                    "anchor": {"type": "integer", "description": "Milliseconds of business time."},
                    "activation": {"$ref": "#/components/schemas/Moment"},
                    "due": {"$ref": "#/components/schemas/Moment"},
                    "deadline": {"$ref": "#/components/schemas/Moment"},
                    "workbin": {"type": "string"},
                    "heldFrom": {"$ref": "#/components/schemas/WorkItemStatus"},
                    "reason": {"type": "string"},
                    "result": {"description": "Any JSON value."},
                    "configurationVersion": {"type": "integer", "minimum": 1},
                    "receivedAt": {"$ref": "#/components/schemas/Moment"},
                    "businessValue": {"type": "number"},
                    "attributes": {
                        "type": "object", "additionalProperties": {"$ref": "#/components/schemas/AttributeValue"},
                        "description": "When the item is new or its attributes have changed."
                    }
                }
            },
            "History": {
                "type": "object",
                "required": ["items", "next"],
                "properties": {
                    "items": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["revision", "type", "time", "data"],
                            "properties": {
                                "revision": {"$ref": "#/components/schemas/Revision"},
                                "type": {"type": "string", "pattern": "^millrace\\.(workitem|email)\\."},
                                "time": {"$ref": "#/components/schemas/Moment"},
                                "data": {
                                    "oneOf": [
                                        {"$ref": "#/components/schemas/WorkItemEventData"},
                                        {"$ref": "#/components/schemas/EmailEventData"}
                                    ]
                                }
                            }
                        }
                    },
                    "next": {"$ref": "#/components/schemas/NextPage"}
                }
            },
            "Explanation": {
                "type": "object",
                "required": ["workItemId", "classification", "ranking", "items"],
                "properties": {
                    "workItemId": {"type": "string", "format": "uuid"},
                    "classification": {"$ref": "#/components/schemas/Classification"},
                    "ranking": {"$ref": "#/components/schemas/Ranking", "description": "How it is ranked now."},
                    "items": {"type": "array", "items": {"$ref": "#/components/schemas/OfferExplanation"}}
                }
            },
            "Classification": {
                "type": "object",
                "required": ["configurationVersion", "category", "rules"],
                "properties": {
                    "configurationVersion": {"type": ["integer", "null"]},
                    "category": {"type": ["string", "null"]},
                    "rules": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["category", "because"],
                            "properties": {
                                "category": {"type": "string"},
                                "because": {"type": "array", "items": {"type": "string"}}
                            }
                        }
                    }
                }
            },
            "Ranking": {
                "type": "object",
                "description": "Schema and calendar by which it was ranked, and where it stood. Ages and anchor are seconds of business time.",
                "required": ["schema", "schemaVersion", "calendar", "calendarVersion", "anchor"],
                "properties": {
                    "schema": {"type": ["string", "null"]},
                    "schemaVersion": {"type": ["integer", "null"]},
                    "calendar": {"type": ["string", "null"]},
                    "calendarVersion": {"type": ["integer", "null"]},
                    "anchor": {"type": ["number", "null"]},
                    "points": {
                        "type": "array", "description": "The curve: age and priority.",
                        "items": {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}
                    },
                    "age": {"type": "number"},
                    "priority": {"type": "number"}
                }
            },
            "OfferExplanation": {
                "type": "object",
                "description": "Why the item went to that agent at that moment.",
                "required": [
                    "revision", "offeredAt", "agent", "configurationVersion", "classification", "ranking", "trigger",
                    "at", "businessTime", "chosen",
                    "competing", "competingRest", "eligibleAgents", "eligibleRest", "passedOver", "endpointsAtLimit"
                ],
                "properties": {
                    "revision": {"$ref": "#/components/schemas/Revision"},
                    "offeredAt": {"$ref": "#/components/schemas/Moment"},
                    "agent": {"type": ["string", "null"]},
                    "configurationVersion": {"type": ["integer", "null"]},
                    "classification": {"$ref": "#/components/schemas/Classification", "description": "The rule of that time."},
                    "ranking": {"$ref": "#/components/schemas/Ranking", "description": "The curve of that time."},
                    "trigger": {"enum": [\#(list([PickTrigger.agent, .next, .lane]))], "description": "What made distribution look."},
                    "at": {"$ref": "#/components/schemas/Moment"},
                    "businessTime": {"type": "number", "description": "Of the chosen lane's calendar, in seconds."},
                    "chosen": {"$ref": "#/components/schemas/RankedHead"},
                    "competing": {
                        "type": "array", "description": "The best of the other lanes that the agent could have been served from.",
                        "items": {"$ref": "#/components/schemas/RankedHead"}
                    },
                    "competingRest": {"type": "integer", "minimum": 0},
                    "eligibleAgents": {
                        "type": "array", "description": "Idle longest first.",
                        "items": {
                            "type": "object",
                            "required": ["agent", "idleSince"],
                            "properties": {
                                "agent": {"type": "string"}, "idleSince": {"$ref": "#/components/schemas/Moment"}
                            }
                        }
                    },
                    "eligibleRest": {"type": "integer", "minimum": 0},
                    "passedOver": {
                        "type": "array", "description": "Items that the agent had just missed.",
                        "items": {"type": "string", "format": "uuid"}
                    },
                    "endpointsAtLimit": {"type": "array", "items": {"type": "string"}}
                }
            },
            "RankedHead": {
                "type": "object",
                "description": "The best item of a lane at that moment.",
                "required": ["workItemId", "revision", "lane", "requiredSkills", "priority", "age", "arrival", "laneSize"],
                "properties": {
                    "workItemId": {"type": "string", "format": "uuid"},
                    "revision": {"$ref": "#/components/schemas/Revision"},
                    "lane": {"type": "string"},
                    "endpoint": {"type": "string"},
                    "requiredSkills": {"type": "array", "items": {"type": "string"}},
                    "schema": {"type": "string"},
                    "calendar": {"type": "string"},
                    "priority": {"type": "number"},
                    "age": {"type": "number", "description": "Seconds of business time."},
                    "arrival": {"type": "integer", "description": "Decides between items of equal priority and age."},
                    "laneSize": {"type": "integer", "minimum": 0}
                }
            }
        }
        """#
}
