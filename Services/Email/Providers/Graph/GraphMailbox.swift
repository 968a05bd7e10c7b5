import Domain
import EmailAccess
import Foundation
import NIOCore

/// A mailbox at Microsoft Graph (https://learn.microsoft.com/graph/api/resources/mail-api-overview).
///
/// The cursor is a delta link with the moment at which it was given. When Graph no longer knows it, it answers 410, and
/// everything since that moment is told of again.
final class GraphMailbox: MailboxConnection {
    static let usualBase = "https://graph.microsoft.com/v1.0"
    /// The category of messages that were taken.
    static let takenCategory = "MillraceTaken"

    let api: ProviderAPI
    /// Path of the user's resources.
    let user: String
    let folder: String
    private let folders = KnownIds()

    /// Ids stay when a message is moved.
    static let headers: [(name: String, value: String)] = [(name: "prefer", value: "IdType=\"ImmutableId\"")]

    /// - Parameters:
    ///   - user: an address or id, or `me`.
    ///   - folder: name of the folder that is read; Graph's own names, such as `inbox`, do too.
    init(api: ProviderAPI, user: String, folder: String) {
        self.api = api
        self.user = user == "me" ? "/me" : "/users/\(ProviderAPI.encoded(user))"
        self.folder = folder
    }

    func check() async throws { _ = try await call("GET", "\(user)/mailFolders/\(try await folderId())") }

    func download(_ id: String, to path: String, greatest: Int) async throws -> DownloadedMessage? {
        let address = "\(user)/messages/\(ProviderAPI.encoded(id))"
        guard let head = try await call("GET", "\(address)?$select=receivedDateTime") else { return nil }
        let received = head["receivedDateTime"]?.stringValue.flatMap { Instant(rfc3339: $0) }
        return try await api.exchange("GET", "\(address)/$value", headers: Self.headers) { body in
            try await ProviderDownload.take(body, to: path, greatest: greatest, receivedAt: received)
        }
    }

    func unread() async throws -> Int {
        let folder = try await call("GET", "\(user)/mailFolders/\(try await folderId())?$select=unreadItemCount")
        return Int(folder?["unreadItemCount"]?.integerValue ?? 0)
    }

    func call(_ method: String, _ path: String, _ body: JSONValue? = nil) async throws -> JSONValue? {
        try await api.call(method, path, body, headers: Self.headers)
    }

    func folderId() async throws -> String {
        guard let id = try await folderId(folder, makes: false) else {
            throw EmailAccessError(.invalidConfiguration, "The mailbox has no folder \(folder).")
        }
        return ProviderAPI.encoded(id)
    }

    /// The id of a folder by its name; made when it is missing and `makes`.
    func folderId(_ name: String, makes: Bool) async throws -> String? {
        // names that Graph gives itself are ids
        if Self.wellKnown.contains(name.lowercased()) { return name.lowercased() }
        if let known = folders[name] { return known }
        let quoted = name.replacingOccurrences(of: "'", with: "''")
        let filter = ProviderAPI.encoded("displayName eq '\(quoted)'")
        let answer = try await call("GET", "\(user)/mailFolders?$filter=\(filter)&$select=id")
        var id = answer?["value"]?.arrayValue?.first?["id"]?.stringValue
        if id == nil, makes {
            let made = try await call("POST", "\(user)/mailFolders", ["displayName": .string(name)])
            id = made?["id"]?.stringValue
        }
        if let id { folders.note(id, of: name) }
        return id
    }

    private static let wellKnown: Set<String> = [
        "inbox", "archive", "deleteditems", "drafts", "junkemail", "sentitems", "outbox",
    ]
}
