import Domain

extension OpenAPIComponents {
    static let parameters = #"""
        {
            "WorkItemId": {
                "name": "id", "in": "path", "required": true, "description": "The work item's id.",
                "schema": {"type": "string", "minLength": 1}, "example": "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"
            },
            "SourceName": {
                "name": "source", "in": "path", "required": true, "description": "The source's name.",
                "schema": {"type": "string", "minLength": 1}, "example": "vinst"
            },
            "CaptureId": {
                "name": "captureId", "in": "path", "required": true, "description": "The source's own number of the item.",
                "schema": {"type": "string", "minLength": 1}, "example": "INC-1"
            },
            "AgentId": {
                "name": "id", "in": "path", "required": true, "description": "The agent's id.",
                "schema": {"type": "string", "minLength": 1}, "example": "anna"
            },
            "OfferId": {
                "name": "id", "in": "path", "required": true, "description": "The offer's id.",
                "schema": {"type": "string", "minLength": 1}, "example": "0190a1b2c3d47e5f8a9b0c1d2e3f4a5b-3"
            },
            "DeadLetterId": {
                "name": "id", "in": "path", "required": true, "description": "The dead letter's id.",
                "schema": {"type": "string", "minLength": 1}, "example": "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"
            },
            "DeadLetterContents": {
                "name": "contents", "in": "query", "description": "Whether the messages are shown themselves, or only what is known of them.",
                "schema": {"type": "boolean", "default": true}
            },
            "KeyId": {
                "name": "id", "in": "path", "required": true, "description": "The key's id, not its text.",
                "schema": {"type": "string", "minLength": 1}, "example": "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"
            },
            "SubmittingSource": {
                "name": "source", "in": "query",
                "description": "The source that the submit counts as, where the credential is bound to none; else the first of the configuration.",
                "schema": {"type": "string"}, "example": "vinst"
            },
            "CaptureIdFilter": {
                "name": "captureId", "in": "query", "description": "Items of exactly this captureId.",
                "schema": {"type": "string"}
            },
            "StatusFilter": {
                "name": "status", "in": "query", "description": "Items in one of these statuses; also separated by commas.",
                "style": "form", "explode": true,
                "schema": {"type": "array", "items": {"$ref": "#/components/schemas/WorkItemStatus"}}
            },
            "CategoryFilter": {
                "name": "category", "in": "query", "description": "Items of this category (`Incidents/Major`) and all below it.",
                "schema": {"type": "string"}
            },
            "AssigneeFilter": {
                "name": "assignee", "in": "query", "description": "Items that are offered or assigned to this agent.",
                "schema": {"type": "string"}
            },
            "SourceFilter": {
                "name": "source", "in": "query", "description": "Items of this source.", "schema": {"type": "string"}
            },
            "TextFilter": {
                "name": "q", "in": "query", "description": "What to look for in captureId, attributes and messages: `words`, `\"phrases\"`, `begin*`, `field:word`, `-without`. See the operation.",
                "schema": {"type": "string"}, "example": "router customer:\"Åsa Öberg\" -spam"
            },
            "Sort": {
                "name": "sort", "in": "query", "description": "A minus in front turns the order round. With `q` it is by relevance unless said otherwise, without it the newest first.",
                "schema": {"enum": [\#(list(CoreAPI.ListOrder.allCases))]}
            },
            "Limit": {
                "name": "limit", "in": "query", "description": "Items on a page.",
                "schema": {"type": "integer", "minimum": 1, "maximum": 500, "default": 50}
            },
            "ListLimit": {
                "name": "limit", "in": "query", "description": "Items on a page.",
                "schema": {
                    "type": "integer", "minimum": 1, "maximum": \#(ListPage.highestLimit), "default": \#(ListPage.usualLimit)
                }
            },
            "Cursor": {
                "name": "cursor", "in": "query", "description": "`next` of the page before, with the same filters and order.",
                "schema": {"type": "string"}
            },
            "AfterPosition": {
                "name": "after", "in": "query", "description": "The last position that the caller has.",
                "schema": {"type": "integer", "minimum": 0, "maximum": 9223372036854775806, "default": 0}
            },
            "EventLimit": {
                "name": "limit", "in": "query", "description": "Events of an answer.",
                "schema": {"type": "integer", "minimum": 1, "maximum": 5000, "default": 500}
            },
            "Wait": {
                "name": "wait", "in": "query", "description": "Seconds to wait at most.",
                "schema": {"type": "integer", "minimum": 0, "maximum": 60, "default": 0}
            },
            "ConfigurationVersion": {
                "name": "version", "in": "query",
                "description": "The version wanted, as work items and events name it; else the one in force.",
                "schema": {"type": "integer", "minimum": 1, "maximum": \#(Int32.max)}
            },
            "IdempotencyKey": {
                "name": "Idempotency-Key", "in": "header",
                "description": "The same request under the same key has its effect once and gets the same answer for 7 days.",
                "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"}, "example": "6ad1f5c1-4d1b-4c43"
            },
            "IfMatch": {
                "name": "If-Match", "in": "header",
                "description": "Do it only while the item is at one of these revisions.",
                "schema": {"type": "string", "pattern": "\#(entityTags)"}, "example": "*"
            },
            "ConfigurationIfMatch": {
                "name": "If-Match", "in": "header",
                "description": "Apply it only while one of these versions is in force.",
                "schema": {"type": "string", "pattern": "\#(entityTags)"}, "example": "*"
            },
            "Signature": {
                "name": "Millrace-Signature", "in": "header",
                "description": "`t=SECONDS,v1=HEX`: HMAC-SHA256 over SECONDS, a dot and the body, by the secret that `secretRef` names. Refuse what is older than some minutes.",
                "schema": {"type": "string", "pattern": "^t=[0-9]+,v1=[0-9a-f]{64}$"}
            },
            "RequiredIfMatch": {
                "name": "If-Match", "in": "header", "required": true,
                "description": "The ETag of the version that the caller has read, or `*` for whatever it is.",
                "schema": {"type": "string", "pattern": "\#(entityTags)"}, "example": "*"
            }
        }
        """#

    /// `*`, or entity tags separated by commas.
    private static let entityTags = #"^(\\*|[ \\t]*\"[^\",]+\"[ \\t]*(,[ \\t]*\"[^\",]+\"[ \\t]*)*)$"#
}
