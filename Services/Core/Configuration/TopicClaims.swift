import Domain
import Storage

/// The topics that a tenant's configuration names, for commands or for replies: each is one tenant's. Who applies first has
/// it until a later version of that configuration names it no more.
struct TopicClaims {
    private let named: [TenantConfiguration.NamedTopic]
    private let tenant: Int32

    init(of configuration: TenantConfiguration, tenant: Int32) {
        named = configuration.namedTopics
        self.tenant = tenant
    }

    /// Releases what is not named any more and claims the rest; tenants that do so at once wait for each other.
    /// - Throws: ``DocumentProblems`` with each topic that is another tenant's.
    func take(on transaction: Transaction) async throws {
        let topics = Set(named.map(\.topic)).sorted()
        let results = try await transaction.pipeline([
            SQLStatement(
                "DELETE FROM command_topic WHERE tenant = $1 AND topic <> ALL($2::text[])",
                [.int4(tenant), .texts(topics)]),
            // In one order, whoever does it.
            SQLStatement(
                """
                INSERT INTO command_topic (topic, tenant) SELECT t, $1 FROM unnest($2::text[]) AS t ORDER BY t
                ON CONFLICT (topic) DO NOTHING
                """, [.int4(tenant), .texts(topics)]),
            ofOthers,
        ])
        try refuse(try results[2].map { try $0[0].text })
    }

    /// Only looks.
    /// - Throws: ``DocumentProblems`` with each topic that is another tenant's at present.
    func check(on pool: PostgresPool) async throws {
        try refuse(try await pool.query(ofOthers.sql, ofOthers.parameters).map { try $0[0].text })
    }

    private var ofOthers: SQLStatement {
        SQLStatement(
            "SELECT topic FROM command_topic WHERE topic = ANY($2::text[]) AND tenant <> $1",
            [.int4(tenant), .texts(named.map(\.topic))])
    }

    private func refuse(_ others: [String]) throws {
        let problems = named.filter { others.contains($0.topic) }.map {
            DocumentProblem(path: $0.path, message: "Another tenant has this topic; name one of your own.")
        }
        if !problems.isEmpty { throw DocumentProblems(problems) }
    }
}
