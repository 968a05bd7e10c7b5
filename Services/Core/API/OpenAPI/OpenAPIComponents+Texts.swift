import Domain

extension OpenAPIComponents {
    /// Kinds of text, moments, problems: what the other schemas are made of. A length in the schema counts characters,
    /// the service counts bytes of UTF-8, so that fewer characters fit where they need several.
    static let texts = #"""
        {
            "OpenAPI": {"type": "object", "required": ["openapi", "info", "paths"]},
            "Problem": {
                "type": "object",
                "description": "What went wrong (RFC 9457).",
                "required": ["type", "title", "status"],
                "properties": {
                    "type": {"type": "string", "format": "uri-reference", "description": "The kind of problem, for programs."},
                    "title": {"type": "string"},
                    "status": {"type": "integer", "minimum": 400, "maximum": 599},
                    "detail": {"type": "string", "description": "What happened this time and what to do."},
                    "instance": {
                        "type": "string", "format": "uri-reference",
                        "description": "This occurrence: the request's id, as in the log."
                    },
                    "errors": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["path", "message"],
                            "properties": {
                                "path": {
                                    "type": "string",
                                    "description": "A JSON pointer into the body, or the name of a parameter or header."
                                },
                                "message": {"type": "string"}
                            }
                        }
                    },
                    "limit": {"type": "integer", "description": "Bytes that a body may have (413)."}
                },
                "example": {
                    "type": "urn:millrace:problem:unprocessable", "title": "The content is refused", "status": 422,
                    "detail": "The body is not what was expected.", "instance": "urn:millrace:request:7f3a",
                    "errors": [{"path": "/captureId", "message": "Missing; expected a string."}]
                }
            },
            "Identifier": {
                "type": "string", "minLength": 1, "maxLength": 200, "pattern": "\#(oneLine(slashes: true))",
                "description": "1 to 200 bytes on one line, without control characters, not beginning or ending with a blank."
            },
            "Name": {
                "type": "string", "minLength": 1, "maxLength": 100, "pattern": "\#(oneLine(slashes: true))",
                "description": "1 to 100 bytes on one line."
            },
            "PathName": {
                "type": "string", "minLength": 1, "maxLength": 100, "pattern": "\#(oneLine(slashes: false))",
                "description": "1 to 100 bytes on one line, without a slash."
            },
            "ReasonText": {
                "type": "string", "maxLength": 2000,
                "pattern": "^[^\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f-\\u009f]*$",
                "description": "At most 2000 bytes; line breaks and tabs may occur."
            },
            "Moment": {"type": "string", "format": "date-time", "examples": ["2026-01-02T03:04:05.678Z"]},
            "ItemDate": {
                "type": "string", "format": "date-time", "examples": ["2026-11-02T08:00:00+01:00"],
                "description": "RFC 3339 with its offset, from 2000 until before 2100."
            },
            "EndOfList": {"type": "null", "description": "This list comes whole."},
            "NextPage": {"type": ["string", "null"], "description": "For `cursor`; null on the last page."},
            "Revision": {"type": "integer", "minimum": 1, "description": "Counts the changes."},
            "Nothing": {"type": ["object", "null"], "additionalProperties": false}
        }
        """#

    /// One line of printable text: no control characters and line separators, no blank at either end.
    static func oneLine(slashes: Bool) -> String {
        let slash = slashes ? "" : "/"
        let inside = #"[^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029"# + slash + "]"
        let end = #"[^\\u0000-\\u0020\\u007f-\\u009f\\u2028\\u2029"# + slash + "]"
        return "^\(end)(\(inside)*\(end))?$"
    }
}
