/// Tenants whose configuration in force could not be read, and when each is tried again.
package struct UnreadTenants: Sendable {
    private struct Entry {
        var name: String
        var version: Int32
        var reason: String
        var again: ContinuousClock.Instant
    }
    private var entries: [Int32: Entry] = [:]
    /// A document may be large, and nothing but somebody's hand makes it better.
    package static let pause = Duration.seconds(2)

    /// None yet.
    package init() {}

    /// Names of tenants.
    package var names: [String] { entries.values.map(\.name) }

    /// What an operator is told, in the order of the names. The reason may show what a configuration says, so it is for the
    /// log alone.
    package var descriptions: [String] {
        entries.values.sorted { $0.name < $1.name }.map {
            "configuration \($0.version) of tenant \($0.name) cannot be read, the log says why"
        }
    }

    /// The version that cannot be read.
    package func version(ofTenant id: Int32) -> Int32? { entries[id]?.version }

    /// Whether to read a tenant's version: not at once again after it has failed.
    package func isDue(_ id: Int32, version: Int32, at now: ContinuousClock.Instant) -> Bool {
        guard let entry = entries[id], entry.version == version else { return true }
        return entry.again <= now
    }

    /// Takes down that a version could not be read.
    /// - Returns: whether that is news.
    package mutating func note(
        _ id: Int32, name: String, version: Int32, reason: String, at now: ContinuousClock.Instant
    ) -> Bool {
        let before = entries[id]
        entries[id] = Entry(name: name, version: version, reason: reason, again: now + Self.pause)
        return before?.version != version || before?.reason != reason
    }

    /// The tenant has been read.
    package mutating func forget(_ id: Int32) { entries[id] = nil }

    /// Forgets all that are not there any more.
    package mutating func keep(only ids: Set<Int32>) { entries = entries.filter { ids.contains($0.key) } }
}
