import ServiceKit
import Synchronization

/// The mailboxes that this instance holds just now.
final class HeldMailboxes: Sendable {
    private struct Entry {
        let states: MailboxStates
        let wake: AsyncWake
    }

    private let entries = Mutex<[String: Entry]>([:])

    var count: Int { entries.withLock { $0.count } }

    func add(_ key: String, states: MailboxStates, wake: AsyncWake) {
        entries.withLock { $0[key] = Entry(states: states, wake: wake) }
    }

    /// Takes it out, unless another term has put itself there.
    func remove(_ key: String, states: MailboxStates) {
        entries.withLock { entries in
            if entries[key]?.states === states { entries[key] = nil }
        }
    }

    /// Something is to be sent by a mailbox.
    func wake(_ key: String) { entries.withLock { $0[key]?.wake }?.wake() }

    /// Mailboxes that do not work: which, which connection, and since when.
    func failing() async -> [String] {
        var failing: [String] = []
        for (key, entry) in entries.withLock({ $0 }) {
            let troubles = await entry.states.troubles
            if !troubles.isEmpty { failing.append("\(key) \(troubles.joined(separator: " and "))") }
        }
        return failing.sorted()
    }
}
