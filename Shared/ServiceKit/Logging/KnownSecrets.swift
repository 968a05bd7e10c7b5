import Synchronization

/// Texts that must never be printed: passwords and keys out of the configuration. Logs and health answers replace them.
public final class KnownSecrets: Sendable {
    /// The secrets of this process.
    public static let shared = KnownSecrets()

    /// What stands in a secret's place.
    public static let replacement = "[redacted]"

    private let secrets = Mutex<[String]>([])

    /// An empty collection; the process uses ``shared``.
    public init() {}

    /// Adds a secret. Texts of fewer than 4 bytes are not replaced: they would hit everything.
    public func add(_ secret: String) {
        guard secret.utf8.count >= 4 else { return }
        secrets.withLock { secrets in
            guard !secrets.contains(secret) else { return }
            secrets.append(secret)
            secrets.sort { $0.utf8.count > $1.utf8.count }
        }
    }

    /// `text` with every secret replaced.
    public func redacted(_ text: String) -> String {
        let known = secrets.withLock { $0 }
        var text = text
        for secret in known where text.contains(secret) {
            text = text.split(separator: secret, omittingEmptySubsequences: false).joined(separator: Self.replacement)
        }
        return text
    }
}
