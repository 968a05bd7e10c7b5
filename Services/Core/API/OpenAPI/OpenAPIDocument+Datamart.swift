extension OpenAPIDocument {
    static let datamart: [OpenAPIOperation] = [
        OpenAPIOperation(
            method: "GET", path: "/datamart/settings", id: "getDatamartSettings", tag: .projections,
            summary: "What the data mart needs to know of the tenant",
            description: """
                With `wait` and `revision` the answer comes when the configuration or a secret has changed. Names of \
                categories are all that ever were; calendars are all versions, as events of older configurations count by \
                them.
                """,
            roles: [.mart], parameters: ["Wait", "KnownRevision"],
            answers: [OpenAPIAnswer(200, "The settings.", "DatamartSettings")]),
        OpenAPIOperation(
            method: "GET", path: "/datamart/configurations", id: "listDatamartConfigurations", tag: .projections,
            summary: "Calendars, service levels and skills of the categories of each version",
            description: "Oldest first. An empty answer means that no version is newer.",
            roles: [.mart], parameters: ["AfterVersion", "VersionLimit"],
            answers: [OpenAPIAnswer(200, "Versions after that one.", "CategoryVersionPage")]),
        OpenAPIOperation(
            method: "GET", path: "/datamart/finished", id: "countFinishedWorkItems", tag: .projections,
            summary: "How many items ended on each of the last days",
            description: """
                Days are of UTC; the last one is today. It begins with the first day of which all items that ended are kept. \
                An item that was restarted counts no more.
                """,
            roles: [.mart], parameters: ["FinishedDays"],
            answers: [OpenAPIAnswer(200, "Counts by day and status.", "FinishedCounts")]),
        OpenAPIOperation(
            method: "GET", path: "/access", id: "getAccess", tag: .projections,
            summary: "Whom the credential of this request belongs to",
            description: "For services that answer callers themselves.",
            answers: [OpenAPIAnswer(200, "Whom it belongs to.", "Access")]),
    ]
}
