import Domain
import Foundation
import Storage

/// An event with its place in the feed, as it leaves the service: CloudEvents 1.0, structured JSON.
struct PlacedEvent: Sendable {
    var position: Int64
    var subject: UUID
    var revision: Int32
    var kind: String
    var source: Int32?
    var at: Instant
    var body: String
    /// W3C trace context of the request or command behind it, if it had one.
    var trace: String?

    /// `SELECT` list for `outbox o JOIN event e`.
    static let columns = "o.position + e.place, e.subject, e.revision, e.kind, e.source, e.at, e.body, e.traceparent"

    init(row: SQLRow) throws(StorageError) {
        position = try row[0].int64
        subject = try row[1].uuid
        revision = try row[2].int32
        kind = try row[3].text
        source = try row[4].nullable?.int32
        at = Instant(milliseconds: try row[5].int64)
        body = try row[6].text
        trace = try row[7].nullable?.text
    }

    /// The headers of its message.
    var headers: [(name: String, value: String)] {
        Topics.jsonHeaders + (trace.map { [(name: "traceparent", value: $0)] } ?? [])
    }

    var concernsAgent: Bool { kind.hasPrefix("agent.") }

    /// Whether it is a step of a message.
    var concernsEmail: Bool { kind.hasPrefix("email.") }

    /// The work item's or message's id; for an agent's event the agent's number.
    var subjectText: String { concernsAgent ? String(subject.halves.low) : subject.dashedText }

    /// The event as JSON. `id` is unique for ever: a subject's revision has exactly one event.
    func cloudEvent(tenant: String) -> [UInt8] {
        var writer = JSONWriter(capacity: body.utf8.count + 320)
        write(into: &writer, tenant: tenant)
        return writer.bytes
    }

    /// Writes the same as an element of a list.
    func write(into writer: inout JSONWriter, tenant: String) {
        writer.object { event in
            event.member("specversion", "1.0")
            event.member("id", "\(subject.hexText)-\(revision)")
            event.member("source", "millrace/core")
            event.member("type", "millrace.\(kind)")
            event.member("subject", subjectText)
            event.member("time", at)
            event.member("datacontenttype", "application/json")
            event.member("tenant", tenant)
            event.member("position", position)
            event.member("data", json: body.utf8)
        }
    }
}

extension UUID {
    /// The usual form in lower case: `01234567-89ab-…`.
    var dashedText: String {
        let hex = Array(hexText.utf8)
        var text: [UInt8] = []
        text.reserveCapacity(36)
        for (index, digit) in hex.enumerated() {
            if index == 8 || index == 12 || index == 16 || index == 20 { text.append(UInt8(ascii: "-")) }
            text.append(digit)
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Reads an id with or without dashes.
    init?(anyText text: some StringProtocol) {
        self.init(hexText: text.utf8.count == 36 ? String(text.filter { $0 != "-" }) : String(text))
    }
}
