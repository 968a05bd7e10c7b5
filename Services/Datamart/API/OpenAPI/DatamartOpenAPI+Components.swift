extension DatamartOpenAPI {
    private static func list(_ values: [String]) -> String { values.map { "\"\($0)\"" }.joined(separator: ", ") }

    static let components = #"""
        {
            "securitySchemes": {"bearer": {
                "type": "http", "scheme": "bearer",
                "description": "An API key (`mr_…`) or a JSON Web Token of a configured issuer."
            }},
            "parameters": {
                "ReportName": {
                    "name": "name", "in": "path", "required": true, "description": "The report's name.",
                    "schema": {"enum": [\#(list(ReportCatalogue.all.map(\.name) + [ItemReport.name]))]}
                },
                "From": {
                    "name": "from", "in": "query",
                    "description": "The beginning: an RFC 3339 time, a date or a local time of the zone (`2026-11-28T08:00`), `now`, `today`, `yesterday`, `tomorrow`, or so long ago (`-2h`, `-7d`). Else the beginning of the day.",
                    "schema": {"type": "string"}, "example": "today"
                },
                "To": {
                    "name": "to", "in": "query", "description": "The end, not in it, in the same forms. Else now.",
                    "schema": {"type": "string"}, "example": "now"
                },
                "By": {
                    "name": "by", "in": "query",
                    "description": "What rows are by: one to four names of the report's list, separated by commas.",
                    "schema": {"type": "string"}, "example": "category"
                },
                "Interval": {
                    "name": "interval", "in": "query", "description": "Length of intervals; only where rows are by interval. Else one that suits the period.",
                    "schema": {"enum": [\#(list(ReportInterval.allCases.map(\.rawValue)))]}
                },
                "TimeZone": {
                    "name": "timeZone", "in": "query",
                    "description": "Zone of the time zone database in which days are counted. Else the tenant's.",
                    "schema": {"type": "string"}, "example": "Europe/Stockholm"
                },
                "Depth": {
                    "name": "depth", "in": "query",
                    "description": "Levels of categories below the filter that rows are by; 0 leaves out what is below it.",
                    "schema": {"type": "integer", "minimum": 0, "maximum": 10, "default": 1}
                },
                "Limit": {
                    "name": "limit", "in": "query", "description": "Rows on a page.",
                    "schema": {"type": "integer", "minimum": 1, "maximum": 5000, "default": 500}
                },
                "JobLimit": {
                    "name": "limit", "in": "query", "description": "Runs on a page.",
                    "schema": {"type": "integer", "minimum": 1, "maximum": 500, "default": 50}
                },
                "Cursor": {
                    "name": "cursor", "in": "query",
                    "description": "`next` of the page before; the rest as there. It keeps the period of the first page.",
                    "schema": {"type": "string"}
                },
                "Format": {
                    "name": "format", "in": "query",
                    "description": "CSV is safe to open in a spreadsheet, has spans in seconds, and names period, zone and the day from which on all is there in each row.",
                    "schema": {"enum": ["json", "csv"], "default": "json"}
                },
                "JobFilter": {
                    "name": "job", "in": "query", "description": "Runs of this job.", "schema": {"type": "string"}
                },
                "OutcomeFilter": {
                    "name": "outcome", "in": "query", "description": "Runs that ended so, or go on.",
                    "schema": {"enum": [\#(list(JobOutcome.allCases.map(\.rawValue)))]}
                },
                \#(filterParameters)
            },
            "headers": {
                "Retry-After": {
                    "description": "Seconds after which to try again.", "required": true,
                    "schema": {"type": "integer", "minimum": 1}
                },
                "WWW-Authenticate": {"required": true, "schema": {"type": "string", "pattern": "^Bearer "}}
            },
            "responses": {\#(problemResponses)},
            "schemas": {\#(schemas)}
        }
        """#

    private static var filterParameters: String {
        ReportDimension.allCases.filter { $0 != .interval }.map { dimension in
            let what = dimension == .category ? "this category and all below it" : "this \(dimension.title)"
            return #"""
                "Only_\#(dimension.rawValue)": {
                    "name": "\#(dimension.rawValue)", "in": "query", "description": "Only \#(what).",
                    "schema": {"type": "string", "minLength": 1}
                }
                """#
        }.joined(separator: ",\n")
    }

    private static var problemResponses: String {
        let kinds = [
            (400, "The request cannot be understood: `errors` names what is wrong and where.", ""),
            (401, "No credential, or one that does not hold.", "WWW-Authenticate"),
            (403, "The credential holds, and does not cover this.", ""),
            (404, "There is nothing of that name, or the tenant has no data mart.", ""),
            (409, "The present state does not allow this.", ""),
            (422, "Understood, and refused: the answer would be too large.", ""),
            (503, "A server that this needs is away; try again.", "Retry-After"),
        ]
        return kinds.map { status, description, header in
            let headers =
                header.isEmpty
                ? "" : ##", "headers": {"\##(header)": {"$ref": "#/components/headers/\##(header)"}}"##
            return ##"""
                "Problem\##(status)": {
                    "description": "\##(description)"\##(headers),
                    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
                }
                """##
        }.joined(separator: ",\n")
    }

    private static let schemas = #"""
        "Problem": {
            "type": "object", "required": ["type", "title", "status", "instance"],
            "properties": {
                "type": {"type": "string", "pattern": "^urn:millrace:problem:"}, "title": {"type": "string"},
                "status": {"type": "integer", "minimum": 400, "maximum": 599}, "detail": {"type": "string"},
                "instance": {"type": "string"},
                "errors": {"type": "array", "items": {
                    "type": "object", "required": ["path", "message"],
                    "properties": {"path": {"type": "string"}, "message": {"type": "string"}}
                }}
            }
        },
        "NextPage": {"type": ["string", "null"], "description": "For `cursor`; null on the last page."},
        "Moment": {"type": "string", "format": "date-time"},
        "Names": {"type": "array", "items": {"type": "string"}},
        "ReportList": {
            "type": "object", "required": ["items", "next"],
            "properties": {
                "items": {"type": "array", "items": {
                    "type": "object", "required": ["name", "title", "summary", "by", "usuallyBy", "filters", "links"],
                    "properties": {
                        "name": {"type": "string"}, "title": {"type": "string"}, "summary": {"type": "string"},
                        "by": {"$ref": "#/components/schemas/Names"}, "usuallyBy": {"$ref": "#/components/schemas/Names"},
                        "filters": {"$ref": "#/components/schemas/Names"},
                        "links": {"type": "object", "additionalProperties": {"type": "string"}}
                    }
                }},
                "next": {"type": "null"}
            }
        },
        "ReportRow": {
            "type": "object", "description": "A member for each column; null where there is no value.",
            "properties": {"name": {
                "type": ["string", "null"],
                "description": "Where rows have an agent, for supervisors: what the directory calls the agent."
            }, "links": {
                "type": "object",
                "properties": {
                    "down": {"type": "string", "description": "The same report of what is below the category."},
                    "items": {"type": "string", "description": "Its items that entered in the row's time, by what they were then; of messages, those that its messages are of."},
                    "finished": {"type": "string", "description": "Its items that ended in the row's time and have not been opened again; of an agent, those that ended while the agent had them."},
                    "open": {"type": "string", "description": "Its items that are open now, without those whose activation is yet to come."},
                    "assignments": {"type": "string", "description": "Each time in the row's time that an agent was offered, pulled or was given an item of it, or took one out of a workbin again."},
                    "item": {"type": "string", "description": "The work item itself."}
                }
            }},
            "additionalProperties": {"type": ["string", "number", "null", "object"]}
        },
        "Report": {
            "type": "object",
            "required": ["report", "title", "timeZone", "from", "to", "by", "asOf", "columns", "items", "next"],
            "properties": {
                "report": {"type": "string"}, "title": {"type": "string"},
                "timeZone": {"type": "string", "description": "In which days are counted."},
                "from": {"$ref": "#/components/schemas/Moment", "description": "In it."},
                "to": {"$ref": "#/components/schemas/Moment", "description": "Not in it."},
                "interval": {"type": "string"}, "by": {"$ref": "#/components/schemas/Names"},
                "asOf": {
                    "type": "object", "required": ["position"],
                    "properties": {
                        "position": {"type": "integer", "minimum": 0, "description": "Of the last event that is in it."},
                        "time": {"$ref": "#/components/schemas/Moment"},
                        "historyFrom": {"type": "string", "description": "What is older was purged, of single items and of what is counted by them after `retention.events`, or was no longer in the feed when the mart was built anew."}
                    }
                },
                "columns": {"type": "array", "items": {
                    "type": "object", "required": ["name", "title", "kind"],
                    "properties": {
                        "name": {"type": "string"}, "title": {"type": "string"},
                        "kind": {
                            "enum": [\#(list(ReportValueKind.allCases.map(\.rawValue)))],
                            "description": "`seconds` are spans of time, `percent` is 0 to 100."
                        },
                        "main": {"const": true}
                    }
                }},
                "items": {"type": "array", "items": {"$ref": "#/components/schemas/ReportRow"}},
                "totals": {
                    "$ref": "#/components/schemas/ReportRow", "description": "Of all rows, also those of other pages."
                },
                "next": {"$ref": "#/components/schemas/NextPage"}
            }
        },
        "Job": {
            "type": "object",
            "required": ["id", "job", "instance", "outcome", "startedAt", "rowsRead", "rowsWritten", "dimensionRows", "detail"],
            "properties": {
                "id": {"type": "string"}, "job": {"type": "string"}, "instance": {"type": "string"},
                "term": {"type": "integer"},
                "outcome": {"enum": [\#(list(JobOutcome.allCases.map(\.rawValue)))]},
                "startedAt": {"$ref": "#/components/schemas/Moment"}, "endedAt": {"$ref": "#/components/schemas/Moment"},
                "duration": {"type": "integer", "description": "Milliseconds."},
                "rowsRead": {"type": "integer", "minimum": 0}, "rowsWritten": {"type": "integer", "minimum": 0},
                "dimensionRows": {"type": "integer", "minimum": 0, "description": "New rows of dimensions."},
                "pendingEvents": {"type": "integer", "minimum": 0}, "error": {"type": "string"},
                "detail": {"type": "object"}
            }
        },
        "JobPage": {
            "type": "object", "required": ["items", "next"],
            "properties": {
                "items": {"type": "array", "items": {"$ref": "#/components/schemas/Job"}},
                "next": {"$ref": "#/components/schemas/NextPage"},
                "problem": {"type": "string", "description": "What keeps the mart from working, or stored runs from being shown."}
            }
        },
        "Rebuild": {
            "type": "object", "required": ["askedAt", "askedBy"],
            "properties": {
                "askedAt": {"$ref": "#/components/schemas/Moment"}, "askedBy": {"type": "string"},
                "doneAt": {"oneOf": [{"$ref": "#/components/schemas/Moment"}, {"type": "null"}]}
            }
        }
        """#
}
