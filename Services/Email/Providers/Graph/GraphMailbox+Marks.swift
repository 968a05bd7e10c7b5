import Domain
import EmailAccess

extension GraphMailbox {
    func settle(_ ids: [String], _ processed: MailboxInbound.Processed, folder: String?) async throws {
        var target: String?
        if processed == .move {
            target = try await folderId(folder ?? "Done", makes: true)
            if target == nil { throw EmailAccessError(.refused, "Graph does not make the folder \(folder ?? "Done").") }
        }
        for id in ids {
            let path = "\(user)/messages/\(ProviderAPI.encoded(id))"
            switch processed {
            case .none: return
            case .flag:
                _ = try await call(
                    "PATCH", path, ["isRead": true, "categories": .array([.string(Self.takenCategory)])])
            case .move: _ = try await call("POST", "\(path)/move", ["destinationId": .string(target ?? "")])
            case .delete: _ = try await call("DELETE", path)
            }
        }
    }
}
