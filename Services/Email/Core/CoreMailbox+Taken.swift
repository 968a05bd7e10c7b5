import Domain
import ServiceKit

/// What of a folder core has taken.
extension CoreMailbox {
    /// Core's answer about some messages.
    struct Taken<Key: Hashable & Sendable>: Sendable {
        /// Those that were not taken.
        var missing: Set<Key> = []
        /// Those of which not all was kept: the server has the only copy.
        var incomplete: Set<Key> = []
    }

    /// Messages of a folder.
    func taken(_ uids: some Collection<UInt32>, of folder: ReceivedDocument.Place) async throws -> Taken<UInt32> {
        try await taken(Array(uids)) { folder.of($0).document }
    }

    /// Messages of a provider.
    func taken(_ ids: [String]) async throws -> Taken<String> {
        try await taken(ids) { ["id": .string($0)] }
    }

    private func taken<Key>(_ all: [Key], _ document: (Key) -> JSONValue) async throws -> Taken<Key> {
        var taken = Taken<Key>()
        var rest = all[...]
        while !rest.isEmpty {
            let part = Array(rest.prefix(EmailLimits.keys))
            rest = rest.dropFirst(part.count)
            let body: JSONValue = ["term": .integer(term), "keys": .array(part.map(document))]
            let answer = try await core.call(.POST, "/mailboxes/\(name)/taken", body, timeout: .seconds(30))
            func keys(_ list: String) -> [Key] {
                (answer[list]?.arrayValue ?? []).compactMap { place in
                    place.integerValue.flatMap { part.indices.contains(Int($0)) ? part[Int($0)] : nil }
                }
            }
            taken.missing.formUnion(keys("missing"))
            taken.incomplete.formUnion(keys("incomplete"))
        }
        return taken
    }
}
