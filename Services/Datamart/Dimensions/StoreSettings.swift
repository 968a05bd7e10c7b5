import Domain
import Storage

/// The tenant's configurations as dimensions: its name, time zones, calendars, which calendar a category had when,
/// service levels, and since when and until when a category or queue was there.
enum StoreSettings {
    /// The zones of a mart that has none yet. They stay what they are: the day tables are cut by them, and another zone
    /// needs them all anew.
    static func zones(_ settings: MartSettings) -> [SQLStatement] {
        [
            SQLStatement(
                """
                INSERT INTO dim_time_zone (zone_key, name)
                SELECT u.key, u.name FROM unnest($1::text[]) WITH ORDINALITY AS u(name, key)
                WHERE NOT EXISTS (SELECT FROM dim_time_zone)
                """, [.texts(settings.mart.allTimeZones)]),
            SQLStatement(
                """
                INSERT INTO dim_time (zone_key, quarter_of_day, hour, minute, half_hour, label)
                SELECT z.zone_key, q, q / 4, q % 4 * 15, to_char(q / 2 * interval '30 minutes', 'HH24:MI'),
                    to_char(q * interval '15 minutes', 'HH24:MI')
                FROM dim_time_zone z, generate_series(0, 95) q ON CONFLICT DO NOTHING
                """),
            SQLStatement(
                """
                INSERT INTO dim_tenant VALUES (1, $1) ON CONFLICT (tenant_key) DO UPDATE SET name = excluded.name
                """, [.text(settings.tenant)]),
        ]
    }

    /// A zone that the tenant's configuration has and the mart does not, or not in that place, asks for a rebuild.
    static func wishForRebuild(_ settings: MartSettings) -> SQLStatement {
        SQLStatement(
            """
            INSERT INTO rebuild_request (asked_by) SELECT '\(RebuildWish.zones)'
            WHERE (SELECT array_agg(name ORDER BY zone_key) FROM dim_time_zone) <> $1::text[]
                AND NOT EXISTS (SELECT FROM rebuild_request WHERE done_at IS NULL)
            """, [.texts(settings.mart.allTimeZones)])
    }

    /// Calendars that are not stored yet, and versions of the configuration.
    /// - Parameter stored: calendars that are.
    static func configurations(
        _ settings: MartSettings, calendars stored: Set<Int32>, versions known: Set<Int32>
    ) -> [SQLStatement] {
        var statements: [SQLStatement] = []
        for (key, calendar) in settings.calendars where !stored.contains(key) && settings.stored(key) != 0 {
            let openings = calendar.openings.openings
            statements.append(
                SQLStatement(
                    "INSERT INTO calendar (calendar_key, name, worked_out_through) VALUES ($1, $2, $3)",
                    [
                        .int4(key), .text(calendar.name),
                        SQLValue.timestamp(milliseconds: calendar.openings.lastClosing?.milliseconds ?? .max),
                    ]))
            statements.append(
                SQLStatement(
                    """
                    INSERT INTO calendar_opening (calendar_key, opens_at, closes_at, open_before_ms)
                    SELECT $1, u.* FROM unnest($2, $3, $4) AS u(opens, closes, before)
                    """,
                    [
                        .int4(key), .timestamps(milliseconds: openings.map(\.start.milliseconds)),
                        .timestamps(milliseconds: openings.map(\.end.milliseconds)),
                        .int8s(openings.map { calendar.openings.businessTime(at: $0.start) }),
                    ]))
        }
        for (number, version) in settings.versions.sorted(by: { $0.key < $1.key }) where !known.contains(number) {
            statements.append(
                SQLStatement(
                    "INSERT INTO configuration_version VALUES ($1, $2)",
                    [.int4(number), .timestamp(milliseconds: version.appliedAt.milliseconds)]))
            let categories = version.calendars.sorted { $0.key < $1.key }
            statements.append(
                SQLStatement(
                    """
                    INSERT INTO category_calendar (configuration_version, category, calendar_key)
                    SELECT $1, u.* FROM unnest($2, $3) AS u(category, calendar)
                    """,
                    [
                        .int4(number), .texts(categories.map(\.key)),
                        .int4s(categories.map { settings.stored($0.value) }),
                    ]))
        }
        return statements
    }

