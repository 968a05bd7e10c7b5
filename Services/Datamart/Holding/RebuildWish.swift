import Storage

/// The wish to have a mart built anew, as `rebuild_request` keeps it.
enum RebuildWish {
    /// Who asks where nobody did: the configuration has other time zones. Such a wish waits when history would be lost.
    static let zones = "another list of time zones"

    /// Asks. Asked twice, it is built anew once: whoever is quicker has asked. One that waits is somebody's from now on.
    /// - Parameter subject: who asks.
    static func asking(_ subject: String) -> [SQLStatement] {
        [
            SQLStatement(
                "UPDATE rebuild_request SET asked_by = $1 WHERE done_at IS NULL AND asked_by = $2",
                [.text(subject), .text(zones)]),
            SQLStatement(
                """
                INSERT INTO rebuild_request (asked_by)
                SELECT $1 WHERE NOT EXISTS (SELECT FROM rebuild_request WHERE done_at IS NULL)
                """, [.text(subject)]),
        ]
    }

    /// Takes the configuration's own wish back when it has the mart's zones again.
    /// - Parameter zones: those of the configuration.
    /// - Returns: whether there was such a wish.
    static func withdraw(_ pool: PostgresPool, having zones: [String]) async throws -> Bool {
        try await pool.batch([
            SQLStatement(
                """
                DELETE FROM rebuild_request WHERE done_at IS NULL AND asked_by = $1
                    AND (SELECT array_agg(name ORDER BY zone_key) FROM dim_time_zone) = $2::text[]
                """, [.text(Self.zones), .texts(zones)])
        ])[0].rowsAffected > 0
    }

    /// Whether nobody has asked, only the configuration.
    static func isOnlyForZones(_ pool: PostgresPool) async throws -> Bool {
        try await pool.query(
            "SELECT NOT EXISTS (SELECT FROM rebuild_request WHERE done_at IS NULL AND asked_by <> $1)", [.text(zones)])[
                0][0].bool
    }
}
