import Domain

extension OpenAPIDocument {
    static let describing: [OpenAPIOperation] = [
        OpenAPIOperation(
            method: "GET", path: "/openapi.json", id: "describe", tag: .configuration, summary: "This document",
            roles: nil, answers: [OpenAPIAnswer(200, "The OpenAPI 3.1 document.", "OpenAPI")])
    ]

    static let workItems: [OpenAPIOperation] =
        [
            OpenAPIOperation(
                method: "POST", path: "/workitems", id: "submitWorkItem", tag: .workItems,
                summary: "Submit a work item",
                description: """
                    The captureId is the source's own number of the item and unique within the source. The same captureId \
                    and content again answer 200 with the same item; other content answers 409. A submit that got no \
                    answer is simply sent again.
                    """,
                roles: [.source], parameters: ["SubmittingSource"],
                body: OpenAPIBody(schema: "Submit"),
                answers: [
                    OpenAPIAnswer(201, "A new item.", "WorkItem", headers: ["ETag", "Location"]),
                    OpenAPIAnswer(200, "The item that the same content made before.", "WorkItem", headers: ["ETag"]),
                ],
                problems: [404, 409, 422, 429]),
            OpenAPIOperation(
                method: "GET", path: "/workitems", id: "listWorkItems", tag: .workItems, summary: "List work items",
                description: """
                    Filters combine with "and". A credential that is bound to a source sees that source's items only.

                    `q` looks for words in captureId, attributes, and the subjects, texts and addresses of the item's \
                    messages; who may not read messages searches the rest. All of it must hold: `router broken` both words, \
                    anywhere; `"router is broken"` one after the other; `rout*` words that begin so; `product:router` in that \
                    attribute (`captureId`, `subject`, `text`, `from` and `to` are fields as well); `customer:"Åsa Öberg"`; \
                    `-spam` and `-product:modem` without these. Case and accents do not count, words are not stemmed; what has \
                    several words without a blank (`INC-17`) is a phrase. At most \(SearchQuery.mostWords) words.

                    By relevance an item counts for each term 8 where its captureId has it, 4 where a subject, 2 where an \
                    attribute and 1 where a message has it; of equals the newest is first. Found are at most the newest \
                    \(WorkItemSearch.most) items that match. A change can be searched a moment after it was made; what is \
                    shown is what the item says now, so that a page may have fewer items than its limit.
                    """,
                roles: [.reader, .supervisor, .source],
                parameters: [
                    "CaptureIdFilter", "StatusFilter", "CategoryFilter", "AssigneeFilter", "SourceFilter", "TextFilter",
                    "Sort", "Limit", "Cursor",
                ],
                answers: [OpenAPIAnswer(200, "One page.", "WorkItemPage")]),
        ] + byIdAndByCapture(ofOneWorkItem)

    /// Every operation on one item, for both ways of naming it: by id, and by the source's own number.
    static func byIdAndByCapture(_ operations: (ItemAddress) -> [OpenAPIOperation]) -> [OpenAPIOperation] {
        [
            ItemAddress(path: "/workitems/{id}", parameters: ["WorkItemId"], suffix: ""),
            ItemAddress(
                path: "/workitems/by-capture/{source}/{captureId}", parameters: ["SourceName", "CaptureId"],
                suffix: "ByCapture"),
        ].flatMap(operations)
    }

    /// A way of naming an item in a path.
    struct ItemAddress {
        let path: String
        let parameters: [String]
        /// Tells the operations of the two ways apart.
        let suffix: String
    }

    private static func ofOneWorkItem(_ item: ItemAddress) -> [OpenAPIOperation] {
        [
            OpenAPIOperation(
                method: "GET", path: item.path, id: "getWorkItem" + item.suffix, tag: .workItems,
                summary: "Read a work item", roles: [.reader, .supervisor, .agent, .source],
                parameters: item.parameters,
                answers: [OpenAPIAnswer(200, "The item.", "WorkItem", headers: ["ETag"])]),
            OpenAPIOperation(
                method: "PATCH", path: item.path, id: "updateWorkItem" + item.suffix, tag: .workItems,
                summary: "Change a work item",
                description: """
                    Members that are absent stay as they are, `null` takes a value away; attributes merge, name by name. \
                    The item is classified and ranked again.
                    """,
                roles: [.source, .supervisor], parameters: item.parameters + ["RequiredIfMatch", "IdempotencyKey"],
                body: OpenAPIBody(schema: "Update"),
                answers: [OpenAPIAnswer(200, "The item as it is now.", "WorkItem", headers: ["ETag"])],
                problems: [409, 412, 422, 428]),
            OpenAPIOperation(
                method: "GET", path: item.path + "/history", id: "getHistory" + item.suffix, tag: .workItems,
                summary: "What happened to a work item, and who did it",
                roles: [.reader, .supervisor, .agent, .source], parameters: item.parameters + ["ListLimit", "Cursor"],
                answers: [OpenAPIAnswer(200, "One page of its events, oldest first.", "History")]),
            OpenAPIOperation(
                method: "GET", path: item.path + "/explanation", id: "explainWorkItem" + item.suffix, tag: .workItems,
                summary: "Why a work item is where it is",
                description: """
                    The rules that classified it, how it is ranked now, and for each offer the lanes that competed and the \
                    agents who were eligible. Agents' names are for supervisors; others see counts.
                    """,
                roles: [.reader, .supervisor, .agent], parameters: item.parameters,
                answers: [OpenAPIAnswer(200, "The explanation.", "Explanation")]),
        ]
    }
}
