import Domain
import EmailAccess

extension GmailMailbox {
    func settle(_ ids: [String], _ processed: MailboxInbound.Processed, folder: String?) async throws {
        switch processed {
        case .none: break
        case .flag: try await modify(ids, add: Self.takenLabel, remove: "UNREAD")
        case .move: try await modify(ids, add: folder ?? "Done", remove: try await folderLabel())
        case .delete:
            for id in ids { _ = try await api.call("POST", "\(user)/messages/\(ProviderAPI.encoded(id))/trash") }
        }
    }

    private func modify(_ ids: [String], add name: String, remove removed: String) async throws {
        guard let added = try await label(name, makes: true) else {
            throw EmailAccessError(.refused, "Gmail does not make the label \(name).")
        }
        var rest = ids[...]
        // so many at a time: users.messages.batchModify
        while !rest.isEmpty {
            _ = try await api.call(
                "POST", "\(user)/messages/batchModify",
                [
                    "ids": .array(rest.prefix(1000).map(JSONValue.string)), "addLabelIds": .array([.string(added)]),
                    "removeLabelIds": .array([.string(removed)]),
                ])
            rest = rest.dropFirst(1000)
        }
    }
}
