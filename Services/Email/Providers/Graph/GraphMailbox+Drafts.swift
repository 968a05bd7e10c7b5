import Domain
import EmailAccess
import NIOCore

/// Messages that are too large for one request: a draft of the message without its large attachments, the attachments
/// one by one, and the order to send it (https://learn.microsoft.com/graph/outlook-large-attachments).
extension GraphMailbox {
    /// How often an order to send that Graph puts off is given.
    private static let orders = 3

    func prepare(_ email: ComposedEmail) async -> Preparation {
        guard EncodedPieces(body: email.body).size <= Self.greatestRequest else {
            return .not(
                .refusedForGood(
                    "Microsoft Graph takes messages of \(Self.greatestWhole) bytes at most without their attachments; this one has \(email.body.size)"
                ))
        }
        guard !email.apart.isEmpty else { return .ready(email) }
        do {
            do {
                return .ready(try await upload(email))
            } catch is GraphUpload.Ended {
                // from the beginning, since nobody knows what of it Graph has
                return .ready(try await upload(email))
            }
        } catch is GraphUpload.Ended {
            return .not(.lostBefore(EmailAccessError(.temporarilyRefused, "Microsoft Graph ends uploads too early.")))
        } catch let error as EmailAccessError {
            return .not(error.code == .refused ? .refusedForGood(error.text) : .lostBefore(error))
        } catch is CancellationError {
            return .not(.lostBefore(EmailAccessError(.closed, "Sending was broken off.")))
        } catch {
            return .not(.lostBefore(EmailAccessError(.credentialsRefused, "\(error)")))
        }
    }

    func discard(_ email: ComposedEmail) async {
        if let draft = email.draft { await delete(draft) }
    }

    /// Orders the draft to be sent. Only when nobody knows what came of that the draft is left for a person to look at;
    /// it goes with the next attempt, if there is one.
    func send(_ email: ComposedEmail, draft: String) async -> SendResult {
        var outcome = SmtpOutcome.refusedForNow("the mail provider asks to come later")
        for _ in 0..<Self.orders {
            outcome = await ProviderSending.send(
                api, "\(path(of: draft))/send", type: nil,
                gone: .lostBefore(EmailAccessError(.temporarilyRefused, "The draft of the message is gone.")),
                body: { nil }
            ).outcome
            guard case .refusedForNow = outcome else { break }
        }
        switch outcome {
        case .accepted, .uncertain: break
        case .refusedForNow, .refusedForGood, .lostBefore: await delete(draft)
        }
        return SendResult(outcome)
    }

    /// Makes the draft with all its attachments; one that is not finished goes.
    private func upload(_ email: ComposedEmail) async throws -> ComposedEmail {
        // an earlier attempt may have left its own
        for left in (try? await ids(of: email.messageId, in: "drafts")) ?? [] { await delete(left) }
        let draft = try await makeDraft(email.body)
        do {
            for attachment in email.apart { try await attach(attachment, to: draft) }
        } catch {
            await delete(draft)
            throw error
        }
        var ready = email
        ready.draft = draft
        return ready
    }

    /// Not repeated unless it was surely in vain: a second draft would stay behind.
    private func makeDraft(_ body: MailBody) async throws -> String {
        let pieces = EncodedPieces(body: body)
        let headers = Self.headers + [(name: "content-type", value: "text/plain")]
        let answer = try await api.patiently(onlyThrottled: true) {
            try await api.once(
                "POST", "\(user)/messages", headers: headers,
                body: { .stream(pieces, length: .known(Int64(pieces.size))) }, ProviderAPI.json)
        }
        guard let answer else { throw EmailAccessError(.refused, "Microsoft Graph does not know the mailbox.") }
        guard let id = answer["id"]?.stringValue else {
            throw EmailAccessError(.protocolViolation, "Microsoft Graph gives no id of a draft.")
        }
        return id
    }

    private func attach(_ attachment: ComposedEmail.Apart, to draft: String) async throws {
        let place = "\(path(of: draft))/attachments"
        var about: JSONObject = ["name": .string(attachment.name), "contentType": .string(attachment.type)]
        if let id = attachment.contentId {
            about["isInline"] = true
            about["contentId"] = .string(id)
        }
        if attachment.content.size >= GraphUpload.least {
            about["attachmentType"] = "file"
            about["size"] = .integer(Int64(attachment.content.size))
            let session = try await call("POST", "\(place)/createUploadSession", ["AttachmentItem": .object(about)])
            guard let session else { throw GraphUpload.Ended() }
            try await GraphUpload(api: api, session: session, content: attachment.content).run()
        } else {
            about["@odata.type"] = "#microsoft.graph.fileAttachment"
            let pieces = EncodedMember(of: about, named: "contentBytes", attachment.content)
            let headers = Self.headers + [(name: "content-type", value: "application/json")]
            // twice would be two attachments
            let made = try await api.patiently(onlyThrottled: true) {
                try await api.once(
                    "POST", place, headers: headers,
                    body: { .stream(pieces, length: .known(Int64(pieces.size))) }, ProviderAPI.json)
            }
            if made == nil { throw GraphUpload.Ended() }
        }
    }

    /// As far as it can be done: a draft that stays is not sent by anybody.
    private func delete(_ draft: String) async { _ = try? await call("DELETE", path(of: draft)) }

    private func path(of message: String) -> String { "\(user)/messages/\(ProviderAPI.encoded(message))" }
}
