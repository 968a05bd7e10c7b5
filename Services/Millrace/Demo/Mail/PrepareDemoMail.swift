import Domain
import Foundation

/// Gives the tenant what mail needs: the source, the secret, and a mailbox for each account. What is there as it should be
/// stays.
struct PrepareDemoMail: Sendable {
    let servers: DemoMailServers
    let client: APIClient

    /// The source that items from mail count as.
    static let source = "mail"
    private static let secret = "demo-mail"

    /// Applies what is missing to the tenant's configuration, and waits until the mailboxes are read.
    func apply(to document: JSONValue) async throws {
        try await client.call(
            .PUT, "/mailboxes/secrets/\(Self.secret)", body: ["password": .string(servers.password)])
        let wanted = completed(document)
        if wanted != document { try await client.call(.PUT, "/configuration", body: wanted) }
        for mailbox in servers.mailboxes { try await untilConnected(mailbox) }
    }

    /// The document with source and mailboxes in it.
    func completed(_ document: JSONValue) -> JSONValue {
        var members = document.objectValue ?? JSONObject()
        var sources = members["sources"]?.arrayValue ?? []
        if !sources.contains(where: { $0["name"]?.stringValue == Self.source }) {
            sources.append(["name": .string(Self.source)])
        }
        members["sources"] = .array(sources)
        var mailboxes = members["mailboxes"]?.arrayValue ?? []
        for account in servers.mailboxes {
            let mailbox = mailbox(account)
            if let index = mailboxes.firstIndex(where: { $0["name"]?.stringValue == account }) {
                // Somebody may have set more than this.
                let present = mailboxes[index].objectValue ?? JSONObject()
                mailboxes[index] = .object(Self.merged(present, mailbox))
            } else {
                mailboxes.append(.object(mailbox))
            }
        }
        members["mailboxes"] = .array(mailboxes)
        return .object(members)
    }

    private func mailbox(_ account: String) -> JSONObject {
        let credentials: JSONValue = [
            "user": .string(servers.address(account)), "secret": .string(Self.secret), "method": "password",
        ]
        func server(_ port: Int) -> JSONValue {
            ["host": .string(servers.host), "port": .integer(Int64(port)), "security": "tls"]
        }
        return [
            "name": .string(account), "source": .string(Self.source), "address": .string(servers.address(account)),
            "inbound": ["server": server(servers.imap), "credentials": credentials],
            "outbound": [
                "server": server(servers.smtp), "credentials": credentials,
                "from": ["name": .string(account.capitalized), "address": .string(servers.address(account))],
            ],
        ]
    }

    /// `wanted` over `present`, object by object.
    private static func merged(_ present: JSONObject, _ wanted: JSONObject) -> JSONObject {
        var merged = present
        for (name, value) in wanted.members {
            if let inner = value.objectValue, let before = present[name]?.objectValue {
                merged[name] = .object(Self.merged(before, inner))
            } else {
                merged[name] = value
            }
        }
        return merged
    }

    private func untilConnected(_ mailbox: String) async throws {
        let end = ContinuousClock.now + .seconds(30)
        while true {
            let shown = try await client.call(.GET, "/mailboxes/\(mailbox)")
            let inbound = shown["inbound"]
            if inbound?["state"]?.stringValue == "connected" { return }
            guard ContinuousClock.now < end else {
                let error = inbound?["error"]?.stringValue ?? "Does the service email run? (`make status`)"
                throw CommandFailure(.unavailable, "The mailbox \(mailbox) is not read: \(error)")
            }
            try await Task.sleep(for: .milliseconds(100))
        }
    }
}
