import Domain
import NIOCore
import SearchIndex
import ServiceKit

/// Items as they are indexed, from core.
struct ItemSource: Sendable {
    let core: CoreClient
    /// Items of a request.
    static let page = 200

    /// Items, and the position up to which they tell of every event.
    struct Page: Sendable {
        var position: Int64
        var records: [SearchRecord]
        /// The last item, when there are more behind it.
        var next: String?
        /// Items that were asked for and not looked at, since an answer has its bounds.
        var left: [String]
    }

    /// Those of these items that are there.
    func items(_ ids: [String]) async throws -> Page {
        try Self.page(
            try await core.call(.POST, "/search/documents", ["ids": .array(ids.map(JSONValue.string))]))
    }

    /// All items, in the order of their ids.
    func items(after id: String, limit: Int = page) async throws -> Page {
        let after = id.isEmpty ? "" : "&after=\(id)"
        return try Self.page(try await core.call(.GET, "/search/documents?limit=\(limit)\(after)"))
    }

    private static func page(_ answer: JSONValue) throws -> Page {
        guard let position = answer["position"]?.integerValue, let items = answer["items"]?.arrayValue else {
            throw CoreError(code: .refused, status: 200, description: "core's answer has no documents")
        }
        return Page(
            position: position, records: items.compactMap { SearchRecord($0) }, next: answer["next"]?.stringValue,
            left: (answer["left"]?.arrayValue ?? []).compactMap(\.stringValue))
    }
}
