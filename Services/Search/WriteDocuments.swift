import Domain
import Logging
import SearchIndex

/// Writes documents in bulk. A document's version is the position up to which it tells of events, so a writer that is late,
/// or not the holder any more, overwrites nothing that is newer.
package struct WriteDocuments: Sendable {
    let server: SearchServer
    /// The index' alias for writing.
    let alias: String
    let logger: Logger
    /// Bytes of a request at which the next one begins.
    private static let bytes = 8 << 20

    /// Versions leave room between positions: what a check mends is newer than what was there and older than what the
    /// next event brings.
    package static func version(at position: Int64, mending: Bool = false) -> Int64 {
        position * 16 + (mending ? 8 : 1)
    }

    /// What became of documents.
    package struct Outcome: Sendable, Hashable {
        /// Ids that were written or taken away.
        package var written: Set<String> = []
        /// How many met something newer.
        package var superseded = 0
        /// How many the server will never take.
        package var refused = 0

        /// Of none.
        package init() {}

        /// Takes the server's word for one document in.
        /// - Returns: the kind of error when it will never take this one.
        /// - Throws: `SearchIndexError` when it takes none.
        package mutating func note(_ answer: JSONValue, alias: String) throws -> String? {
            let id = answer["_id"]?.stringValue ?? ""
            let kind = answer["error"]?["type"]?.stringValue ?? ""
            // A deletion, of which `require_alias` is not heeded: the server has made an index of that name.
            if answer["_index"]?.stringValue == alias {
                throw SearchIndexError(.notFound, "the index \(alias) is gone")
            }
            switch answer["status"]?.integerValue ?? 0 {
            case 200..<300: written.insert(id)
            // Something newer is there.
            case 409: superseded += 1
            case 404 where answer["error"] == nil: written.insert(id)
            case 404: throw SearchIndexError(.notFound, "the index \(alias) is gone")
            case 429, 500...: throw SearchIndexError(.busy, "the search server is too busy for documents")
            case 400:
                refused += 1
                return kind
            // A block on the index or a right that is missing: no document's fault.
            case let status:
                throw SearchIndexError(
                    .refused, "the search server lets nobody write into \(alias): \(status) \(kind)")
            }
            return nil
        }
    }

    /// Writes records, and takes away the documents of items that are gone.
    /// - Throws: `SearchIndexError` when the server takes none at present, or may not be written to.
    @discardableResult
    func write(_ records: [SearchRecord], gone: [String] = [], version: Int64) async throws -> Outcome {
        var outcome = Outcome()
        var body: [UInt8] = []
        for record in records {
            record.write(into: &body, alias: alias, version: version)
            if body.count >= Self.bytes {
                try await send(body, &outcome)
                body.removeAll(keepingCapacity: true)
            }
        }
        for id in gone { SearchRecord.writeDeletion(of: id, into: &body, alias: alias, version: version) }
        if !body.isEmpty { try await send(body, &outcome) }
        return outcome
    }

    private func send(_ body: [UInt8], _ outcome: inout Outcome) async throws {
        let answer = try await server.call("POST", "/_bulk?require_alias=true", body, isLines: true)
        guard let items = answer["items"]?.arrayValue else {
            throw SearchIndexError(.refused, "the search server's answer to a bulk request has no items")
        }
        let before = outcome
        for item in items {
            guard let answer = item.objectValue?.members.first?.value else { continue }
            if let kind = try outcome.note(answer, alias: alias) {
                // One document that the server will never take must not hold up the others.
                logger.error(
                    "a document is refused",
                    metadata: ["item": "\(answer["_id"]?.stringValue ?? "")", "kind": "\(kind)"])
            }
        }
        IndexMetrics.written(outcome.written.count - before.written.count, "written")
        IndexMetrics.written(outcome.superseded - before.superseded, "superseded")
        IndexMetrics.written(outcome.refused - before.refused, "refused")
    }
}
