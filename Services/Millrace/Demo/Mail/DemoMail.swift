import Domain
import Foundation

/// Mail in the demonstration: customers who write to two mailboxes of the tenant and agents who answer, over real servers.
struct DemoMail: Sendable {
    let servers: DemoMailServers
    let client: APIClient
    let desk: DemoMailDesk
    let ledger: SharedMailLedger
    let conversations: [DemoConversation]
    private let run: String
    private static let names = ["Ingrid Solberg", "Zoë Müller", "Paul O'Brien", "Åsa Lund"]

    /// Conversations that begin in a second, on average.
    static let rate = 0.5

    /// Makes the mailboxes of the tenant and the keys of its agents.
    /// - Parameters:
    ///   - run: unique among runs.
    ///   - writing: seconds within which customers begin conversations.
    init(
        _ servers: DemoMailServers, client: APIClient, configuration: TenantConfiguration, document: JSONValue,
        run: String, writing: Double, seed: UInt64
    ) async throws {
        self.servers = servers
        self.client = client
        self.run = run
        ledger = SharedMailLedger()
        try await PrepareDemoMail(servers: servers, client: client).apply(to: document)
        let attributes: JSONObject = ["channel": "email", "mailbox": .string(servers.mailboxes[0])]
        let endpoint = configuration.categoryTree().category(for: attributes)?.endpoint
        desk = try await DemoMailDesk(
            agents: configuration.agents.filter { endpoint.map($0.endpoints.contains) == true }.map(\.id),
            client: client, ledger: ledger)
        // Conversations that begin at the very end would be nothing but beginnings.
        conversations = DemoConversation.make(
            count: max(4, Int(Self.rate * writing)), seconds: writing * 0.8, customers: servers.customers.count,
            mailboxes: servers.mailboxes.count, seed: seed)
        let planned = DemoCustomer.planned(conversations)
        ledger.change { $0.planned = planned }
    }

    /// Customers write until `lastWriting` and read until cancelled.
    func run(start: ContinuousClock.Instant, lastWriting: ContinuousClock.Instant, stop: StopSignal) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, account) in servers.customers.enumerated() {
                let customer = DemoCustomer(
                    servers: servers, account: account, name: Self.names[index % Self.names.count], run: run,
                    conversations: conversations.filter { $0.customer == index }, ledger: ledger, start: start,
                    lastWriting: lastWriting, stop: stop)
                group.addTask { try await customer.run() }
            }
            try await group.waitForAll()
        }
    }

    /// Waits for answers that are on their way.
    func settle(within patience: Duration) async {
        let end = ContinuousClock.now + patience
        while ContinuousClock.now < end, !ledger.read(\.isSettled) { try? await Task.sleep(for: .milliseconds(100)) }
    }

    /// Compares what was written and answered with what the service lists.
    func verdict(since start: Domain.Instant) async throws -> DemoMailVerdict {
        var emails: [DemoMailVerdict.Email] = []
        for mailbox in servers.mailboxes {
            try await client.forEach("/emails", query: [("mailbox", mailbox), ("limit", "500")]) { json in
                guard let email = DemoMailVerdict.Email(json), email.createdAt > start - 60_000 else { return false }
                emails.append(email)
                return true
            }
        }
        var items: [String: DemoMailVerdict.Item] = [:]
        let query = [("source", PrepareDemoMail.source), ("limit", "500"), ("sort", "-receivedAt")]
        try await client.forEach("/workitems", query: query) { json in
            guard let received = json["receivedAt"]?.stringValue.flatMap({ Instant(rfc3339: $0) }),
                received > start - 60_000
            else { return false }
            items[json["id"]?.stringValue ?? ""] = .init(
                status: json["status"]?.stringValue ?? "",
                emails: Int(json["attributes"]?["emails"]?.integerValue ?? 0))
            return true
        }
        let customers = conversations.map { ($0.number, servers.address(servers.customers[$0.customer])) }
        return DemoMailVerdict(
            ledger.value, emails: emails, items: items,
            customers: Dictionary(customers, uniquingKeysWith: { first, _ in first }))
    }
}

extension DemoMailVerdict.Email {
    /// Reads an element of `GET /emails`.
    init?(_ json: JSONValue) {
        guard let id = json["id"]?.stringValue,
            let createdAt = json["createdAt"]?.stringValue.flatMap({ Instant(rfc3339: $0) })
        else { return nil }
        self.init(
            id: id, isIncoming: json["direction"]?.stringValue == "in", state: json["state"]?.stringValue ?? "",
            mailbox: json["mailbox"]?.stringValue ?? "", workItem: json["workItemId"]?.stringValue,
            messageId: json["messageId"]?.stringValue ?? "",
            attachments: json["attachments"]?.arrayValue?.count ?? 0, createdAt: createdAt)
    }
}
