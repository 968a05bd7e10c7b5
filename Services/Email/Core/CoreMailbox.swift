import Domain
import Foundation
import NIOHTTP1
import ServiceKit

/// What the holder of a mailbox asks of core and tells it, under its term.
struct CoreMailbox: Sendable {
    let core: CoreClient
    let name: String
    let term: Int64

    private var path: String { "/mailboxes/\(name)" }

    /// Takes a new term; the caller holds the lease's key.
    static func begin(_ name: String, instance: String, core: CoreClient) async throws -> Int64 {
        let answer = try await core.call(
            .POST, "/mailboxes/\(name)/lease", ["instance": .string(instance)], timeout: .seconds(2), repeats: false)
        guard let term = answer["term"]?.integerValue else {
            throw CoreError(code: .refused, status: 200, description: "core gave no term")
        }
        return term
    }

    /// How far a folder has been read.
    struct Progress: Sendable, Equatable {
        /// nil: nothing of this folder was taken yet.
        var place: (uidValidity: UInt32, uid: UInt32)?
        /// From when on mail is taken.
        var from: Instant

        static func == (left: Self, right: Self) -> Bool {
            left.place?.uidValidity == right.place?.uidValidity && left.place?.uid == right.place?.uid
                && left.from == right.from
        }
    }

    func progress(of folder: String) async throws -> Progress {
        let answer = try await core.call(.GET, "\(path)/progress?term=\(term)")
        let entry = answer["folders"]?[folder]
        guard let from = (entry?["from"] ?? answer["from"])?.stringValue.flatMap({ Instant(rfc3339: $0) }) else {
            throw CoreError(code: .refused, status: 200, description: "core does not say from when on mail is taken")
        }
        guard let validity = entry?["uidValidity"]?.integerValue.flatMap({ UInt32(exactly: $0) }),
            let uid = entry?["uid"]?.integerValue.flatMap({ UInt32(exactly: $0) })
        else { return Progress(place: nil, from: from) }
        return Progress(place: (validity, uid), from: from)
    }

    /// What became of a message.
    struct Outcome: Sendable {
        let uid: UInt32
        let kind: String
        let reason: String?

        /// Whether it never has to be sent again.
        var isFinal: Bool { kind != "retry" }
    }

    /// Hands messages over.
    func received(
        _ messages: [JSONValue], folder: String, uidValidity: UInt32, upTo uid: UInt32?
    ) async throws -> [Outcome] {
        var body: JSONObject = ["term": .integer(term), "messages": .array(messages)]
        if let uid {
            body["progress"] = [
                "folder": .string(folder), "uidValidity": .integer(Int64(uidValidity)), "uid": .integer(Int64(uid)),
            ]
        }
        let answer = try await core.call(.POST, "\(path)/received", .object(body), timeout: .seconds(60))
        return (answer["outcomes"]?.arrayValue ?? []).compactMap { outcome in
            guard let uid = outcome["key"]?["uid"]?.integerValue.flatMap({ UInt32(exactly: $0) }),
                let kind = outcome["outcome"]?.stringValue
            else { return nil }
            return Outcome(uid: uid, kind: kind, reason: outcome["reason"]?.stringValue)
        }
    }

    func state(_ report: JSONObject) async throws {
        var body = report
        body["term"] = .integer(term)
        _ = try await core.call(.PUT, "\(path)/state", .object(body))
    }

    /// Messages to send, and such as an earlier holder had in hand when it went.
    func claim(limit: Int) async throws -> (due: [OutboundEmail], interrupted: [OutboundEmail]) {
        let answer = try await core.call(
            .POST, "\(path)/outbound/claim", ["term": .integer(term), "limit": .integer(Int64(limit))],
            repeats: false)
        func list(_ name: String) -> [OutboundEmail] {
            (answer[name]?.arrayValue ?? []).compactMap { OutboundEmail($0) }
        }
        return (list("emails"), list("interrupted"))
    }

    /// What became of an attempt to send.
    enum Sent: String, Sendable { case sent, retry, failed, uncertain }

    func outcome(
        of email: OutboundEmail, _ outcome: Sent, reply: String?, retryAfter seconds: Int? = nil
    ) async throws {
        var body: JSONObject = [
            "term": .integer(term), "attempt": .integer(email.attempt), "outcome": .string(outcome.rawValue),
        ]
        body["reply"] = reply.map(JSONValue.string)
        body["retryAfter"] = seconds.map { .integer(Int64($0)) }
        _ = try await core.call(.POST, "/emails/\(email.id)/outcome", .object(body))
    }
}
