import Domain
import Storage

/// Names and teams of agents in the dimensions, with what they were before.
enum StoreDirectory {
    /// Of a directory that only says how things are now: what is another than it was holds from now on.
    static func present(_ people: [DirectoryPerson], at now: Int64) -> [SQLStatement] {
        let gone = people.filter { !$0.isActive }.map(\.agent)
        let people = people.filter(\.isActive)
        let rows: [SQLValue] = [
            .texts(people.map(\.agent)), .textsOptional(people.map(\.displayName)),
            .textsOptional(people.map { $0.team(at: now) }), .timestamp(milliseconds: now),
        ]
        let told = "unnest($1::text[], $2::text[], $3::text[]) AS u(agent, display_name, team)"
        let members = people.flatMap { person in person.groups.map { (person.agent, $0.name) } }
        let memberRows: [SQLValue] = [
            .texts(members.map(\.0)), .texts(members.map(\.1)), .timestamp(milliseconds: now),
            .texts(people.map(\.agent) + gone),
        ]
        return [
            SQLStatement(
                """
                UPDATE dim_agent_history h SET valid_to = $4 FROM \(told) JOIN dim_agent a ON a.agent = u.agent
                WHERE h.agent_key = a.agent_key AND h.valid_to IS NULL AND h.valid_from < $4
                    AND (h.display_name, h.team) IS DISTINCT FROM (u.display_name, u.team)
                """, rows),
            SQLStatement(
                """
                INSERT INTO dim_agent_history (agent_key, valid_from, display_name, team)
                SELECT a.agent_key, $4, u.display_name, u.team FROM \(told) JOIN dim_agent a ON a.agent = u.agent
                WHERE NOT EXISTS (SELECT FROM dim_agent_history h WHERE h.agent_key = a.agent_key AND h.valid_to IS NULL)
                ON CONFLICT (agent_key, valid_from) DO UPDATE SET display_name = excluded.display_name, team = excluded.team,
                    valid_to = NULL
                """, rows),
            SQLStatement(
                """
                UPDATE dim_agent_group g SET valid_to = $3 FROM dim_agent a
                WHERE g.agent_key = a.agent_key AND a.agent = ANY($4) AND g.valid_to IS NULL
                    AND NOT EXISTS (SELECT FROM unnest($1::text[], $2::text[]) AS u(agent, name)
                        WHERE u.agent = a.agent AND u.name = g.group_name)
                """, memberRows),
            SQLStatement(
                """
                INSERT INTO dim_agent_group (agent_key, group_name, valid_from)
                SELECT a.agent_key, u.name, $3 FROM unnest($1::text[], $2::text[]) AS u(agent, name)
                JOIN dim_agent a ON a.agent = u.agent AND a.agent = ANY($4)
                WHERE NOT EXISTS (SELECT FROM dim_agent_group g
                    WHERE g.agent_key = a.agent_key AND g.group_name = u.name AND g.valid_to IS NULL)
                ON CONFLICT DO NOTHING
                """, memberRows),
            naming(people, at: now),
            // Who has gone keeps name and team as they were last.
            SQLStatement(
                """
                UPDATE dim_agent_history h SET valid_to = $2 FROM dim_agent a
                WHERE h.agent_key = a.agent_key AND a.agent = ANY($1::text[]) AND h.valid_to IS NULL AND h.valid_from < $2
                """, [.texts(gone), .timestamp(milliseconds: now)]),
        ]
    }

    /// Of a directory that knows how things were: its word replaces what was known of these agents.
    static func past(_ people: [DirectoryPerson], at now: Int64) -> [SQLStatement] {
        let history = people.flatMap { person in
            let known = person.stretches
            let stretches = known.isEmpty ? [DirectoryPerson.Stretch(from: now, name: person.displayName)] : known
            return stretches.enumerated().map { index, stretch in
                (person.agent, stretch, index + 1 < stretches.count ? stretches[index + 1].from : nil)
            }
        }
        let groups = people.flatMap { person in person.groups.map { (person.agent, $0) } }
        let agents: [SQLValue] = [.texts(people.map(\.agent))]
        let ofAgents = "agent_key IN (SELECT agent_key FROM dim_agent WHERE agent = ANY($1))"
        return [
            SQLStatement("DELETE FROM dim_agent_history WHERE \(ofAgents)", agents),
            SQLStatement(
                """
                INSERT INTO dim_agent_history (agent_key, valid_from, valid_to, display_name, team)
                SELECT a.agent_key, u.valid_from, u.valid_to, u.display_name, u.team
                FROM unnest($1, $2, $3, $4, $5) AS u(agent, valid_from, valid_to, display_name, team)
                JOIN dim_agent a ON a.agent = u.agent
                """,
                [
                    .texts(history.map(\.0)), .timestamps(milliseconds: history.map(\.1.from)),
                    instants(history.map(\.2)), .textsOptional(history.map(\.1.name)),
                    .textsOptional(history.map(\.1.team)),
                ]),
            SQLStatement("DELETE FROM dim_agent_group WHERE \(ofAgents)", agents),
            SQLStatement(
                """
                INSERT INTO dim_agent_group (agent_key, group_name, valid_from, valid_to)
                SELECT a.agent_key, u.name, u.valid_from, u.valid_to
                FROM unnest($1, $2, $3, $4) AS u(agent, name, valid_from, valid_to) JOIN dim_agent a ON a.agent = u.agent
                ON CONFLICT (agent_key, group_name, valid_from) DO UPDATE SET valid_to = excluded.valid_to
                """,
                [
                    .texts(groups.map(\.0)), .texts(groups.map(\.1.name)),
                    .timestamps(milliseconds: groups.map(\.1.period.from)), instants(groups.map(\.1.period.to)),
                ]),
            naming(people, at: now),
        ]
    }

