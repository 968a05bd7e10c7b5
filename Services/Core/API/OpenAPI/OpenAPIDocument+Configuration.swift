extension OpenAPIDocument {
    private static let mediaTypes = ["application/json", "application/yaml", "application/x-yaml", "text/yaml"]

    static let configuration: [OpenAPIOperation] = [
        OpenAPIOperation(
            method: "GET", path: "/configuration", id: "getConfiguration", tag: .configuration,
            summary: "The configuration in force, or an older version of it",
            description: "With every default spelt out.",
            roles: [.admin, .supervisor], parameters: ["ConfigurationVersion"],
            answers: [OpenAPIAnswer(200, "The configuration.", "Configuration", headers: ["ETag"])], problems: [404]),
        OpenAPIOperation(
            method: "PUT", path: "/configuration", id: "applyConfiguration", tag: .configuration,
            summary: "Apply a configuration",
            description: """
                Whole and at once, or not at all: a document with mistakes is refused with every one of them at its path. \
                Every decision records the version that it used. JSON or YAML; `null` counts as absent.
                """,
            roles: [.admin], parameters: ["ConfigurationIfMatch", "IdempotencyKey"],
            body: OpenAPIBody(schema: "Configuration", mediaTypes: mediaTypes),
            answers: [OpenAPIAnswer(200, "It is in force.", "Applied", headers: ["ETag"])], problems: [409, 412, 422]),
        OpenAPIOperation(
            method: "POST", path: "/configuration/validate", id: "validateConfiguration", tag: .configuration,
            summary: "Check a configuration without applying it",
            description: "Answers 200 with `valid: false` and every mistake at its path, or with what would change.",
            roles: [.admin], body: OpenAPIBody(schema: "Anything", isRequired: false, mediaTypes: mediaTypes),
            answers: [OpenAPIAnswer(200, "What applying it would do.", "Validation")]),
    ]

    static let bulk: [OpenAPIOperation] = [
        OpenAPIOperation(
            method: "POST", path: "/workitems/bulk", id: "changeWorkItems", tag: .actions,
            summary: "Do one thing to many work items",
            description: "Each item is answered by itself; that one is refused does not keep the others.",
            roles: [.source, .supervisor], parameters: ["IdempotencyKey"], body: OpenAPIBody(schema: "Bulk"),
            answers: [OpenAPIAnswer(200, "What became of each.", "BulkResult")], problems: [422])
    ]
}
