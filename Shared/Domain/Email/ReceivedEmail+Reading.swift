/// Reading what the email service sends. Members that are not known here are passed over: the service may be newer.
extension ReceivedEmail {
    /// Reads one message of a call.
    /// - Returns: nil, with a problem, when it cannot be told which message is meant.
    public static func read(
        _ messages: JSONValue, at pointer: JSONPointer
    ) throws(BodyProblems) -> [ReceivedEmail] {
        let problems = ProblemCollector()
        var read: [ReceivedEmail] = []
        if let elements = messages.arrayValue, elements.count <= EmailLimits.received {
            for (index, element) in elements.enumerated() {
                if let email = ReceivedEmail(element, at: pointer.appending(index), problems: problems) {
                    read.append(email)
                }
            }
        } else {
            problems.add(pointer, "Expected a list of at most \(EmailLimits.received) messages.")
        }
        try problems.check()
        return read
    }

    init?(_ value: JSONValue, at pointer: JSONPointer, problems: ProblemCollector) {
        let members = value.objectValue?.keys ?? []
        guard let reader = ObjectReader(value, at: pointer, known: members, problems: problems) else { return nil }
        let key = Self.key(reader)
        let raw = Self.digest(reader, "raw", required: true)
        let receivedAt = reader.instant("receivedAt", in: WorkItemLimits.dates)
        reader.require("receivedAt", "when the mailbox got it")
        let size = reader.integer("size", in: 0...Int.max)
        reader.require("size", "the bytes of the message")
        let html = Self.digest(reader, "html", required: false)
        let attachments = Self.attachments(reader)
        guard let key, let raw, let receivedAt, let size, let attachments else { return nil }
        func text(_ name: String, _ limit: Int) -> String? {
            reader.value(name)?.stringValue.map { $0.cut(toBytes: limit) }.flatMap { $0.isEmpty ? nil : $0 }
        }
        func addresses(_ name: String) -> [EmailAddress] {
            (reader.value(name)?.arrayValue ?? []).prefix(EmailLimits.addresses).compactMap { EmailAddress($0)?.cut }
        }
        self.key = key
        self.raw = raw
        self.size = Int64(size)
        self.receivedAt = receivedAt
        self.html = html
        self.attachments = attachments
        isWhole = reader.value("whole")?.boolValue ?? true
        messageId = text("messageId", 998).flatMap(Self.bare)
        references = Self.references(reader)
        from = reader.value("from").flatMap { EmailAddress($0)?.cut }
        replyTo = addresses("replyTo")
        to = addresses("to")
        cc = addresses("cc")
        subject = text("subject", 1000)
        self.text = text("text", EmailLimits.textBytes) ?? ""
        automatic = text("automatic", 100)
        func texts(_ name: String, _ limit: Int) -> [String] {
            (reader.value(name)?.arrayValue ?? []).compactMap { $0.stringValue?.cut(toBytes: limit) }
                .filter { !$0.isEmpty }
        }
        var seen: Set<String> = []
        // A service of before names one alone.
        tokens = ([text("token", 100)].compactMap { $0 } + texts("tokens", 100)).filter { seen.insert($0).inserted }
            .prefix(16).map { $0 }
        marks = texts("marks", 200).prefix(16).map { $0 }
        failed = text("failed", 1000)
        results = Self.results(reader)
        deliveryStatus = reader.value("deliveryStatus").flatMap { DeliveryStatus($0) }
        content = JSONObject()
        content = kept(of: reader)
    }

    /// Reads keys of messages.
    public static func readKeys(_ keys: JSONValue?, at pointer: JSONPointer) throws(BodyProblems) -> [Key] {
        let problems = ProblemCollector()
        var read: [Key] = []
        if let elements = keys?.arrayValue, elements.count <= EmailLimits.keys {
            for (index, element) in elements.enumerated() {
                if let key = key(element, at: pointer.appending(index), problems) { read.append(key) }
            }
        } else {
            problems.add(pointer, "Expected a list of at most \(EmailLimits.keys) keys.")
        }
        try problems.check()
        return read
    }

    private static func key(_ reader: ObjectReader) -> Key? {
        reader.require("key", "folder, uidValidity and uid, or id")
        return reader.value("key").flatMap { key($0, at: reader.pointer.appending("key"), reader.problems) }
    }

    private static func key(_ value: JSONValue, at place: JSONPointer, _ problems: ProblemCollector) -> Key? {
        let known = ["folder", "uidValidity", "uid", "epoch", "id"]
        guard let key = ObjectReader(value, at: place, known: known, problems: problems) else { return nil }
        if key.value("id") != nil { return key.text("id", TextRule(bytes: 1...1000)).map { .id($0) } }
        let folder = key.requiredText("folder", TextRule(bytes: 1...1000))
        key.require("uidValidity", "a number")
        key.require("uid", "a number")
        guard let validity = key.integer("uidValidity", in: 0...Int(UInt32.max)),
            let uid = key.integer("uid", in: 0...Int(UInt32.max)), let folder
        else { return nil }
        let epoch = key.integer("epoch", in: 0...Int(UInt32.max)) ?? 0
        return .place(folder: folder, uidValidity: Int64(validity), uid: Int64(uid), epoch: Int64(epoch))
    }

