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
        if let server = runtime.snapshot.configuration.search {
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
        let rows = try await finder.find(search, filter, order, after: position, limit: limit + 1)
        let page = rows.prefix(limit)
        let next = rows.count > limit ? page.last.map { order.position(of: $0.item, score: $0.score) } : nil
        SearchMetrics.answered(by: .postgreSQL)
        return Found(items: try await compared(page.map(\.item)), next: next, index: .postgreSQL, note: note)
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

    /// The items that are what is looked for.
    private func compared(_ items: [WorkItem]) async throws -> [(item: WorkItem, match: SearchMatch)] {
        let documents = try await SearchDocuments(pool: runtime.dependencies.pool, tenant: runtime.tenant)
            .load(with: items)
        return items.compactMap { item in
            documents[item.id].flatMap { SearchMatch(search.query, in: $0, zones: search.zones) }.map { (item, $0) }
        }
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
        let items: [(item: WorkItem, match: SearchMatch)]
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

extension SearchMatch {
    /// Parts of an item that are shown.
    private static let shown = 5

    func write(members json: inout JSONWriter) {
        json.member("score", score)
        json.array("highlights") { list in
            for found in found.prefix(Self.shown) {
                list.object {
                    $0.member("field", found.part.name)
                    $0.member("emailId", found.part.email)
                    $0.member("text", SearchSnippet(found).pieces)
                }
            }
        }
    }
}
