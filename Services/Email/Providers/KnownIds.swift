import Synchronization

/// Ids of a provider's folders or labels by their names, as it has told of them.
final class KnownIds: Sendable {
    private let ids = Mutex<[String: String]>([:])

    subscript(name: String) -> String? { ids.withLock { $0[name] } }

    func note(_ id: String, of name: String) { ids.withLock { $0[name] = id } }

    /// All that there are.
    func replace(by found: [String: String]) { ids.withLock { $0 = found } }
}
