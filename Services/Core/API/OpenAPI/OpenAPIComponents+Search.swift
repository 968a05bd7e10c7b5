extension OpenAPIComponents {
    static let searchParameters = #"""
        {
            "AfterItem": {
                "name": "after", "in": "query", "description": "The last item that the caller has.",
                "schema": {"type": "string", "format": "uuid"}
            },
            "DocumentLimit": {
                "name": "limit", "in": "query", "description": "Items of an answer.",
                "schema": {"type": "integer", "minimum": 1, "maximum": \#(CoreAPI.mostSearchRecords), "default": 200}
            }
        }
        """#

    static let searchSchemas = #"""
        {
            "SearchDefinition": {
                "type": "object", "description": "Elasticsearch (7.10 and later) or OpenSearch, for searches of work items.",
                "required": ["url"], "additionalProperties": false,
                "properties": {
                    "url": {
                        "type": "string", "maxLength": 500, "pattern": "^https?://[A-Za-z0-9._-]+(:[1-9][0-9]{0,4})?(/[A-Za-z0-9._-]+)*/?$",
                        "description": "Without user and password.", "examples": ["https://es.example.com:9200"]
                    },
                    "user": {"$ref": "#/components/schemas/Name"},
                    "secret": {
                        "$ref": "#/components/schemas/PathName",
                        "description": "A stored secret with the user's password; without `user` its password is an API key."
                    },
                    "alias": {
                        "type": "string", "pattern": "^[a-z0-9][a-z0-9_-]{0,99}$",
                        "description": "What is searched; `millrace-TENANT` unless said otherwise. Indices' names begin with it."
                    },
                    "replicas": {"type": "integer", "minimum": 0, "maximum": 10},
                    "answersWithin": {
                        "$ref": "#/components/schemas/Duration", "default": "1s",
                        "description": "50 ms to 30 s; after that PostgreSQL answers."
                    }
                }
            },
            "SearchSettings": {
                "type": "object",
                "required": ["tenant", "revision", "rebuilds", "owner"],
                "properties": {
                    "tenant": {"type": "string"},
                    "revision": {"type": "string", "description": "To wait for the next with."},
                    "rebuilds": {"type": "integer", "description": "How often a new index has been asked for."},
                    "owner": {
                        "type": "string", "description": "The tenant of this database: an index of another owner is not written."
                    },
                    "search": {"$ref": "#/components/schemas/SearchDefinition"},
                    "sealed": {"type": "string", "description": "The secret, sealed under the installation's key."}
                }
            },
            "SearchDocuments": {
                "type": "object",
                "required": ["position", "items"],
                "properties": {
                    "position": {
                        "type": "integer", "minimum": 0, "description": "The items tell of every event up to this one."
                    },
                    "items": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "description": "The fields of a document: words by zone, and what is filtered and sorted by.",
                            "required": ["id", "status", "updatedAt", "digest"],
                            "properties": {
                                "id": {"type": "string", "format": "uuid"},
                                "status": {"$ref": "#/components/schemas/WorkItemStatus"},
                                "updatedAt": {"type": "integer"},
                                "digest": {"type": "string"}
                            }
                        }
                    },
                    "next": {"type": "string", "format": "uuid"},
                    "left": {"type": "array", "items": {"type": "string", "format": "uuid"}}
                }
            },
            "ItemIds": {
                "type": "object", "required": ["ids"], "additionalProperties": false,
                "properties": {
                    "ids": {
                        "type": "array", "minItems": 1, "maxItems": \#(CoreAPI.mostSearchRecords),
                        "items": {"type": "string", "format": "uuid"}
                    }
                }
            },
            "RebuildAsked": {
                "type": "object", "required": ["rebuilds"], "properties": {"rebuilds": {"type": "integer", "minimum": 1}}
            }
        }
        """#
}
