import Domain

/// Whether mailboxes work, and whether messages wait that nobody sends.
struct MailChecks: Sendable {
    let client: APIClient

    /// Nothing for a tenant without mailboxes.
    func perform() async throws -> [Finding] {
        let mailboxes = try await client.call(.GET, "/mailboxes")["items"]?.arrayValue ?? []
        guard !mailboxes.isEmpty else { return [] }
        var troubles = mailboxes.flatMap(Self.connections)
        for mailbox in mailboxes where mailbox["enabled"]?.boolValue == false {
            guard let name = mailbox["name"]?.stringValue else { continue }
            let waiting = try await count([("mailbox", name), ("state", "queued")])
            if waiting > 0 {
                troubles.append(
                    "\(Self.text(waiting)) \(waiting == 1 ? "waits" : "wait") in \(name), which is disabled: enable it, or cancel them"
                )
            }
        }
        let uncertain = try await count([("state", "uncertain")])
        if uncertain > 0 {
            troubles.append(
                "of \(Self.text(uncertain)) nobody knows whether they went out (GET /emails?state=uncertain): confirm, retry or cancel"
            )
        }
        return [
            troubles.isEmpty
                ? Finding("mail", .well, "\(mailboxes.count) mailboxes, none in trouble")
                : Finding("mail", .warning, troubles.joined(separator: "; "))
        ]
    }

    private static let most = 100

    private func count(_ filter: [(String, String)]) async throws -> Int {
        let query = PercentEncoding.query(filter + [("limit", "\(Self.most)")])
        return try await client.call(.GET, "/emails\(query)")["items"]?.arrayValue?.count ?? 0
    }

    private static func text(_ count: Int) -> String {
        count == 1 ? "1 message" : "\(count)\(count == most ? " or more" : "") messages"
    }

    private static func connections(_ mailbox: JSONValue) -> [String] {
        ["inbound", "outbound"].compactMap { direction in
            guard let side = mailbox[direction], let state = side["state"]?.stringValue,
                state == "failing" || state == "disconnected"
            else { return nil }
            let error = side["error"]?.stringValue.map { ": \($0)" } ?? ""
            return "\(mailbox["name"]?.stringValue ?? "") \(direction) is \(state)\(error)"
        }
    }
}
