import Domain
import Foundation
import Hummingbird
import ServiceKit
import Storage

/// What the email service asks and tells. Everything that a mailbox's holder tells carries its term.
extension CoreAPI {
    func mailService(_ routes: inout Routes) {
        routes.get("/mailboxes/work", access: .anyOf(.mail)) { request in
            let runtime = try await runtime(for: request)
            let query = try request.query
            try query.refuseOthers(than: "wait", "version", "seen")
            let seconds = try query.integer("wait", default: 0, in: 0...60)
            let known = MailboxWork.Known(
                version: try query.integer("version", in: 0...Int64(Int32.max)), seen: try query.string("seen"))
            let work = MailboxWork(runtime: runtime)
            var look: MailboxWork.Look?
            if seconds > 0, known.version != nil {
                look = try await request.longPoll(upTo: .seconds(seconds)) { try await work.wait(known) }
            }
            if look == nil { look = try await work.look(at: .now) }
            guard let look else { throw Problem.unavailable("There is no answer.") }
            return .json(.object(try await work.answer(look, known)))
        }
        routes.post("/mailboxes/{name}/lease", access: .anyOf(.mail)) { request in
            let lease = try await lease(request)
            let body = try await request.object()
            try body.refuseMembers(otherThan: ["instance"])
            guard let holder = body["instance"]?.stringValue, TextRule.longName.problem(with: holder) == nil else {
                throw Self.wrong("/instance", "must be a text of 1 to 200 bytes")
            }
            let term = try await lease.begin(holder: holder, at: .now)
            return .json { $0.member("term", term) }
        }
        routes.get("/mailboxes/{name}/progress", access: .anyOf(.mail)) { request in
            let lease = try await lease(request)
            let query = try request.query
            try query.refuseOthers(than: "term")
            guard let term = try query.integer("term", in: 0...Int64.max) else {
                throw Problem.badRequest(at: "term", "is missing")
            }
            return .json(.object(try await lease.progress(term: term, at: .now)))
        }
        routes.put("/mailboxes/{name}/state", access: .anyOf(.mail)) { request in
            let lease = try await lease(request)
            let body = try await request.object()
            try await lease.store(try Self.report(in: body), term: try Self.term(in: body), at: .now)
            return .noContent
        }
        routes.post("/mailboxes/{name}/received", access: .anyOf(.mail), bodyLimit: 32 << 20) { request in
            try await received(request)
        }
        routes.post("/mailboxes/{name}/taken", access: .anyOf(.mail), bodyLimit: 4 << 20) { request in
            let lease = try await lease(request)
            let body = try await request.object()
            try body.refuseMembers(otherThan: ["term", "keys"])
            let keys: [ReceivedEmail.Key]
            do throws(BodyProblems) {
                keys = try ReceivedEmail.readKeys(body["keys"], at: JSONPointer.root.appending("keys"))
            } catch { throw error.problem }
            let answer = try await TakenEmails(lease: lease).look(for: keys, term: try Self.term(in: body))
            return .json(capacity: 8 * (answer.missing.count + answer.incomplete.count) + 64) { json in
                json.member("missing", .array(answer.missing.map { .integer(Int64($0)) }))
                json.member("incomplete", .array(answer.incomplete.map { .integer(Int64($0)) }))
            }
        }
        routes.post("/mailboxes/{name}/outbound/claim", access: .anyOf(.mail)) { request in
            let lease = try await lease(request)
            let body = try await request.object()
            try body.refuseMembers(otherThan: ["term", "limit"])
            let limit = body["limit"]?.integerValue ?? 20
            guard (1...100).contains(limit) else { throw Self.wrong("/limit", "must be a whole number from 1 to 100") }
            let claim = try await SendEmails(runtime: lease.runtime, mailbox: lease.mailbox)
                .claim(term: try Self.term(in: body), limit: Int(limit), at: .now)
            return .json(capacity: 4000 * claim.due.count + 64) { json in
                json.array("emails") { list in for email in claim.due { OutboundView(email: email).write(to: &list) } }
                json.array("interrupted") { list in
                    for email in claim.interrupted { OutboundView(email: email).write(to: &list) }
                }
            }
        }
        routes.post("/emails/{id}/begin", access: .anyOf(.mail)) { request in
            let body = try await request.object()
            try body.refuseMembers(otherThan: ["term", "attempt"])
            let (id, send) = try await sending(request)
            try await send.begin(id, term: try Self.term(in: body), attempt: try Self.attempt(in: body), at: .now)
            return .noContent
        }
        routes.post("/emails/{id}/outcome", access: .anyOf(.mail)) { request in try await outcome(request) }
        routes.post("/emails/{id}/read", access: .anyOf(.mail), bodyLimit: 4 << 20) { request in
            let runtime = try await runtime(for: request)
            let body = try await request.object(limits: JSONLimits(bytes: 4 << 20, elements: 100_000))
            try body.refuseMembers(otherThan: ["message"])
            guard let id = UUID(anyText: try request.capture("id")) else { throw Self.noSuchEmail }
            let read: [ReceivedEmail]
            do throws(BodyProblems) {
                read = try ReceivedEmail.read(.array([body["message"] ?? .null]), at: .root)
            } catch { throw error.problem }
            guard let message = read.first else { throw Self.wrong("/message", "must be a message") }
            try await RereadEmails(runtime: runtime).settle(id, message, at: .now)
            return .noContent
        }
    }