    private static func digest(_ reader: ObjectReader, _ name: String, required: Bool) -> [UInt8]? {
        if required { reader.require(name, "a SHA-256 in hexadecimal digits") }
        guard let value = reader.value(name) else { return nil }
        guard let digest = value.stringValue.flatMap(EmailAttachment.digest) else {
            return reader.mismatch(name, expected: "a SHA-256 in hexadecimal digits", found: value)
        }
        return digest
    }

    private static func attachments(_ reader: ObjectReader) -> [EmailAttachment]? {
        var attachments: [EmailAttachment] = []
        let elements = reader.list("attachments", atMost: EmailLimits.attachments)
        for (value, place) in elements {
            guard var attachment = EmailAttachment(value) else {
                reader.problems.add(place, "Expected an attachment with its sha256.")
                continue
            }
            attachment.name = attachment.name.cut(toBytes: 500)
            attachment.type = attachment.type.cut(toBytes: 200)
            attachments.append(attachment)
        }
        return attachments.count == elements.count ? attachments : nil
    }

    /// In-Reply-To before the last of References before the others; at most a hundred.
    private static func references(_ reader: ObjectReader) -> [String] {
        func ids(_ name: String) -> [String] {
            (reader.value(name)?.arrayValue ?? []).compactMap { $0.stringValue?.cut(toBytes: 998) }.compactMap(bare)
        }
        var seen: Set<String> = []
        return (ids("inReplyTo") + ids("references").reversed()).filter { seen.insert($0).inserted }.prefix(100).map {
            $0
        }
    }

    /// A Message-ID without white space and angle brackets; nil when nothing is left.
    static func bare(_ id: String) -> String? {
        let bare = String(id.unicodeScalars.filter { $0.value > 0x20 && $0 != "<" && $0 != ">" }.map(Character.init))
        return bare.isEmpty ? nil : bare
    }

    private static func results(_ reader: ObjectReader) -> [String: JSONValue] {
        var results: [String: JSONValue] = [:]
        let authentication = reader.value("authentication")
        for name in ["spf", "dkim", "dmarc"] {
            if let text = authentication?[name]?.stringValue { results[name] = .string(text.cut(toBytes: 200)) }
        }
        let spam = reader.value("spam")
        let verdict = spam?.objectValue.flatMap { $0["score"] ?? $0["flag"] ?? $0["spam"] } ?? spam
        switch verdict {
        case .bool?, .integer?, .number?: results["spam"] = verdict
        case .string(let text)?: results["spam"] = .string(text.cut(toBytes: 200))
        default: break
        }
        return results
    }

    /// What is shown of the message, within bounds.
    private func kept(of reader: ObjectReader) -> JSONObject {
        var kept = JSONObject()
        kept["messageId"] = messageId.map(JSONValue.string)
        kept["date"] = reader.value("date")?.stringValue.flatMap { Instant(rfc3339: $0) }.map { .string($0.rfc3339) }
        kept["receivedAt"] = .string(receivedAt.rfc3339)
        kept["from"] = from?.document
        for (name, list) in [("replyTo", replyTo), ("to", to), ("cc", cc)] where !list.isEmpty {
            kept[name] = .array(list.map(\.document))
        }
        kept["subject"] = subject.map(JSONValue.string)
        kept["text"] = text.isEmpty ? nil : .string(text)
        if reader.value("textTruncated")?.boolValue == true { kept["textTruncated"] = true }
        if !references.isEmpty { kept["references"] = .array(references.map(JSONValue.string)) }
        kept["size"] = .integer(size)
        // From there it can be fetched again.
        if !isWhole { kept["place"] = key.document }
        kept["rawSha256"] = .string(EmailAttachment.hexadecimal(raw))
        kept["htmlSha256"] = html.map { .string(EmailAttachment.hexadecimal($0)) }
        if !attachments.isEmpty { kept["attachments"] = .array(attachments.map(\.document)) }
        kept["automatic"] = automatic.map(JSONValue.string)
        if !results.isEmpty {
            kept["results"] = .object(JSONObject(results.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }))
        }
        return kept
    }
}

extension ReceivedEmail.DeliveryStatus {
    init?(_ value: JSONValue) {
        guard value.objectValue != nil else { return nil }
        originalMessageId = value["originalMessageId"]?.stringValue.flatMap { ReceivedEmail.bare($0.cut(toBytes: 998)) }
        let recipients = (value["recipients"]?.arrayValue ?? []).prefix(EmailLimits.addresses)
        let actions = recipients.compactMap { $0["action"]?.stringValue?.lowercased() }
        failed = actions.contains("failed")
        delivered = actions.contains { ["delivered", "relayed", "expanded"].contains($0) }
        let told = recipients.first { $0["action"]?.stringValue?.lowercased() == "failed" } ?? recipients.first
        summary = ["status", "diagnostic"].compactMap { told?[$0]?.stringValue }.joined(separator: " ").cut(
            toBytes: 500)
    }
}

extension EmailAddress {
    /// Within the bounds of what is kept.
    fileprivate var cut: EmailAddress {
        // A line break in a name would end the header field that an answer puts it into.
        let line = name.map { name in
            String(name.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? " " : Character($0) })
        }
        return EmailAddress(name: line?.cut(toBytes: 200), address: address.cut(toBytes: 320))
    }
}
