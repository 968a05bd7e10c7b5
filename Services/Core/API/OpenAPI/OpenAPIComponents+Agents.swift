extension OpenAPIComponents {
    static let agentSchemas = #"""
        {
            "AgentState": {"enum": [\#(list(AgentState.allCases))]},
            "Agent": {
                "type": "object",
                "required": [
                    "id", "name", "state", "stateSince", "idleSince", "load", "capacity", "skills", "endpoints", "groups"
                ],
                "properties": {
                    "id": {"type": "string"},
                    "name": {"type": "string"},
                    "state": {"$ref": "#/components/schemas/AgentState"},
                    "stateSince": {"$ref": "#/components/schemas/Moment"},
                    "idleSince": {
                        "$ref": "#/components/schemas/Moment", "description": "The one idle longest gets the next item."
                    },
                    "load": {"type": "integer", "minimum": 0, "description": "Units of capacity in use."},
                    "capacity": {"type": "integer", "minimum": 0},
                    "skills": {"type": "array", "items": {"type": "string"}},
                    "endpoints": {"type": "array", "items": {"type": "string"}},
                    "groups": {"type": "array", "items": {"type": "string"}}
                }
            },
            "AgentPage": {
                "type": "object",
                "required": ["items", "next"],
                "properties": {
                    "items": {"type": "array", "items": {"$ref": "#/components/schemas/Agent"}},
                    "next": {"$ref": "#/components/schemas/NextPage"}
                }
            },
            "AgentStateChange": {
                "type": "object",
                "required": ["state"],
                "additionalProperties": false,
                "properties": {
                    "state": {"$ref": "#/components/schemas/AgentState"},
                    "reason": {"oneOf": [{"$ref": "#/components/schemas/ReasonText"}, {"type": "null"}]}
                },
                "examples": [{"state": "ready"}, {"state": "notReady", "reason": "break"}]
            },
            "Offer": {
                "type": "object",
                "required": ["id", "workItemId", "deadline", "offeredAt", "workItem"],
                "properties": {
                    "id": {"type": "string", "description": "For accept and decline."},
                    "workItemId": {"type": "string", "format": "uuid"},
                    "deadline": {"$ref": "#/components/schemas/Moment", "description": "Until when it stands."},
                    "offeredAt": {"$ref": "#/components/schemas/Moment"},
                    "workItem": {"$ref": "#/components/schemas/WorkItem"}
                }
            },
            "Offers": {
                "type": "object",
                "required": ["offers"],
                "properties": {"offers": {"type": "array", "items": {"$ref": "#/components/schemas/Offer"}}}
            }
        }
        """#
}
