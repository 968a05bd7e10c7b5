import Domain
import Foundation
import Hummingbird
import SearchIndex
import ServiceKit

/// A page of what a search finds.
///
/// The index says where to look; each item is then read and compared with the query as it is now, so that nobody sees what
/// it said before it was changed or erased. A page may therefore hold fewer items than were asked for.
struct SearchPage: Sendable {
    let runtime: TenantRuntime
    let search: WorkItemSearch
    let filter: ListFilter
    let order: CoreAPI.ListOrder

    func read(after position: ListPosition?, limit: Int) async throws -> Found {
        var note: String?
        let configured = runtime.snapshot.configuration.search
        // Without a word in it a server would take the question for one about everything.
        guard !search.query.terms.isEmpty else {
            return Found(items: [], next: nil, index: configured == nil ? .postgreSQL : .elasticsearch, note: nil)
        }
        if let server = configured {
            do {
                let (items, next) = try await AskSearchServer(runtime: runtime, configuration: server)
                    .find(search, filter, order, after: position, limit: limit)
                SearchMetrics.answered(by: .elasticsearch)
                return Found(items: try await compared(items), next: next, index: .elasticsearch, note: nil)
            } catch let error as SearchIndexError {
                note = Self.note(about: error)
                SearchMetrics.notAnswered(error.code)
                if runtime.searchServer.failed(error) {
                    runtime.logger.warning(
                        "the search server is of no use now; PostgreSQL answers", metadata: ["error": "\(error)"])
                }
            }
        }
        let finder = FindWorkItems(pool: runtime.dependencies.pool, tenant: runtime.tenant)
        let found = try await finder.find(search, filter, order, after: position, limit: limit + 1)
        let rows = found.items
        let page = rows.prefix(limit)
        let next = rows.count > limit ? page.last.map { order.position(of: $0.item, score: $0.score) } : nil
        SearchMetrics.answered(by: .postgreSQL)
        let notes = [note, found.note].compactMap { $0 }
        return Found(
            items: try await compared(page.map(\.item)), next: next, index: .postgreSQL,
            note: notes.isEmpty ? nil : notes.joined(separator: " "))
    }

    private static func note(about error: SearchIndexError) -> String {
        let reason =
            switch error.code {
            case .unreachable: "Elasticsearch is away"
            case .timedOut: "Elasticsearch did not answer in time"
            case .busy: "Elasticsearch is too busy"
            case .notFound: "the index in Elasticsearch is not built yet"
            case .behind: "the index in Elasticsearch does not follow; the search service's health says why"
            case .conflict, .refused: "Elasticsearch refuses; the log of the core service says why"
            }
        return "PostgreSQL answered: \(reason)."
    }

    /// Items whose documents are read at a time; each has at most some hundred kilobytes, of which a few lines are kept.
    private static let slice = 25

    /// The items that are what is looked for.
    private func compared(_ items: [WorkItem]) async throws -> [(item: WorkItem, match: ShownMatch)] {
        let source = SearchDocuments(pool: runtime.dependencies.pool, tenant: runtime.tenant)
        var found: [(item: WorkItem, match: ShownMatch)] = []
        for start in stride(from: 0, to: items.count, by: Self.slice) {
            let some = items[start..<min(items.count, start + Self.slice)]
            let documents = try await source.load(with: some)
            for item in some {
                guard let document = documents[item.id],
                    let match = SearchMatch(search.query, in: document, zones: search.zones)
                else { continue }
                found.append((item, ShownMatch(match)))
            }
        }
        return found
    }
}

extension SearchPage {
    /// Which index answered.
    enum Index: String, Sendable, CaseIterable {
        case postgreSQL = "postgresql"
        case elasticsearch
    }

    /// What a page holds.
    struct Found: Sendable {
        let items: [(item: WorkItem, match: ShownMatch)]
        let next: ListPosition?
        let index: Index
        /// What the caller should know, such as that another index was asked first.
        let note: String?

        func response(_ snapshot: TenantSnapshot, _ cursor: (ListPosition) -> String) -> Response {
            let now = Instant.now
            return Response.json(capacity: 1500 * items.count + 128) { json in
                json.array("items") { list in
                    for (item, match) in items {
                        list.object { json in
                            WorkItemView(item: item, snapshot: snapshot, now: now).write(members: &json)
                            match.write(members: &json)
                        }
                    }
                }
                json.next(next.map(cursor))
                json.object("search") {
                    $0.member("index", index.rawValue)
                    $0.member("note", note)
                }
            }
        }
    }
}

/// What an answer shows of a match.
struct ShownMatch: Sendable {
    private struct Highlight: Sendable {
        let field: String
        let email: String?
        let pieces: [String]
    }

    private let score: Int
    private let highlights: [Highlight]
    /// Parts of an item that are shown.
    private static let shown = 5

    init(_ match: SearchMatch) {
        score = match.score
        highlights = match.found.prefix(Self.shown).map {
            Highlight(field: $0.part.name, email: $0.part.email, pieces: SearchSnippet($0).pieces)
        }
    }

    func write(members json: inout JSONWriter) {
        json.member("score", score)
        json.array("highlights") { list in
            for highlight in highlights {
                list.object {
                    $0.member("field", highlight.field)
                    $0.member("emailId", highlight.email)
                    $0.member("text", highlight.pieces)
                }
            }
        }
    }
}
