/// Which mailboxes which instance stands for: evenly, and with few moves when instances come and go.
///
/// Every instance works it out from the same two lists. Where their lists differ for a moment two instances stand for
/// one mailbox, and the lease decides.
package struct ShareOut: Sendable {
    /// Mailboxes by instance.
    package let shares: [String: Set<String>]

    /// Each mailbox goes to the instance that it rates highest (rendezvous hashing) among those with room; no instance
    /// has more than one mailbox above any other.
    package init(mailboxes: some Collection<String>, instances: some Collection<String>) {
        let instances = Array(Set(instances)).sorted()
        var shares = Dictionary(uniqueKeysWithValues: instances.map { ($0, Set<String>()) })
        guard !instances.isEmpty else {
            self.shares = [:]
            return
        }
        let each = mailboxes.count / instances.count
        var extra = mailboxes.count % instances.count
        let order = Set(mailboxes).sorted { (Self.hash($0), $0) < (Self.hash($1), $1) }
        for mailbox in order {
            let rated = instances.sorted { (Self.hash("\(mailbox)|\($0)"), $0) > (Self.hash("\(mailbox)|\($1)"), $1) }
            let chosen = rated.first { instance in
                let count = shares[instance]?.count ?? 0
                return count < each || (count == each && extra > 0)
            }
            guard let chosen else { continue }
            if shares[chosen]?.count == each { extra -= 1 }
            shares[chosen]?.insert(mailbox)
        }
        self.shares = shares
    }

    /// FNV-1a with a finisher that spreads what differs in the last byte only (MurmurHash3's).
    private static func hash(_ text: String) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        hash = (hash ^ (hash >> 33)) &* 0xff51_afd7_ed55_8ccd
        hash = (hash ^ (hash >> 33)) &* 0xc4ce_b9fe_1a85_ec53
        return hash ^ (hash >> 33)
    }
}
