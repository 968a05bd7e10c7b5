import Domain
import Logging
import Projection
import SearchIndex
import Storage
import Synchronization

/// A tenant's index as a projection's target. What an event changes is read from core: an item is written as it is now.
///
/// There is no transaction over documents and progress. Documents come first and are safe to repeat, since their versions
/// only rise; then the progress, if nobody else has written it meanwhile.
struct IndexTarget: RebuildableTarget {
    let server: SearchServer
    let configuration: SearchConfiguration
    let control: ControlDocument
    let items: ItemSource
    /// How often a new index has been asked for.
    let wishes: Wishes
    let logger: Logger

    func progress() async throws -> ProjectionProgress {
        try await control.read()?.serving.projection ?? ProjectionProgress()
    }

    func nextTerm(holder: String) async throws -> Int64 {
        try await control.begin(holder: holder) {
            let index = try await makeIndex()
            return IndexState(term: 1, holder: holder, serving: index, rebuilt: wishes.count)
        }
    }

    /// What changes no item is noted now and then.
    var unnoted: Int64 { SearchControl.unnoted }

    func apply(
        _ events: [ProjectedEvent], after: Int64, progress: ProjectionProgress, fence: TermFence
    ) async throws {
        try await apply(events, after: after, progress, fence, to: \.serving, unnoted: unnoted)
    }

    /// Writes what events changed into one of the two indices.
    /// - Parameter unnoted: positions without a change that need not be noted.
    func apply(
        _ events: [ProjectedEvent], after: Int64, _ progress: ProjectionProgress, _ fence: TermFence,
        to path: WritableKeyPath<IndexState, IndexProgress> & Sendable, unnoted: Int64 = 0
    ) async throws {
        var before = try await control.held(fence.term)[keyPath: path]
        guard let first = events.first else { return }
        // What is remembered here is not what the server says.
        if first.position <= before.position { before = try await control.confirm(fence.term)[keyPath: path] }
        guard first.position > before.position, before.position + unnoted >= after else {
            throw ProjectionError(.progressMoved, "the search index stands elsewhere than its holder thought")
        }
        let ids = Self.items(of: events)
        // The feed no longer tells what came between: all items are looked at again.
        let isWhole = first.position == after + 1
        // What changes nothing is noted along with what does.
        if ids.isEmpty, isWhole, progress.position - before.position < unnoted { return }
        for start in stride(from: 0, to: ids.count, by: ItemSource.page) {
            try await write(Array(ids[start..<min(ids.count, start + ItemSource.page)]), into: before)
        }
        let stored = before.position
        let state = try await control.update(fence.term) { state in
            guard state[keyPath: path].position == stored else {
                throw ProjectionError(.progressMoved, "the search index has come further meanwhile")
            }
            state[keyPath: path].advance(to: progress)
            if !isWhole { state[keyPath: path].walked = "" }
        }
        guard !isWhole else { return }
        logger.warning("the search index lacks what the feed no longer told; it is filled again")
        if state.serving.walked != nil { try await serve(nil) }
    }

    /// Notes that the index that serves has everything up to a position, as a check has found.
    /// - Parameter event: the id of the event there, where the feed still has it.
    func note(_ position: Int64, event: String?, fence: TermFence) async throws {
        guard try await control.confirm(fence.term).serving.position < position else { return }
        try await control.update(fence.term) { state in
            guard state.serving.position < position else { return }
            state.serving.position = position
            state.serving.eventId = event
        }
    }

    private func write(_ ids: [String], into index: IndexProgress) async throws {
        let writer = WriteDocuments(server: server, alias: index.writeAlias, logger: logger)
        var ids = ids
        while !ids.isEmpty {
            let page = try await items.items(ids)
            let known = Set(page.records.map(\.id) + page.left)
            try await writer.write(
                page.records, gone: ids.filter { !known.contains($0) },
                version: WriteDocuments.version(at: page.position))
            ids = page.left
        }
    }

    /// The items that events are about, each once.
    private static func items(of events: [ProjectedEvent]) -> [String] {
        var seen: Set<String> = []
        return events.flatMap { event -> [String] in
            if event.kind.hasPrefix("workitem.") { return [event.subject] }
            if event.kind.hasPrefix("email.") { return [event.data["workItemId"]?.stringValue].compactMap { $0 } }
            // Retention took many at once.
            guard event.kind == "workitems.remove" else { return [] }
            return (event.data["workItemIds"]?.arrayValue ?? []).compactMap(\.stringValue)
        }.filter { seen.insert($0).inserted }
    }

    /// A new index without documents, which has come as far as core is now: what is older is met by the walk.
    func makeIndex() async throws -> IndexProgress {
        let position = try await items.items(after: "", limit: 1).position
        let stamp = String(UInt64.random(in: 0...UInt64.max), radix: 36)
        let index = IndexProgress(
            index: "\(configuration.alias)-\(stamp)", position: position, format: SearchMapping.format)
        var body = SearchMapping.index(replicas: configuration.replicas).objectValue ?? JSONObject()
        body["aliases"] = .object([index.writeAlias: .object(JSONObject())])
        try await server.call("PUT", "/\(index.index)", .object(body))
        return index
    }
}

/// How often a new index has been asked for, as the settings say.
final class Wishes: Sendable {
    private let value: Atomic<Int64>

    init(_ count: Int64) { value = Atomic(count) }

    var count: Int64 { value.load(ordering: .relaxed) }
    func set(_ count: Int64) { value.store(count, ordering: .relaxed) }
}
