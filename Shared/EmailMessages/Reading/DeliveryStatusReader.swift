/// Reads the machine-readable parts of a delivery status notification (RFC 3464).
enum DeliveryStatusReader {
    /// Reads the content of a message/delivery-status part; nil when it names no recipient.
    static func status(_ text: String) -> DeliveryStatus? {
        var status = DeliveryStatus()
        for block in blocks(text) {
            if let id = block["original-envelope-id"] { status.originalEnvelopeId = id }
            if let id = block["x-original-message-id"] ?? block["original-message-id"] {
                status.originalMessageId = MessageIds.single(id)
            }
            guard let action = block["action"] ?? block["status"].map({ action(ofStatus: $0) }),
                let recipient = block["final-recipient"] ?? block["original-recipient"]
            else { continue }
            status.recipients.append(
                DeliveryStatus.Recipient(
                    address: address(recipient), action: action.prefix { $0 != " " }.lowercased(),
                    status: block["status"].map { String($0.prefix { $0.isNumber || $0 == "." }) },
                    diagnostic: block["diagnostic-code"].map { PlainText.line(value($0), limit: 1_024) }))
        }
        return status.recipients.isEmpty ? nil : status
    }

    /// The Message-ID of the returned message or of its headers.
    static func originalMessageId(_ text: String) -> String? {
        for block in blocks(text, greatest: 1) {
            if let id = block["message-id"] { return MessageIds.single(id) }
        }
        return nil
    }

    /// Groups of fields, separated by empty lines; names in lower case, continued lines joined, the first of equal
    /// names kept.
    private static func blocks(_ text: String, greatest: Int = 1_000) -> [[String: String]] {
        var blocks: [[String: String]] = []
        var fields: [String: String] = [:]
        var name: String?
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.allSatisfy({ $0 == " " || $0 == "\t" }) {
                if !fields.isEmpty { blocks.append(fields) }
                if blocks.count >= greatest { return blocks }
                fields = [:]
                name = nil
            } else if line.first == " " || line.first == "\t" {
                if let name { fields[name, default: ""] += " " + line.drop { $0 == " " || $0 == "\t" } }
            } else if let colon = line.firstIndex(of: ":") {
                let key = line[..<colon].filter { $0 != " " }.lowercased()
                let content = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
                name = fields[key] == nil ? key : nil
                if name != nil { fields[key] = PlainText.line(String(content)) }
            } else {
                name = nil
            }
        }
        if !fields.isEmpty { blocks.append(fields) }
        return blocks
    }

    /// What stands behind `type;`.
    private static func value(_ text: String) -> String {
        guard let semicolon = text.firstIndex(of: ";") else { return text }
        return PlainText.line(String(text[text.index(after: semicolon)...]))
    }

    private static func address(_ text: String) -> String {
        let plain = value(text)
        guard let open = plain.lastIndex(of: "<"), let close = plain.lastIndex(of: ">"), open < close else {
            return plain
        }
        return String(plain[plain.index(after: open)..<close])
    }

    /// Some servers leave Action out; the status code's class says the same (RFC 3463, section 3.1).
    private static func action(ofStatus status: String) -> String {
        switch status.first {
        case "2": "delivered"
        case "4": "delayed"
        default: "failed"
        }
    }
}
