import EmailAccess
import Synchronization

/// Messages at which the server has ended the connection: some servers do so when they cannot read one. Kept while the
/// mailbox is held, from connection to connection, so that one such message stops no other.
///
/// A connection that is lost makes all messages that were asked for suspects, which are then asked for one by one.
final class FetchTroubles: Sendable {
    /// One by one as often as this: else a server that is restarted would make a message look bad.
    private static let tries = 3

    private let losses = Mutex<[UInt32: Int]>([:])

    /// Whether it is to be asked for by itself.
    func isSuspect(_ uid: UInt32) -> Bool { losses.withLock { $0[uid] != nil } }

    /// Whether it is not to be asked for again.
    func isGivenUp(_ uid: UInt32) -> Bool { losses.withLock { ($0[uid] ?? 0) > Self.tries } }

    /// Asks for messages, and notes them when the server ends the connection over it.
    func watching<Value>(_ uids: [UInt32], _ ask: () async throws -> Value) async throws -> Value {
        do {
            let value = try await ask()
            losses.withLock { losses in for uid in uids { losses[uid] = nil } }
            return value
        } catch let error as EmailAccessError {
            if error.code == .connectionLost || error.code == .closed, !Task.isCancelled {
                losses.withLock { losses in for uid in uids { losses[uid, default: 0] += 1 } }
            }
            throw error
        }
    }
}