    /// The message that a call is about, and the queue of its mailbox. A mailbox that is gone from the configuration still
    /// settles what it had in hand.
    private func sending(_ request: APIRequest) async throws -> (UUID, SendEmails) {
        let runtime = try await runtime(for: request)
        guard let id = UUID(anyText: try request.capture("id")),
            let email = try await EmailQueries(pool: dependencies.pool, tenant: runtime.tenant).find(id)
        else { throw Self.noSuchEmail }
        let mailbox =
            runtime.snapshot.configuration.mailbox(named: email.mailbox)
            ?? MailboxConfiguration(name: email.mailbox, source: "", address: "")
        return (id, SendEmails(runtime: runtime, mailbox: mailbox))
    }

    private static func attempt(in body: JSONObject) throws(Problem) -> Int32 {
        guard let attempt = body["attempt"]?.integerValue.flatMap({ Int32(exactly: $0) }), attempt > 0 else {
            throw wrong("/attempt", "must be the number of the attempt")
        }
        return attempt
    }

    private func received(_ request: APIRequest) async throws -> Response {
        let lease = try await lease(request)
        let body = try await request.object(limits: JSONLimits(bytes: 32 << 20, elements: 1_000_000))
        try body.refuseMembers(otherThan: ["term", "messages", "progress"])
        let term = try Self.term(in: body)
        let progress = try Self.progress(in: body)
        let emails: [ReceivedEmail]
        do {
            emails = try ReceivedEmail.read(body["messages"] ?? .array([]), at: JSONPointer.root.appending("messages"))
        } catch { throw error.problem }
        let receive = ReceiveEmails(
            runtime: lease.runtime, mailbox: lease.mailbox, term: term, trace: request.trace.description)
        let outcomes = try await receive.perform(emails, progress, at: .now)
        return .json(capacity: 200 * outcomes.count + 32) { json in
            json.array("outcomes") { list in for outcome in outcomes { outcome.write(to: &list) } }
        }
    }

    private func outcome(_ request: APIRequest) async throws -> Response {
        let body = try await request.object()
        try body.refuseMembers(otherThan: ["term", "attempt", "outcome", "reply", "retryAfter", "sentMessageId"])
        let names = SendEmails.Outcome.allCases.map(\.rawValue).joined(separator: ", ")
        guard let outcome = body["outcome"]?.stringValue.flatMap(SendEmails.Outcome.init(rawValue:)) else {
            throw Self.wrong("/outcome", "must be one of \(names)")
        }
        let attempt = try Self.attempt(in: body)
        let pause = body["retryAfter"].flatMap { $0.isNull ? nil : $0 }
        guard pause == nil || pause?.numberValue.map({ (0...86_400).contains($0) }) == true else {
            throw Self.wrong("/retryAfter", "must be a number of seconds up to 86400")
        }
        var name: String?
        if let told = body["sentMessageId"], !told.isNull {
            name = told.stringValue.flatMap(SentMessageId.read)
            if name == nil { throw Self.wrong("/sentMessageId", "must be a Message-ID") }
        }
        let (id, send) = try await sending(request)
        let settled = try await send.settle(
            id, term: try Self.term(in: body), attempt: attempt, outcome,
            reply: body["reply"]?.stringValue?.cut(toBytes: 1000),
            pause: pause?.numberValue.map { Int64($0 * 1000) }, name: name, at: .now)
        return .json(bytes: EmailView(email: settled, snapshot: send.runtime.snapshot).bytes)
    }

