extension OpenAPIDocument {
    static let search: [OpenAPIOperation] = [
        OpenAPIOperation(
            method: "GET", path: "/search/settings", id: "getSearchSettings", tag: .projections,
            summary: "What the search service needs to know of the tenant",
            description: "With `wait` and `revision` the answer comes when something of it has changed.",
            roles: [.search], parameters: ["Wait", "KnownRevision"],
            answers: [OpenAPIAnswer(200, "The settings.", "SearchSettings")]),
        OpenAPIOperation(
            method: "GET", path: "/search/documents", id: "listSearchDocuments", tag: .projections,
            summary: "All items as they are indexed, page by page",
            description:
                "In the order of their ids; `next` is what to ask for next with `after`, and absent on the last page.",
            roles: [.search], parameters: ["AfterItem", "DocumentLimit"],
            answers: [OpenAPIAnswer(200, "A page.", "SearchDocuments")]),
        OpenAPIOperation(
            method: "POST", path: "/search/documents", id: "getSearchDocuments", tag: .projections,
            summary: "Items as they are indexed, by their ids",
            description: "Reads only. Ids of items that are gone have no document; those in `left` were not looked at.",
            roles: [.search],
            body: OpenAPIBody(schema: "ItemIds"),
            answers: [OpenAPIAnswer(200, "Those that are there.", "SearchDocuments")], problems: [422]),
        OpenAPIOperation(
            method: "POST", path: "/search/rebuild", id: "rebuildSearchIndex", tag: .projections,
            summary: "Have the search server's index built anew",
            description: "Beside the one that serves, which it replaces when it is complete.", roles: [.admin],
            body: .optional("Nothing"),
            answers: [OpenAPIAnswer(202, "It will be.", "RebuildAsked")], problems: [409, 422]),
    ]
}
