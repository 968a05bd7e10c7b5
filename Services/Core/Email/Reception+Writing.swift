import Domain
import Foundation
import Storage

extension Reception {
    /// What writes everything but the items, last in the transaction.
    func statements(tenant: Int32, _ progress: ReceiveEmails.Progress?) throws -> [SQLStatement] {
        let incoming = taken.compactMap(\.email)
        let emails = incoming + answers
        var statements: [SQLStatement] = []
        if !reported.isEmpty { statements.append(Email.update(reported.map(\.email), tenant: tenant)) }
        if !emails.isEmpty { statements.append(Email.insertion(of: emails, tenant: tenant)) }
        statements += EmailReferences.adding(
            emails.flatMap { email in email.contents.map { (email.id, $0) } }, tenant: tenant)
        if !taken.isEmpty { statements.append(keys(tenant)) }
        let threads = threads
        if !moved.isEmpty {
            statements.append(
                SQLStatement(
                    """
                    UPDATE email_thread t SET work_item = m.successor
                    FROM unnest($2::uuid[], $3::uuid[]) AS m(item, successor)
                    WHERE t.tenant = $1 AND t.work_item = m.item
                    """, [.int4(tenant), .uuids(moved.map(\.from)), .uuids(moved.map(\.to))]))
        }
        if !threads.isEmpty {
            statements.append(Self.threads(threads.map { ($0.key, $0.value) }, tenant: tenant))
        }
        statements += ReplyTokens.storing(
            answers.compactMap { email in
                email.workItem.flatMap { item in tokens.token(of: item).map { ($0, item) } }
            }, tenant: tenant)
        if !answers.isEmpty { statements.append(automatic(tenant)) }
        let events =
            reported.map { EmailEvents.event(of: $0.email, from: $0.from, actor: actor, in: snapshot) }
            + emails.map { EmailEvents.event(of: $0, from: nil, actor: actor, in: snapshot) }
        if !events.isEmpty {
            statements.append(WorkItemEvents.insertion(of: events, tenant: tenant, at: now, laned: true))
        }
        statements.append(state(tenant, progress))
        return statements
    }

    /// Message-IDs that lead to their conversations' items from now on; those that lead somewhere already stay.
    static func threads(_ threads: [(message: UUID, item: UUID)], tenant: Int32) -> SQLStatement {
        SQLStatement(
            """
            INSERT INTO email_thread (tenant, message, work_item)
            SELECT $1, t.* FROM unnest($2::uuid[], $3::uuid[]) AS t(message, item) ORDER BY 2 ON CONFLICT DO NOTHING
            """, [.int4(tenant), .uuids(threads.map(\.message)), .uuids(threads.map(\.item))])
    }

    /// The Message-IDs of all messages of this call and of what they refer to.
    private var threads: [UUID: UUID] {
        var threads: [UUID: UUID] = [:]
        for entry in taken {
            guard let item = entry.workItem, entry.email != nil else { continue }
            for id in [entry.received.reference] + entry.received.references {
                threads[EmailDigest.of(id)] = known.threads[EmailDigest.of(id)] ?? item
            }
        }
        for answer in answers {
            if let id = answer.messageId, let item = answer.workItem { threads[EmailDigest.of(id)] = item }
        }
        return threads
    }

    private func keys(_ tenant: Int32) -> SQLStatement {
        SQLStatement(
            """
            INSERT INTO email_key (tenant, mailbox, key, message, place, email, work_item, at)
            SELECT $1, $2, k.*, $3
            FROM unnest($4::uuid[], $5::uuid[], $6::uuid[], $7::uuid[], $8::uuid[])
                AS k(key, message, place, email, work_item)
            ON CONFLICT DO NOTHING
            """,
            [
                .int4(tenant), .text(mailbox.name), .int8(now.milliseconds),
                .uuids(taken.map { EmailIdentity.key($0.received.key) }),
                .uuids(taken.map(\.message)),
                .uuids(taken.map { EmailIdentity.place($0.received.key) }), .uuidsOptional(taken.map { $0.email?.id }),
                .uuidsOptional(taken.map(\.workItem)),
            ])
    }

    private func automatic(_ tenant: Int32) -> SQLStatement {
        let correspondents = answers.compactMap { $0.addresses("to").first.map { EmailDigest.of($0.key) } }
        return SQLStatement(
            """
            INSERT INTO email_automatic (tenant, mailbox, correspondent, at)
            SELECT $1, $2, c, $4 FROM unnest($3::uuid[]) AS c
            """, [.int4(tenant), .text(mailbox.name), .uuids(correspondents), .int8(now.milliseconds)])
    }

    /// Progress passes over nothing that is to come again.
    private func state(_ tenant: Int32, _ progress: ReceiveEmails.Progress?) -> SQLStatement {
        var state = known.state
        let missed = outcomes.filter { $0.kind == .retry }.map(\.key)
        switch progress {
        case .cursor(let cursor)? where missed.isEmpty: state.cursor = cursor
        case .place(let place)?:
            let lowest = missed.compactMap { key -> Int64? in
                guard case .place(place.folder, place.uidValidity, let uid, place.epoch) = key else { return nil }
                return uid
            }.min()
            let before = state.folders[place.folder]
            let same =
                before?["uidValidity"]?.integerValue == place.uidValidity
                && before?["epoch"]?.integerValue ?? 0 == place.epoch
            let reached = max(same ? before?["uid"]?.integerValue ?? 0 : 0, min(place.uid, (lowest ?? .max) - 1))
            var folder: JSONObject = [
                "uidValidity": .integer(place.uidValidity), "uid": .integer(reached),
                "from": place.from.map { .string($0.rfc3339) } ?? before?["from"]
                    ?? .string((state.firstFrom ?? now).rfc3339),
            ]
            if place.epoch > 0 { folder["epoch"] = .integer(place.epoch) }
            folder["account"] = place.account.map(JSONValue.string) ?? before?["account"]
            state.folders[place.folder] = .object(folder)
        default: break
        }
        state.taken += Int64(taken.count)
        if !taken.isEmpty { state.lastTakenAt = now }
        return SQLStatement(
            """
            UPDATE mailbox_state SET folders = $3, cursor = $4, taken = $5, last_taken_at = $6
            WHERE tenant = $1 AND name = $2
            """,
            [
                .int4(tenant), .text(mailbox.name), .text(JSONValue.object(state.folders).text), SQLValue(state.cursor),
                .int8(state.taken), SQLValue(state.lastTakenAt?.milliseconds),
            ])
    }
}
