import Domain

/// A customer as messages name one: a whole JSON text equal to the name, or the customer attribute with that number.
/// Part of a longer text names somebody else.
struct CustomerName: Sendable {
    let text: String
    /// The tenant's `customerAttribute`.
    let attribute: String

    /// How a JSON text holds the name, when it escapes no more than it must.
    var escaped: String { String(JSONValue.string(text).text.dropFirst().dropLast()) }

    /// Whether a command names the customer in its content; of what is no JSON, anywhere.
    func isNamed(inMessage bytes: [UInt8]) -> Bool {
        guard let message = try? JSONValue(parsing: bytes) else {
            return MessageTokens.readings(of: bytes).contains { isNamed(in: $0) }
        }
        return isNamed(in: MessageTokens(bytes: (message["data"] ?? message).bytes[...]))
    }

    private func isNamed(in tokens: MessageTokens) -> Bool {
        tokens.contains { token in
            switch token.content {
            case .text(let literal): literal == text
            case .number(let number): token.name == attribute && number == text
            }
        }
    }
}