    /// What agents can do now, of those of whom the directory says it.
    static func skills(_ people: [DirectoryPerson]) -> [SQLStatement] {
        let told = people.filter { $0.skills != nil }
        guard !told.isEmpty else { return [] }
        let pairs = told.flatMap { person in (person.skills ?? []).map { (person.agent, $0) } }
        return [
            StoreSettings.adding(skills: Set(pairs.map(\.1)).sorted()),
            SQLStatement(
                "DELETE FROM agent_skill s USING dim_agent a WHERE a.agent_key = s.agent_key AND a.agent = ANY($1::text[])",
                [.texts(told.map(\.agent))]),
            SQLStatement(
                """
                INSERT INTO agent_skill (agent_key, skill_key)
                SELECT a.agent_key, s.skill_key FROM unnest($1, $2) AS u(agent, skill)
                JOIN dim_agent a ON a.agent = u.agent JOIN dim_skill s ON s.name = u.skill ON CONFLICT DO NOTHING
                """, [.texts(pairs.map(\.0)), .texts(pairs.map(\.1))]),
        ]
    }

    /// Copies what is known of agents into the schema of a mart that was built anew, in the transaction that puts it in the
    /// old one's place: a directory that only says how things are now cannot say it again.
    static func carryOver(from old: String, to new: String) -> String {
        func copy(_ table: String, _ columns: String) -> String {
            """
            INSERT INTO \(new).\(table) (agent_key, \(columns))
            SELECT n.agent_key, \(columns.split(separator: ", ").map { "h.\($0)" }.joined(separator: ", "))
            FROM \(old).\(table) h JOIN \(old).dim_agent o USING (agent_key) JOIN \(new).dim_agent n ON n.agent = o.agent
            ON CONFLICT DO NOTHING;
            """
        }
        return """
            UPDATE \(new).dim_agent n SET display_name = o.display_name, team = o.team FROM \(old).dim_agent o
            WHERE o.agent = n.agent;
            \(copy("dim_agent_history", "valid_from, valid_to, display_name, team"))
            \(copy("dim_agent_group", "group_name, valid_from, valid_to"))
            """
    }

    private static func naming(_ people: [DirectoryPerson], at now: Int64) -> SQLStatement {
        SQLStatement(
            """
            UPDATE dim_agent a SET display_name = u.display_name, team = u.team, copied_at = $4
            FROM unnest($1::text[], $2::text[], $3::text[]) AS u(agent, display_name, team) WHERE a.agent = u.agent
            """,
            [
                .texts(people.map(\.agent)), .textsOptional(people.map(\.displayName)),
                .textsOptional(people.map { $0.team(at: now) }), .timestamp(milliseconds: now),
            ])
    }
}

extension DatamartTarget {
    /// Copies a directory into the dimensions.
    /// - Parameter knowsPast: whether the periods are the directory's own; else what it says holds from now on.
    /// - Returns: how many rows of dimensions were new or changed.
    package func storeDirectory(
        _ people: [DirectoryPerson], knowsPast: Bool, at now: Instant, fence: TermFence
    ) async throws -> Int {
        try await enter()
        defer { gate.leave() }
        let settings = try await currentSettings(for: 0, fence: fence)
        var memory = try await remembered(fence, settings)
        self.memory = nil
        // Agents of whom there is no event yet have their row, too.
        for person in people { _ = memory.keys.key(.agent, person.agent, at: now.milliseconds) }
        let statements =
            WriteDimensions.statements(memory.keys)
            + (knowsPast
                ? StoreDirectory.past(people, at: now.milliseconds)
                : StoreDirectory.present(people, at: now.milliseconds)) + StoreDirectory.skills(people)
        let results = try await write(statements, by: memory.position, fence)
        memory.keys.written()
        self.memory = memory
        return results.reduce(0) { $0 + $1.rowsAffected }
    }
}
