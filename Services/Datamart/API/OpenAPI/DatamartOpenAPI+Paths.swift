extension DatamartOpenAPI {
    /// What each operation can answer when it refuses.
    private static let problems = #"""
        "400": {"$ref": "#/components/responses/Problem400"}, "401": {"$ref": "#/components/responses/Problem401"},
        "403": {"$ref": "#/components/responses/Problem403"}, "404": {"$ref": "#/components/responses/Problem404"},
        "503": {"$ref": "#/components/responses/Problem503"}
        """#

    static let paths = #"""
        {
            "/datamart/openapi.json": {"get": {
                "operationId": "getDatamartOpenAPI", "tags": ["Reports"], "summary": "This document", "security": [],
                "responses": {"200": {
                    "description": "The document.", "content": {"application/json": {"schema": {"type": "object"}}}
                }}
            }},
            "/reports": {"get": {
                "operationId": "listReports", "tags": ["Reports"],
                "summary": "The reports, and what each can be shown by",
                "description": "Roles: `reader`, `supervisor`.",
                "responses": {
                    "200": {
                        "description": "All of them.",
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ReportList"}}}
                    },
                    \#(problems)
                }
            }},
            "/reports/{name}": {"get": {
                "operationId": "getReport", "tags": ["Reports"], "summary": "A report",
                "description": "The period is widened to whole intervals: of `interval` when rows are by interval, else of 15 minutes or, where it is longer than a week or those are kept no longer, of days. Which of the filters a report takes is in the list of reports. Rows by category lead further down (`links.down`) and to their items (`links.items`). Agents are shown to supervisors; other callers see numbers. `agent` is the agent's id, as filters take it; beside it stands `name`, what the directory calls the agent, null where it says nothing.\n\nRoles: `reader`, `supervisor`.",
                "parameters": [
                    {"$ref": "#/components/parameters/ReportName"}, {"$ref": "#/components/parameters/From"},
                    {"$ref": "#/components/parameters/To"}, {"$ref": "#/components/parameters/By"},
                    {"$ref": "#/components/parameters/Interval"}, {"$ref": "#/components/parameters/TimeZone"},
                    {"$ref": "#/components/parameters/Depth"}, {"$ref": "#/components/parameters/Limit"},
                    {"$ref": "#/components/parameters/Cursor"}, {"$ref": "#/components/parameters/Format"},
                    \#(filters)
                ],
                "responses": {
                    "200": {
                        "description": "One page of it.",
                        "headers": {"Link": {
                            "description": "Of CSV: the address of the next page.", "schema": {"type": "string"}
                        }},
                        "content": {
                            "application/json": {"schema": {"$ref": "#/components/schemas/Report"}},
                            "text/csv": {"schema": {"type": "string"}}
                        }
                    },
                    "422": {"$ref": "#/components/responses/Problem422"},
                    \#(problems)
                }
            }},
            "/datamart/jobs": {"get": {
                "operationId": "listJobs", "tags": ["Data mart"], "summary": "What the service did",
                "description": "Newest first. Roles: `reader`, `supervisor`.",
                "parameters": [
                    {"$ref": "#/components/parameters/JobFilter"}, {"$ref": "#/components/parameters/OutcomeFilter"},
                    {"$ref": "#/components/parameters/JobLimit"}, {"$ref": "#/components/parameters/Cursor"}
                ],
                "responses": {
                    "200": {
                        "description": "One page of runs.",
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/JobPage"}}}
                    },
                    \#(problems)
                }
            }},
            "/datamart/rebuild": {
                "post": {
                    "operationId": "rebuildMart", "tags": ["Data mart"], "summary": "Build the mart anew from the feed",
                    "description": "The tables that are there go on serving until the new ones have come as far. Asked again before it is done, it is built anew once. What the feed no longer holds cannot come back: where the mart knows more than that, it is refused (409, which says from when on the feed has events) unless `losingHistory` is true.\n\nRoles: `admin`.",
                    "parameters": [{
                        "name": "losingHistory", "in": "query",
                        "description": "Whether it is built anew though the feed no longer holds all that the mart knows.",
                        "schema": {"type": "boolean", "default": false}
                    }],
                    "responses": {
                        "202": {
                            "description": "It will be.",
                            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Rebuild"}}}
                        },
                        "409": {"$ref": "#/components/responses/Problem409"},
                        \#(problems)
                    }
                },
                "get": {
                    "operationId": "getRebuild", "tags": ["Data mart"], "summary": "The last rebuild that was asked for",
                    "description": "Roles: `admin`.",
                    "responses": {
                        "200": {
                            "description": "The rebuild.",
                            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Rebuild"}}}
                        },
                        \#(problems)
                    }
                }
            }
        }
        """#

    /// A parameter for each filter that a report can have.
    private static var filters: String {
        ReportDimension.allCases.filter { $0 != .interval }.map { dimension in
            ##"{"$ref": "#/components/parameters/Only_\##(dimension.rawValue)"}"##
        }.joined(separator: ",\n")
    }
}
