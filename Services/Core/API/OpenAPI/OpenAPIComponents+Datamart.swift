import Domain

extension OpenAPIComponents {
    static let datamartParameters = #"""
        {
            "KnownRevision": {
                "name": "revision", "in": "query", "description": "The `revision` that the caller knows.",
                "schema": {"type": "string"}
            },
            "AfterVersion": {
                "name": "after", "in": "query", "description": "The last version that the caller has.",
                "schema": {"type": "integer", "minimum": 0, "maximum": \#(Int32.max), "default": 0}
            },
            "VersionLimit": {
                "name": "limit", "in": "query", "description": "Versions of an answer.",
                "schema": {"type": "integer", "minimum": 1, "maximum": 50, "default": 10}
            },
            "FinishedDays": {
                "name": "days", "in": "query", "description": "Days, the last of which is today.",
                "schema": {"type": "integer", "minimum": 1, "maximum": 31, "default": 7}
            }
        }
        """#

    static let datamartSchemas = #"""
        {
            "DatabaseUrl": {
                "type": "string", "maxLength": 500,
                "pattern": "^postgres(ql)?://[A-Za-z0-9._-]+@([A-Za-z0-9._-]+|\\[[0-9A-Fa-f:.]+\\])(:[1-9][0-9]{0,4})?/[A-Za-z0-9._-]+$",
                "description": "Without password; that is a stored secret.",
                "examples": ["postgresql://mart@db.example.com:5432/mart_demo"]
            },
            "KeptFor": {
                "type": "string", "pattern": "^[0-9]{1,5}[dwy]$", "description": "Days, weeks or years of 365 days.",
                "examples": ["35d", "5y"]
            },
            "DatamartDefinition": {
                "type": "object", "description": "The tenant's data mart.",
                "required": ["url"], "additionalProperties": false,
                "properties": {
                    "url": {"$ref": "#/components/schemas/DatabaseUrl"},
                    "secret": {"$ref": "#/components/schemas/PathName"},
                    "timeZone": {
                        "$ref": "#/components/schemas/Name", "default": "UTC",
                        "description": "Of days, and of reports that name none.", "examples": ["Europe/Stockholm"]
                    },
                    "timeZones": {
                        "type": "array", "maxItems": 10, "uniqueItems": true,
                        "items": {"$ref": "#/components/schemas/Name"}
                    },
                    "retention": {
                        "type": "object", "additionalProperties": false,
                        "properties": {
                            "events": {"$ref": "#/components/schemas/KeptFor", "default": "400d"},
                            "intraday": {"$ref": "#/components/schemas/KeptFor", "default": "35d"},
                            "history": {"$ref": "#/components/schemas/KeptFor", "default": "1825d"}
                        }
                    },
                    "attributes": {
                        "type": "object", "additionalProperties": false,
                        "description": "Which attribute feeds which dimension.",
                        "properties": {
                            "customer": {"$ref": "#/components/schemas/AttributeName", "default": "customer"},
                            "segment": {"$ref": "#/components/schemas/AttributeName", "default": "segment"},
                            "product": {"$ref": "#/components/schemas/AttributeName", "default": "product"},
                            "mediaType": {"$ref": "#/components/schemas/AttributeName", "default": "mediaType"}
                        }
                    },
                    "custom": {
                        "type": "array", "maxItems": \#(DatamartConfiguration.mostCustom), "uniqueItems": true,
                        "description": "Attributes with dimensions of their own.",
                        "items": {"$ref": "#/components/schemas/AttributeName"}
                    },
                    "slaTargets": {
                        "type": "array", "maxItems": 10000,
                        "items": {
                            "type": "object", "required": ["category", "percent", "from"],
                            "additionalProperties": false,
                            "properties": {
                                "category": {"type": "string", "minLength": 1, "maxLength": 2000},
                                "percent": {"type": "number", "minimum": 0, "maximum": 100},
                                "from": {"$ref": "#/components/schemas/Day"}
                            }
                        }
                    },
                    "directory": {
                        "type": "object", "additionalProperties": false,
                        "description": "Where agents' names and teams come from.",
                        "properties": {
                            "kind": {"enum": [\#(list(DatamartDirectory.Kind.allCases))], "default": "tenant"},
                            "url": {"$ref": "#/components/schemas/DatabaseUrl"},
                            "secret": {"$ref": "#/components/schemas/PathName"},
                            "every": {"$ref": "#/components/schemas/Duration", "default": "1h"},
                            "workspace": {
                                "type": "object", "required": ["tokenUrl", "secret"], "additionalProperties": false,
                                "description": "Where tokens for requests to outside APIs come from.",
                                "properties": {
                                    "tokenUrl": {"type": "string", "minLength": 8, "maxLength": 2000, "pattern": "^https?://"},
                                    "secret": {"$ref": "#/components/schemas/PathName"}
                                }
                            }
                        }
                    }
                },
                "examples": [{
                    "url": "postgresql://mart@db.example.com:5432/mart_demo", "secret": "mart-db",
                    "timeZone": "Europe/Stockholm", "retention": {"events": "400d", "intraday": "35d", "history": "5y"}
                }]
            },
            "DatamartSettings": {
                "type": "object",
                "required": [
                    "tenant", "version", "revision", "sealed", "calendars", "categories", "endpoints", "sources", "agents"
                ],
                "properties": {
                    "tenant": {"type": "string", "description": "Secrets are sealed for `millrace/TENANT/NAME`."},
                    "version": {"type": "integer", "minimum": 1, "description": "Of the configuration in force."},
                    "revision": {"type": "string", "description": "Another one when configuration or secrets have changed."},
                    "datamart": {"$ref": "#/components/schemas/DatamartDefinition"},
                    "customerAttribute": {"type": "string"},
                    "sealed": {
                        "type": "object", "additionalProperties": {"type": "string", "contentEncoding": "base64"}
                    },
                    "calendars": {
                        "type": "array",
                        "items": {
                            "type": "object", "required": ["id", "name", "openings"],
                            "properties": {
                                "id": {"type": "integer", "description": "Of this version of the calendar."},
                                "name": {"type": "string", "description": "Empty for the one that is always open."},
                                "openings": {
                                    "type": "string", "contentEncoding": "base64",
                                    "description": "The openings worked out, in the compact form of `BusinessCalendar`."
                                }
                            }
                        }
                    },
                    "categories": {
                        "type": "array", "items": {"$ref": "#/components/schemas/NamedCategory"}
                    },
                    "endpoints": {"type": "array", "items": {"type": "string"}},
                    "sources": {"type": "array", "items": {"type": "string"}},
                    "agents": {
                        "type": "array",
                        "items": {
                            "type": "object", "required": ["number", "id", "active", "groups", "skills"],
                            "properties": {
                                "number": {"type": "integer", "description": "The subject of the agent's events."},
                                "id": {"type": "string"}, "name": {"type": "string"},
                                "active": {"type": "boolean"},
                                "groups": {"type": "array", "items": {"type": "string"}},
                                "skills": {"type": "array", "items": {"type": "string"}}
                            }
                        }
                    }
                }
            },
            "NamedCategory": {
                "type": "object", "required": ["id", "path", "active"],
                "properties": {
                    "id": {"type": "integer"}, "path": {"type": "string"},
                    "active": {"type": "boolean", "description": "Whether the configuration in force has it."},
                    "calendar": {"type": "integer", "description": "Id of the calendar's version."},
                    "sla": {"type": "integer", "minimum": 0, "description": "Business milliseconds."},
                    "endpoint": {"type": "string"}
                }
            },
            "CategoryVersionPage": {
                "type": "object", "required": ["items"],
                "properties": {
                    "items": {
                        "type": "array",
                        "items": {
                            "type": "object", "required": ["version", "appliedAt", "categories", "endpoints"],
                            "properties": {
                                "version": {"type": "integer", "minimum": 1},
                                "appliedAt": {"$ref": "#/components/schemas/Moment"},
                                "endpoints": {"type": "array", "items": {"type": "string"}},
                                "categories": {
                                    "type": "array",
                                    "items": {
                                        "type": "object", "required": ["path", "calendar", "sla", "skills"],
                                        "properties": {
                                            "path": {"type": "string"}, "calendar": {"type": "integer"},
                                            "sla": {"type": "integer", "minimum": 0},
                                            "skills": {"type": "array", "items": {"type": "string"}}
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            },
            "FinishedCounts": {
                "type": "object", "required": ["from", "items"],
                "properties": {
                    "from": {"$ref": "#/components/schemas/Day"},
                    "items": {
                        "type": "array",
                        "items": {
                            "type": "object", "required": ["day", "status", "count"],
                            "properties": {
                                "day": {"$ref": "#/components/schemas/Day"},
                                "status": {"enum": ["completed", "canceled", "rejected"]},
                                "count": {"type": "integer", "minimum": 1}
                            }
                        }
                    }
                }
            },
            "Access": {
                "type": "object", "required": ["tenant", "subject", "roles"],
                "properties": {
                    "tenant": {"type": "string"},
                    "subject": {"type": "string", "description": "The `sub` of a token, or `key:` and the name of a key."},
                    "roles": {
                        "type": "array", "items": {"type": "string"},
                        "description": "As granted: `admin` covers every other one of its tenant."
                    },
                    "source": {"type": "string", "description": "The source that it is bound to."},
                    "agent": {"type": "string", "description": "The agent that it stands for."}
                }
            }
        }
        """#
}
