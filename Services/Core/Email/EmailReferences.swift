import Crypto
import Domain
import Foundation
import Storage

/// Which contents messages refer to. Statements for the transactions in which messages come and go.
enum EmailReferences {
    /// Adds references and marks what they refer to as in use. Runs before the message is told of: a content that was
    /// cleared away meanwhile is found missing.
    static func adding(_ references: [(email: UUID, sha256: [UInt8])], tenant: Int32) -> [SQLStatement] {
        guard !references.isEmpty else { return [] }
        return [
            SQLStatement(
                """
                INSERT INTO email_content (tenant, sha256, email)
                SELECT DISTINCT $1, r.sha256, r.email FROM unnest($2::bytea[], $3::uuid[]) AS r(sha256, email)
                ON CONFLICT DO NOTHING
                """, [.int4(tenant), .bytesArray(references.map(\.sha256)), .uuids(references.map(\.email))]),
            SQLStatement(
                """
                UPDATE content SET unreferenced_since = NULL
                WHERE tenant = $1 AND sha256 = ANY($2::bytea[]) AND unreferenced_since IS NOT NULL
                """, [.int4(tenant), .bytesArray(references.map(\.sha256))]),
        ]
    }

    /// Locks those of the contents that are there, so that they stay until the end of the transaction.
    static func locking(_ contents: [[UInt8]], tenant: Int32) -> SQLStatement {
        SQLStatement(
            """
            SELECT sha256, size, type FROM content WHERE tenant = $1 AND sha256 = ANY($2::bytea[]) ORDER BY sha256
            FOR NO KEY UPDATE
            """, [.int4(tenant), .bytesArray(contents)])
    }

    /// Takes messages away with their references.
    static func forgetting(_ emails: [UUID], tenant: Int32, at now: Instant) -> SQLStatement {
        SQLStatement(
            "SELECT millrace_forget_emails($1, $2::uuid[], $3)",
            [.int4(tenant), .uuids(emails), .int8(now.milliseconds)])
    }
}

/// Digests of texts as identifiers: the first half of SHA-256.
enum EmailDigest {
    static func of(_ text: String) -> UUID { of(Array(text.utf8)) }

    static func of(_ bytes: [UInt8]) -> UUID {
        let digest = Array(SHA256.hash(data: bytes).prefix(16))
        func half(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
        return UUID(high: half(digest[0..<8]), low: half(digest[8...]))
    }
}
