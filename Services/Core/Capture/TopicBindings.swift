/// Whose commands each topic of a source's own carries.
///
/// A topic is one tenant's, and applying a configuration sees to that. Where two name the same all the same, as those could
/// that were applied before it did, the earliest tenant has it, on every instance.
package struct TopicBindings: Sendable {
    /// A topic that a source takes its commands from.
    package struct Claim: Sendable, Hashable {
        /// The tenant's id; ids rise.
        package var tenant: Int32
        /// The tenant's name.
        package var tenantName: String
        /// The source's name.
        package var source: String
        /// Without the installation's prefix.
        package var topic: String

        /// One source's topic.
        package init(tenant: Int32, tenantName: String, source: String, topic: String) {
            self.tenant = tenant
            self.tenantName = tenantName
            self.source = source
            self.topic = topic
        }
    }

    /// Who has each topic.
    package private(set) var owners: [String: Claim] = [:]
    /// Claims that come to nothing: another has the topic, or it is the service's own.
    package private(set) var refused: Set<Claim> = []

    /// - Parameters:
    ///   - claims: of all tenants, in any order.
    ///   - isReserved: whether a topic is nobody's.
    package init(_ claims: [Claim], isReserved: (String) -> Bool) {
        for claim in claims.sorted(by: { ($0.tenant, $0.source) < ($1.tenant, $1.source) }) {
            if owners[claim.topic] != nil || isReserved(claim.topic) {
                refused.insert(claim)
            } else {
                owners[claim.topic] = claim
            }
        }
    }
}
