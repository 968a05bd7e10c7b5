import Crypto
import Synchronization

/// Remembers for a few seconds what a credential stands for, by its SHA-256 and never by itself.
final class CredentialCache: Sendable {
    /// A SHA-256 as four words.
    struct Digest: Hashable, Sendable {
        private let words: (UInt64, UInt64, UInt64, UInt64)

        init(_ credential: String) {
            var credential = credential
            let digest = credential.withUTF8 { SHA256.hash(data: UnsafeRawBufferPointer($0)) }
            words = digest.withUnsafeBytes { bytes in
                (
                    bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self),
                    bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self),
                    bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self),
                    bytes.loadUnaligned(fromByteOffset: 24, as: UInt64.self)
                )
            }
        }

        static func == (left: Digest, right: Digest) -> Bool {
            (left.words.0 ^ right.words.0) | (left.words.1 ^ right.words.1) | (left.words.2 ^ right.words.2)
                | (left.words.3 ^ right.words.3) == 0
        }

        func hash(into hasher: inout Hasher) {
            hasher.combine(words.0)
            hasher.combine(words.1)
        }
    }

    enum Finding {
        case known(Principal, expires: Int64?)
        case refused
        case unknown
    }

    private struct Entry {
        let principal: Principal
        let expires: Int64?
        let until: ContinuousClock.Instant
    }

    private struct State {
        var known: [Digest: Entry] = [:]
        var refused: [Digest: ContinuousClock.Instant] = [:]
        var generation = 0
    }

    private let state = Mutex(State())
    private let keepFor: Duration
    private let capacity: Int

    init(keepFor: Duration, capacity: Int) {
        self.keepFor = keepFor
        self.capacity = capacity
    }

    /// Changes with every `forget`: an answer that was asked for before it is not kept.
    var generation: Int { state.withLock { $0.generation } }

    func find(_ digest: Digest) -> Finding {
        let now = ContinuousClock.now
        return state.withLock { state in
            if let entry = state.known[digest], entry.until > now {
                return .known(entry.principal, expires: entry.expires)
            }
            if let until = state.refused[digest], until > now { return .refused }
            return .unknown
        }
    }

    func keep(_ digest: Digest, _ principal: Principal, expires: Int64?, asOf generation: Int) {
        let now = ContinuousClock.now
        state.withLock { state in
            guard state.generation == generation else { return }
            if state.known.count >= capacity {
                state.known = state.known.filter { $0.value.until > now }
                if state.known.count >= capacity { state.known.removeAll(keepingCapacity: true) }
            }
            state.known[digest] = Entry(principal: principal, expires: expires, until: now + keepFor)
        }
    }

    func refuse(_ digest: Digest, asOf generation: Int) {
        let until = ContinuousClock.now + min(keepFor, .seconds(1))
        state.withLock { state in
            guard state.generation == generation else { return }
            state.known[digest] = nil
            if state.refused.count >= 1_000 { state.refused.removeAll(keepingCapacity: true) }
            state.refused[digest] = until
        }
    }

    func forget(_ matches: (Principal) -> Bool) {
        state.withLock { state in
            state.generation += 1
            state.known = state.known.filter { !matches($0.value.principal) }
            state.refused.removeAll(keepingCapacity: true)
        }
    }
}
