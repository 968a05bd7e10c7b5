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

    func progress(of folder: String) async throws -> FolderProgress {
        let (answer, from) = try await progress { $0["folders"]?[folder]?["from"] }
        let entry = answer["folders"]?[folder]
        guard let validity = entry?["uidValidity"]?.integerValue.flatMap({ UInt32(exactly: $0) }),
            let uid = entry?["uid"]?.integerValue.flatMap({ UInt32(exactly: $0) })
        else { return FolderProgress(place: nil, from: from, epoch: entry?["epoch"]?.integerValue ?? 0) }
        let place = FolderProgress.Place(
            uidValidity: validity, uid: uid, epoch: entry?["epoch"]?.integerValue ?? 0,
            account: entry?["account"]?.stringValue)
        return FolderProgress(place: place, from: from)
    }

    /// How far a provider's mailbox has been read, and from when on mail is taken.
    func cursor() async throws -> (cursor: String?, from: Instant) {
        let (answer, from) = try await progress { _ in nil }
        return (answer["cursor"]?.stringValue, from)
    }

    private func progress(_ nearer: (JSONValue) -> JSONValue?) async throws -> (JSONValue, from: Instant) {
        let answer = try await core.call(.GET, "\(path)/progress?term=\(term)")
        guard let from = (nearer(answer) ?? answer["from"])?.stringValue.flatMap({ Instant(rfc3339: $0) }) else {
            throw CoreError(code: .refused, status: 200, description: "core does not say from when on mail is taken")
        }
        return (answer, from)
    }

    /// What became of a message.
    struct Outcome: Sendable {
        /// Which it is: its UID, or a provider's id.
        let uid: UInt32?
        let id: String?
        let kind: String
        let reason: String?
        /// Whether core has only a part of it, or nothing: the server has the only copy.
        let isIncomplete: Bool

        /// Whether it never has to be sent again.
        var isFinal: Bool { kind != "retry" }
    }

    /// Hands messages over.
    /// - Parameter progress: how far the mailbox is read with them; nil leaves that as it is.
    func received(_ messages: [JSONValue], progress: JSONValue?) async throws -> [Outcome] {
        var body: JSONObject = ["term": .integer(term), "messages": .array(messages)]
        body["progress"] = progress
        let answer = try await core.call(.POST, "\(path)/received", .object(body), timeout: .seconds(60))
        return (answer["outcomes"]?.arrayValue ?? []).compactMap { outcome in
            guard let key = outcome["key"], let kind = outcome["outcome"]?.stringValue else { return nil }
            return Outcome(
                uid: key["uid"]?.integerValue.flatMap { UInt32(exactly: $0) }, id: key["id"]?.stringValue, kind: kind,
                reason: outcome["reason"]?.stringValue, isIncomplete: outcome["incomplete"]?.boolValue ?? false)
        }
    }

    func state(_ report: JSONObject) async throws {
        var body = report
        body["term"] = .integer(term)
        _ = try await core.call(.PUT, "\(path)/state", .object(body))
    }

    /// Messages to send, and such as an earlier holder had begun when it went. What was claimed and not begun is claimed
    /// again, so that none may be in hand.
    func claim(limit: Int) async throws -> (due: [OutboundEmail], interrupted: [OutboundEmail]) {
        let answer = try await core.call(
            .POST, "\(path)/outbound/claim", ["term": .integer(term), "limit": .integer(Int64(limit))],
            repeats: false)
        func list(_ name: String) -> [OutboundEmail] {
            (answer[name]?.arrayValue ?? []).compactMap { OutboundEmail($0) }
        }
        return (list("emails"), list("interrupted"))
    }

    /// Says that an attempt begins: from then on it may be in the server's hands.
    /// - Returns: false when the attempt is over: the message is not to be sent.
    func begins(_ email: OutboundEmail) async throws -> Bool {
        do {
            _ = try await core.call(
                .POST, "/emails/\(email.id)/begin", ["term": .integer(term), "attempt": .integer(email.attempt)],
                timeout: .seconds(10))
            return true
        } catch let error as CoreError {
            guard error.code == .refused else { throw error }
            return false
        }
    }

    /// What became of an attempt to send.
    enum Sent: String, Sendable { case sent, retry, failed, uncertain }

    /// - Parameter name: the Message-ID under which the message went out, where that is known.
    func outcome(
        of email: OutboundEmail, _ outcome: Sent, reply: String?, retryAfter seconds: Int? = nil, name: String? = nil
    ) async throws {
        var body: JSONObject = [
            "term": .integer(term), "attempt": .integer(email.attempt), "outcome": .string(outcome.rawValue),
        ]
        body["reply"] = reply.map(JSONValue.string)
        if let name, name != email.messageId { body["sentMessageId"] = .string(name) }
        body["retryAfter"] = seconds.map { .integer(Int64($0)) }
        _ = try await core.call(.POST, "/emails/\(email.id)/outcome", .object(body))
    }
}