    /// The service levels, each until the day on which the category's next one begins. Those of a category that is gone stay
    /// for what happened under it, until the day on which it went.
    static func targets(_ settings: MartSettings) -> [SQLStatement] {
        guard let newest = settings.versions.max(by: { $0.key < $1.key })?.value else { return [] }
        let present = SQLValue.texts(Array(newest.calendars.keys))
        let sorted = settings.mart.slaTargets.sorted { ($0.category, $0.from) < ($1.category, $1.from) }
        return [
            SQLStatement("DELETE FROM sla_target WHERE category = ANY($1::text[])", [present]),
            SQLStatement(
                """
                WITH day AS (SELECT ($2::timestamptz AT TIME ZONE $3)::date AS went),
                    never AS (DELETE FROM sla_target USING day WHERE category <> ALL($1::text[]) AND valid_from >= went)
                UPDATE sla_target SET valid_to = went FROM day
                WHERE category <> ALL($1::text[]) AND valid_from < went AND (valid_to IS NULL OR valid_to > went)
                """,
                [present, .timestamp(milliseconds: newest.appliedAt.milliseconds), .text(settings.mart.timeZone)]),
            SQLStatement(
                """
                INSERT INTO sla_target (category, percent, valid_from, valid_to)
                SELECT category, percent, valid_from::date,
                    lead(valid_from::date) OVER (PARTITION BY category ORDER BY valid_from::date)
                FROM unnest($1, $2, $3) AS u(category, percent, valid_from)
                """,
                [
                    .texts(sorted.map(\.category)), .float8s(sorted.map(\.percent)),
                    .texts(sorted.map { "\($0.from)" }),
                ]),
        ]
    }

    /// Takes the service levels of categories that are gone over from the mart before: no event tells them again.
    static func carryOver(from old: String, to new: String) -> String {
        """
        INSERT INTO \(new).sla_target SELECT o.* FROM \(old).sla_target o
        WHERE NOT EXISTS (SELECT FROM \(new).sla_target n WHERE n.category = o.category);
        """
    }

    /// Since when and until when categories and queues were there; what has come to be has its key already.
    static func validity(_ settings: MartSettings, _ keys: inout DimensionKeys) -> [SQLStatement] {
        let versions = settings.versions.sorted { $0.key < $1.key }.map(\.value)
        return [
            validity(versions.map { ($0.appliedAt, Array($0.calendars.keys)) }, .category, &keys),
            validity(versions.map { ($0.appliedAt, $0.queues) }, .queue, &keys),
        ]
    }

    private static func validity(
        _ versions: [(at: Instant, names: [String])], _ dimension: Dimension, _ keys: inout DimensionKeys
    ) -> SQLStatement {
        var first: [String: Int64] = [:]
        var end: [String: Int64?] = [:]
        for (at, names) in versions {
            let present = Set(names)
            for name in present {
                first[name] = first[name] ?? at.milliseconds
                end[name] = .some(nil)
            }
            for (name, value) in end where value == nil && !present.contains(name) { end[name] = at.milliseconds }
        }
        let all = first.keys.sorted()
        return SQLStatement(
            """
            UPDATE \(dimension.table) d SET valid_from = least(d.valid_from, u.first), valid_to = u.last
            FROM unnest($1, $2, $3) AS u(key, first, last) WHERE d.\(dimension.keyColumn) = u.key
                AND (d.valid_from > u.first OR d.valid_to IS DISTINCT FROM u.last)
            """,
            [
                .int4s(all.map { keys.key(dimension, $0, at: first[$0] ?? 0) }),
                .timestamps(milliseconds: all.map { first[$0] ?? 0 }), instants(all.map { end[$0] ?? nil }),
            ])
    }

    /// Which skills the newest configuration's categories ask for.
    static func skills(_ settings: MartSettings, _ keys: inout DimensionKeys) -> [SQLStatement] {
        guard let newest = settings.newest.flatMap({ settings.versions[$0] }) else { return [] }
        let pairs = newest.skills.flatMap { category, skills in skills.map { (category, $0) } }
        return [
            adding(skills: Set(pairs.map(\.1)).sorted()), SQLStatement("DELETE FROM category_skill"),
            SQLStatement(
                """
                INSERT INTO category_skill (category_key, skill_key)
                SELECT u.category, s.skill_key FROM unnest($1, $2) AS u(category, skill) JOIN dim_skill s ON s.name = u.skill
                """,
                [
                    .int4s(pairs.map { keys.key(.category, $0.0, at: newest.appliedAt.milliseconds) }),
                    .texts(pairs.map(\.1)),
                ]),
        ]
    }

    /// Skills that have no row yet get one.
    static func adding(skills: [String]) -> SQLStatement {
        SQLStatement(
            """
            INSERT INTO dim_skill (skill_key, name)
            SELECT (SELECT max(skill_key) FROM dim_skill) + row_number() OVER (ORDER BY u.name), u.name
            FROM unnest($1::text[]) AS u(name) WHERE NOT EXISTS (SELECT FROM dim_skill s WHERE s.name = u.name)
            """, [.texts(skills)])
    }
}
