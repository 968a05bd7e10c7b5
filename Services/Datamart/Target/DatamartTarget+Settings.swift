import Domain
import Projection
import Storage

extension DatamartTarget {
    /// The lease whose terms fence all that is written here.
    package nonisolated var leaseName: String { lease }

    /// Writes the tenant's configurations into the dimensions; what is there already is left.
    /// - Parameter now: says that a mart that has no event yet need not take in what its retention would take away at
    ///   once. What came in before then is counted in the tables that still hold it.
    /// - Returns: how many rows of dimensions were new.
    @discardableResult
    package func storeSettings(
        _ settings: MartSettings, at now: Instant? = nil, fence: TermFence
    ) async throws -> Int {
        try await enter()
        defer { gate.leave() }
        use(settings)
        if let now {
            memory = nil
            let clear = ClearAway(settings.mart.retention, at: now)
            _ = try await pool.batch(fence: fence, [clear.raisingFloorsOfEmpty])
        }
        return try await store(settings, fence)
    }

    /// The same, inside the gate.
    func store(_ settings: MartSettings, _ fence: TermFence) async throws -> Int {
        _ = try await pool.batch(fence: fence, StoreSettings.zones(settings))
        var memory = try await remembered(fence, settings)
        self.memory = nil
        let known = try await pool.batch([
            SQLStatement("SELECT calendar_key FROM calendar"),
            SQLStatement("SELECT configuration_version FROM configuration_version"),
        ])
        let calendars = Set(try known[0].map { try $0[0].int32 })
        let versions = Set(try known[1].map { try $0[0].int32 })
        var statements = [StoreSettings.wishForRebuild(settings)]
        statements += StoreSettings.configurations(settings, calendars: calendars, versions: versions)
        statements += StoreSettings.targets(settings)
        let validity = StoreSettings.validity(settings, &memory.keys)
        let skills = StoreSettings.skills(settings, &memory.keys)
        let new = memory.keys.newCount
        // Rows first, then what is said of them.
        statements += WriteDimensions.statements(memory.keys) + validity + skills
        _ = try await write(statements, by: memory.position, fence)
        memory.keys.written()
        self.memory = memory
        return new
    }
}
