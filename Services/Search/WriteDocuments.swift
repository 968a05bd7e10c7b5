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

    /// Writes records, and takes away the documents of items that are gone.
    func write(_ records: [SearchRecord], gone: [String] = [], version: Int64) async throws {
        var body: [UInt8] = []
        for record in records {
            record.write(into: &body, alias: alias, version: version)
            if body.count >= Self.bytes {
                try await send(body)
                body.removeAll(keepingCapacity: true)
            }
        }
        for id in gone { SearchRecord.writeDeletion(of: id, into: &body, alias: alias, version: version) }
        if !body.isEmpty { try await send(body) }
    }

    private func send(_ body: [UInt8]) async throws {
        let answer = try await server.call("POST", "/_bulk?require_alias=true", body, isLines: true)
        guard let items = answer["items"]?.arrayValue else {
            throw SearchIndexError(.refused, "the search server's answer to a bulk request has no items")
        }
        var written = 0
        var superseded = 0
        var refused = 0
        for item in items {
            guard let outcome = item.objectValue?.members.first?.value else { continue }
            switch outcome["status"]?.integerValue ?? 0 {
            case 200..<300: written += 1
            // Something newer is there.
            case 409: superseded += 1
            case 404 where outcome["error"] == nil: written += 1
            case 404: throw SearchIndexError(.notFound, "the index \(alias) is gone")
            case 429, 500...: throw SearchIndexError(.busy, "the search server is too busy for documents")
            case let status:
                // One document that the server will never take must not hold up the others.
                refused += 1
                logger.error(
                    "a document is refused",
                    metadata: [
                        "item": "\(outcome["_id"]?.stringValue ?? "")", "status": "\(status)",
                        "kind": "\(outcome["error"]?["type"]?.stringValue ?? "")",
                    ])
            }
        }
        IndexMetrics.written(written, "written")
        IndexMetrics.written(superseded, "superseded")
        IndexMetrics.written(refused, "refused")
    }
}
