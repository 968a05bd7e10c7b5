extension OpenAPIComponents {
    static let reportingSchemas = #"""
        {
            "Queues": {
                "type": "object",
                "required": ["time", "items", "next"],
                "properties": {
                    "time": {"$ref": "#/components/schemas/Moment"},
                    "items": {"type": "array", "items": {"$ref": "#/components/schemas/Queue"}},
                    "next": {"$ref": "#/components/schemas/NextPage"}
                }
            },
            "Queue": {
                "type": "object",
                "required": [
                    "depth", "overdue", "offered", "assigned", "held", "parked", "agentsReady", "agentsFree"
                ],
                "properties": {
                    "endpoint": {"type": "string", "description": "Absent for items that have none."},
                    "category": {"type": "string", "description": "Absent where no category applies and for an endpoint without items."},
                    "depth": {"type": "integer", "minimum": 0, "description": "Items that wait."},
                    "oldest": {"$ref": "#/components/schemas/Moment", "description": "Activation of the oldest that waits."},
                    "overdue": {"type": "integer", "minimum": 0, "description": "Items that wait and are past their due date."},
                    "offered": {"type": "integer", "minimum": 0},
                    "assigned": {"type": "integer", "minimum": 0},
                    "held": {"type": "integer", "minimum": 0},
                    "parked": {"type": "integer", "minimum": 0},
                    "agentsReady": {"type": "integer", "minimum": 0, "description": "Agents of the endpoint who are ready."},
                    "agentsFree": {"type": "integer", "minimum": 0, "description": "Those of them with room for more."}
                }
            },
            "AgentEventData": {
                "type": "object",
                "required": ["agent", "revision", "from", "to", "actor"],
                "properties": {
                    "agent": {"type": "string"},
                    "revision": {"$ref": "#/components/schemas/Revision"},
                    "from": {"$ref": "#/components/schemas/AgentState"},
                    "to": {"$ref": "#/components/schemas/AgentState"},
                    "actor": {"$ref": "#/components/schemas/Actor"},
                    "reason": {"type": "string"}
                }
            },
            "Event": {
                "type": "object",
                "description": "A CloudEvent 1.0, as on the topics `workitems.events`, `agents.events` and `emails.status`.",
                "required": [
                    "specversion", "id", "source", "type", "subject", "time", "datacontenttype", "tenant", "position", "data"
                ],
                "properties": {
                    "specversion": {"const": "1.0"},
                    "id": {"type": "string", "description": "Unique for ever: a subject's revision has one event."},
                    "source": {"type": "string", "format": "uri-reference"},
                    "type": {"type": "string", "pattern": "^millrace\\.(workitems?|agent|email)\\."},
                    "subject": {"type": "string", "description": "The work item's or message's id; for an agent's event its number; for one about items that are gone an id of its own."},
                    "time": {"$ref": "#/components/schemas/Moment"},
                    "datacontenttype": {"const": "application/json"},
                    "tenant": {"type": "string"},
                    "position": {"type": "integer", "minimum": 1, "description": "In the tenant's feed; without gaps."},
                    "data": {
                        "oneOf": [
                            {"$ref": "#/components/schemas/WorkItemEventData"},
                            {"$ref": "#/components/schemas/AgentEventData"},
                            {"$ref": "#/components/schemas/EmailEventData"},
                            {"$ref": "#/components/schemas/GoneItemsEventData"}
                        ]
                    }
                }
            },
            "GoneItemsEventData": {
                "type": "object",
                "description": "Of `millrace.workitems.remove`: items that retention took away. Of `millrace.workitems.erase`: items that are gone and were a customer's who has been erased.",
                "required": ["workItemIds", "actor"],
                "properties": {
                    "workItemIds": {"type": "array", "items": {"type": "string", "format": "uuid"}},
                    "formerWorkItemIds": {"type": "array", "items": {"type": "string", "format": "uuid"}, "description": "Those that were another's, or nobody's, in the end."},
                    "actor": {"$ref": "#/components/schemas/Actor"}
                }
            },
            "EventPage": {
                "type": "object",
                "required": ["items", "next", "last"],
                "properties": {
                    "items": {
                        "type": "array", "items": {"$ref": "#/components/schemas/Event"},
                        "description": "A page ends at about 8 MiB, however many were asked for."
                    },
                    "next": {"type": "integer", "minimum": 0, "description": "For `after`, also of an empty page."},
                    "last": {
                        "type": "integer", "minimum": 0,
                        "description": "The position of the newest event, be it that retention has taken it. Beyond `next`: there is more, or, of an empty page, what is between has been cleared away. Before `after`: the database was restored, and what was read beyond it never happened."
                    }
                }
            }
        }
        """#
}
