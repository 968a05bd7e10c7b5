/// Goes through a message's parts and sorts them into text and attachments.
struct PartWalk {
    /// A piece of the text; both forms of it when the sender gave two.
    struct Section {
        var plain: String?
        var html: String?
    }

    let folder: String
    let limits: EmailReadingLimits
    var message = EmailMessage()
    var sections: [Section] = []
    /// Bytes of HTML that were taken of the message until now.
    var htmlTaken = 0
    /// Whether the parts are those of a report about another message.
    var isInReport = false
    /// A named text, shown when there is no other.
    private var namedText: MessagePart?
    private static let greatestSections = 64
    /// Bytes of an opaque signature that are looked into.
    private static let greatestSigned = 16_777_216

    init(folder: String, limits: EmailReadingLimits) {
        self.folder = folder
        self.limits = limits
    }

    /// Walks the outermost part.
    mutating func walk(_ part: MessagePart) throws(EmailMessageError) {
        try walk(part, depth: 0, section: nil)
        if sections.isEmpty, let namedText { try addText(namedText, to: nil) }
    }

    private mutating func walk(_ part: MessagePart, depth: Int, section: Int?) throws(EmailMessageError) {
        guard depth < limits.depth else {
            message.note(.nestedTooDeeply)
            return try attach(part, type: "application/octet-stream")
        }
        switch part.kind {
        case .multipart(let parts, let preamble):
            guard !parts.isEmpty else {
                message.note(.brokenMultipart)
                return addPlain(PlainText.withUnixLineEnds(preamble ?? ""), to: nil)
            }
            try walkMultipart(part, parts, depth: depth, section: section)
        case .message: try attachMessage(part)
        case .leaf: try walkLeaf(part, depth: depth, section: section)
        }
    }

    private mutating func walkMultipart(
        _ part: MessagePart, _ parts: [MessagePart], depth: Int, section: Int?
    ) throws(EmailMessageError) {
        switch part.type {
        case "multipart/alternative":
            let section = section ?? newSection()
            for child in parts { try walk(child, depth: depth + 1, section: section) }
        case "multipart/related":
            let start = part.parameter("start").map(Self.withoutBrackets)
            let root = parts.firstIndex { $0.contentId.map(Self.withoutBrackets) == start && start != nil } ?? 0
            let section = section ?? newSection()
            for (index, child) in parts.enumerated() {
                if index != root, case .leaf = child.kind {
                    try attach(child, type: child.type, isRelated: true)
                } else {
                    try walk(child, depth: depth + 1, section: section)
                }
            }
        case "multipart/signed":
            let isSMIME = part.parameter("protocol")?.lowercased().contains("pkcs7") ?? false
            message.protection.insert(isSMIME ? .signedSMIME : .signedOpenPGP)
            try walk(parts[0], depth: depth + 1, section: section)
            for signature in parts.dropFirst() { try attach(signature, type: signature.type, kind: .signature) }
        case "multipart/encrypted":
            message.protection.insert(.encryptedOpenPGP)
            message.note(.encrypted)
            for child in parts { try attach(child, type: child.type, kind: .encrypted) }
        case "multipart/report":
            isInReport = true
            if part.parameter("report-type")?.lowercased() == "disposition-notification" {
                message.automatic = message.automatic ?? .autoSubmitted
            }
            for child in parts { try walk(child, depth: depth + 1, section: nil) }
        default:
            // within an alternative this is one form of the text; its further texts belong to it
            for child in parts { try walk(child, depth: depth + 1, section: section) }
        }
    }

    private mutating func walkLeaf(_ part: MessagePart, depth: Int, section: Int?) throws(EmailMessageError) {
        let type = part.type
        let isAttached = part.disposition == "attachment"
        switch type {
        case "text/plain", "text/html", "text/enriched", "text/richtext":
            let isNamed = part.fileName != nil
            if !isAttached, !isNamed, section != nil || sections.count < Self.greatestSections {
                return try addText(part, to: section)
            }
            if !isAttached, namedText == nil { namedText = part }
            try attach(part, type: type)
        case "message/delivery-status", "message/global-delivery-status":
            let text = try content(part, limit: 262_144).text
            if let status = DeliveryStatusReader.status(text), message.deliveryStatus == nil {
                message.deliveryStatus = status
            }
            try attach(part, type: type)
        case "text/rfc822-headers", "message/global-headers":
            let returned = try content(part, limit: 262_144).text
            noteReturned(DeliveryStatusReader.originalMessageId(returned))
            try attach(part, type: type)
        case "application/pkcs7-mime", "application/x-pkcs7-mime":
            try walkCryptographic(part, type: type, depth: depth, section: section)
        case "application/ms-tnef", "application/vnd.ms-tnef":
            message.note(.tnef)
            try attach(part, type: type, kind: .tnef)
        default:
            if part.fileName?.lowercased() == "winmail.dat" {
                message.note(.tnef)
                return try attach(part, type: type, kind: .tnef)
            }
            try attach(part, type: type)
        }
    }

    /// S/MIME without multipart: signed content is within the signature's structure, encrypted content is closed.
    private mutating func walkCryptographic(
        _ part: MessagePart, type: String, depth: Int, section: Int?
    ) throws(EmailMessageError) {
        let form = part.parameter("smime-type")?.lowercased()
        if form == "signed-data" {
            message.protection.insert(.signedSMIME)
            try attach(part, type: type, kind: .signature)
            return try walkSigned(part, depth: depth, section: section)
        }
        if form != "certs-only" {
            message.protection.insert(.encryptedSMIME)
            message.note(.encrypted)
            return try attach(part, type: type, kind: .encrypted)
        }
        try attach(part, type: type)
    }

    /// What is signed is a message part of its own, read as if it stood here.
    private mutating func walkSigned(_ part: MessagePart, depth: Int, section: Int?) throws(EmailMessageError) {
        var bytes: [UInt8] = []
        try part.forEachChunk(in: folder) { chunk throws(EmailMessageError) in
            bytes.append(contentsOf: chunk.prefix(Self.greatestSigned + 1 - bytes.count))
            return bytes.count <= Self.greatestSigned
        }
        guard bytes.count <= Self.greatestSigned, let content = SignedContent.content(bytes) else { return }
        let name = "signed-\(message.attachments.count)"
        var file = try OutputFile(folder: folder, name: name)
        let written = content.withUnsafeBytes { bytes in
            Result { () throws(EmailMessageError) in try file.write(bytes) }
        }
        try written.get()
        _ = file.finish()
        let tree = try MessageTree(path: "\(folder)/\(name)", limits: limits)
        try tree.withMessage { inner throws(EmailMessageError) in
            if let content = inner.content { try walk(content, depth: depth + 1, section: section) }
        }
    }

    /// Remembers which message a report returned.
    mutating func noteReturned(_ id: String?) {
        guard isInReport, let id else { return }
        if message.deliveryStatus?.originalMessageId == nil { message.deliveryStatus?.originalMessageId = id }
    }

    mutating func newSection() -> Int {
        sections.append(Section())
        return sections.count - 1
    }

    static func withoutBrackets(_ id: String) -> String { id.filter { !"<> \t".contains($0) } }
}