    private func lease(_ request: APIRequest) async throws -> MailboxLease {
        let runtime = try await runtime(for: request)
        return MailboxLease(
            runtime: runtime, mailbox: try Self.mailbox(try request.capture("name"), in: runtime.snapshot))
    }

    static func wrong(_ path: String, _ message: String) -> Problem {
        .unprocessable("The body is not what was expected.", errors: [.init(path: path, message: message)])
    }

    private static func term(in body: JSONObject) throws(Problem) -> Int64 {
        guard let term = body["term"]?.integerValue, term >= 0 else {
            throw wrong("/term", "must be the term of the mailbox's lease")
        }
        return term
    }

    private static func progress(in body: JSONObject) throws(Problem) -> ReceiveEmails.Progress? {
        guard let progress = body["progress"], !progress.isNull else { return nil }
        if let cursor = progress["cursor"]?.stringValue, cursor.utf8.count <= 100_000 { return .cursor(cursor) }
        guard let folder = progress["folder"]?.stringValue, (1...1000).contains(folder.utf8.count),
            let validity = progress["uidValidity"]?.integerValue, (0...Int64(UInt32.max)).contains(validity),
            let uid = progress["uid"]?.integerValue, (0...Int64(UInt32.max)).contains(uid)
        else { throw wrong("/progress", "must be {folder, uidValidity, uid} or {cursor}") }
        var place = ReceiveEmails.Place(folder: folder, uidValidity: validity, uid: uid)
        if let epoch = progress["epoch"], !epoch.isNull {
            guard let number = epoch.integerValue, (0...Int64(UInt32.max)).contains(number) else {
                throw wrong("/progress/epoch", "must be a whole number")
            }
            place.epoch = number
        }
        if let account = progress["account"], !account.isNull {
            guard let text = account.stringValue else { throw wrong("/progress/account", "must be a text") }
            place.account = text.cut(toBytes: 1000)
        }
        if let from = progress["from"], !from.isNull {
            guard let moment = from.stringValue.flatMap({ Instant(rfc3339: $0) }) else {
                throw wrong("/progress/from", "must be a moment as of RFC 3339")
            }
            place.from = moment
        }
        return .place(place)
    }

    private static func report(in body: JSONObject) throws(Problem) -> MailboxLease.Report {
        try body.refuseMembers(otherThan: ["term", "inbound", "outbound", "unread", "folderCount", "takenCount"])
        func side(_ name: String) throws(Problem) -> (state: MailboxState.Connection, error: String?)? {
            guard let value = body[name], !value.isNull else { return nil }
            guard let state = value["state"]?.stringValue.flatMap(MailboxState.Connection.init(rawValue:)) else {
                let names = MailboxState.Connection.allCases.map(\.rawValue).joined(separator: ", ")
                throw wrong("/\(name)/state", "must be one of \(names)")
            }
            return (state, value["error"]?.stringValue?.cut(toBytes: 1000))
        }
        func count(_ name: String) throws(Problem) -> Int64? {
            guard let value = body[name], !value.isNull else { return nil }
            guard let number = value.integerValue, number >= 0 else {
                throw wrong("/\(name)", "must be a whole number")
            }
            return number
        }
        return MailboxLease.Report(
            inbound: try side("inbound"), outbound: try side("outbound"), unread: try count("unread"),
            folderCount: try count("folderCount"), takenCount: try count("takenCount"))
    }
}
