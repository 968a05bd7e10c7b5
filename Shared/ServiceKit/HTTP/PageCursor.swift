import Crypto
import Domain
import Foundation

/// Opaque cursors of lists: a JSON value and its authentication code, base64url.
///
/// The code binds a cursor to the list it came from, so that one changed by hand, or taken to another list, is a 400
/// and never a query that nobody meant. The key need not be secret from operators; it is derived from a text that
/// every instance shares, so a page may be asked of another instance.
public struct PageCursor: Sendable {
    private let key: SymmetricKey
    private static let codeLength = 12

    /// - Parameter secret: the same text on every instance, for example the database's URL.
    public init(secret: String) { key = SymmetricKey(data: SHA256.hash(data: Array("millrace.cursor:\(secret)".utf8))) }

    /// - Parameters:
    ///   - position: where the next page begins.
    ///   - list: names the list and what it was filtered and sorted by; the same is needed to read the cursor.
    public func encode(_ position: JSONValue, list: String) -> String {
        let payload = position.bytes
        return Base64URL.encode(code(payload, list) + payload)
    }

    /// - Throws: ``Problem`` 400 when this is not a cursor of that list.
    public func decode(_ text: String, list: String) throws(Problem) -> JSONValue {
        guard text.utf8.count <= 4096, let bytes = Base64URL.decode(text), bytes.count > Self.codeLength else {
            throw Self.invalid
        }
        let payload = Array(bytes[Self.codeLength...])
        guard constantTimeEqual(bytes[..<Self.codeLength], code(payload, list)[...]),
            let position = try? JSONValue(parsing: payload)
        else { throw Self.invalid }
        return position
    }

    private func code(_ payload: [UInt8], _ list: String) -> [UInt8] {
        var authentication = HMAC<SHA256>(key: key)
        authentication.update(data: Array(list.utf8))
        authentication.update(data: [0] as [UInt8])
        authentication.update(data: payload)
        return Array(authentication.finalize().prefix(Self.codeLength))
    }

    private static var invalid: Problem {
        .badRequest(at: "cursor", "must be the value of next from a page of this very list; begin again without it")
    }
}

/// Compares in a time that depends on the length only.
func constantTimeEqual(_ left: ArraySlice<UInt8>, _ right: ArraySlice<UInt8>) -> Bool {
    guard left.count == right.count else { return false }
    var difference: UInt8 = 0
    for (a, b) in zip(left, right) { difference |= a ^ b }
    return difference == 0
}
