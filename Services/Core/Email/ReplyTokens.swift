import Domain
import Foundation
import ServiceKit
import Storage

/// Signed tokens by which an answer finds its item when its headers do not say: `local+TOKEN@domain` and `[ref:TOKEN]`.
///
/// A token is 80 bits of HMAC-SHA256 over tenant and item in base 32, so that it survives systems that fold case. It is
/// looked up, and then made anew and compared: what was not made here leads nowhere.
struct ReplyTokens: Sendable {
    private let box: SecretBox?
    private let tenant: Int32

    /// - Parameter box: nil makes none and believes none.
    init(box: SecretBox?, tenant: Int32) {
        self.box = box
        self.tenant = tenant
    }

    func token(of item: UUID) -> String? {
        guard let box else { return nil }
        return Self.base32(box.signature(of: "\(tenant)|\(item.hexText)", use: "reply-token").prefix(10))
    }

    /// Whether the token is this item's.
    func isToken(_ token: String, of item: UUID) -> Bool { self.token(of: item) == token.lowercased() }

    static func storing(_ tokens: [(token: String, item: UUID)], tenant: Int32) -> [SQLStatement] {
        guard !tokens.isEmpty else { return [] }
        return [
            SQLStatement(
                """
                INSERT INTO email_token (tenant, token, work_item)
                SELECT DISTINCT $1, t.token, t.item FROM unnest($2::text[], $3::uuid[]) AS t(token, item)
                ON CONFLICT DO NOTHING
                """, [.int4(tenant), .texts(tokens.map(\.token)), .uuids(tokens.map(\.item))])
        ]
    }

    private static func base32(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("abcdefghijklmnopqrstuvwxyz234567".utf8)
        var (value, bits): (UInt32, Int) = (0, 0)
        var text: [UInt8] = []
        for byte in bytes {
            value = value << 8 | UInt32(byte)
            bits += 8
            while bits >= 5 {
                bits -= 5
                text.append(digits[Int(value >> UInt32(bits)) & 31])
            }
        }
        if bits > 0 { text.append(digits[Int(value << UInt32(5 - bits)) & 31]) }
        return String(decoding: text, as: UTF8.self)
    }
}
