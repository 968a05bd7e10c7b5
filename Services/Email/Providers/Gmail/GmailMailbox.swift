import Domain
import EmailAccess
import NIOCore

/// A mailbox at Gmail (https://developers.google.com/workspace/gmail/api/reference/rest/v1).
///
/// The cursor is a history id. Gmail keeps history for a week or so; after that it answers 404 and everything since the
/// moment from which mail is taken is told of again.
final class GmailMailbox: MailboxConnection {
    static let usualBase = "https://gmail.googleapis.com"
    /// The label of messages that were taken.
    static let takenLabel = "MillraceTaken"

    let api: ProviderAPI
    /// Path of the user's resources.
    let user: String
    private let folder: String
    /// By names in small letters.
    private let labels = KnownIds()

    /// - Parameters:
    ///   - user: an address, or `me`.
    ///   - folder: name of the label that is read.
    init(api: ProviderAPI, user: String, folder: String) {
        self.api = api
        self.user = "/gmail/v1/users/\(ProviderAPI.encoded(user))"
        self.folder = folder
    }

    func check() async throws {
        _ = try await profile()
        _ = try await folderLabel()
    }

    func changes(
        after cursor: String?, from: Instant, _ page: ([String]) async throws -> Void
    ) async throws -> String {
        guard let cursor else { return try await everything(since: from, page) }
        let label = try await folderLabel()
        // a message that is moved into the folder gets its label
        var path =
            "\(user)/history?startHistoryId=\(ProviderAPI.encoded(cursor))&labelId=\(ProviderAPI.encoded(label))"
            + "&historyTypes=messageAdded&historyTypes=labelAdded&maxResults=500"
        let first = path
        var latest = cursor
        while true {
            guard let answer = try await api.call("GET", path) else { throw CursorLost() }
            var ids: [String] = []
            for entry in answer["history"]?.arrayValue ?? [] {
                for added in entry["messagesAdded"]?.arrayValue ?? [] {
                    if let id = added["message"]?["id"]?.stringValue { ids.append(id) }
                }
                for labelled in entry["labelsAdded"]?.arrayValue ?? [] {
                    let given = labelled["labelIds"]?.arrayValue?.compactMap(\.stringValue) ?? []
                    if given.contains(label), let id = labelled["message"]?["id"]?.stringValue { ids.append(id) }
                }
            }
            if let id = answer["historyId"].map({ $0.stringValue ?? $0.text }) { latest = id }
            if !ids.isEmpty { try await page(ids) }
            guard let next = answer["nextPageToken"]?.stringValue else { return latest }
            path = first + "&pageToken=\(ProviderAPI.encoded(next))"
        }
    }

    /// Everything in the folder since then. The cursor is taken before: what comes meanwhile is told of twice.
    private func everything(since from: Instant, _ page: ([String]) async throws -> Void) async throws -> String {
        let cursor = try await profile()
        try await list([try await folderLabel()], since: from, page)
        return cursor
    }

    func download(_ id: String, to path: String, greatest: Int) async throws -> DownloadedMessage? {
        let address = "\(user)/messages/\(ProviderAPI.encoded(id))?format=raw"
        return try await api.exchange("GET", address) { body in
            var reader = GmailRawReader()
            var message = try await ProviderDownload.take(body, to: path, greatest: greatest) { piece in
                ByteBuffer(bytes: reader.take(piece.readableBytesView))
            }
            let told = reader.members["sizeEstimate"].flatMap { Int($0) } ?? 0
            if message.isHeadOnly { message.size = max(told, message.size) }
            message.receivedAt =
                reader.members["internalDate"].flatMap { Int64($0) }.map { Instant(milliseconds: $0) }
            return message
        }
    }

    func unread() async throws -> Int {
        let label = try await api.call("GET", "\(user)/labels/\(ProviderAPI.encoded(try await folderLabel()))")
        return Int(label?["messagesUnread"]?.integerValue ?? 0)
    }

    /// The present history id.
    private func profile() async throws -> String {
        guard let answer = try await api.call("GET", "\(user)/profile"),
            let history = answer["historyId"].map({ $0.stringValue ?? $0.text })
        else { throw EmailAccessError(.protocolViolation, "Gmail does not tell of the mailbox's history.") }
        return history
    }

    func folderLabel() async throws -> String {
        guard let label = try await label(folder, makes: false) else {
            throw EmailAccessError(.invalidConfiguration, "The mailbox has no label \(folder).")
        }
        return label
    }

    /// The id of a label by its name; made when it is missing and `makes`.
    func label(_ name: String, makes: Bool) async throws -> String? {
        if let known = labels[name.lowercased()] { return known }
        let answer = try await api.call("GET", "\(user)/labels")
        var found: [String: String] = [:]
        for entry in answer?["labels"]?.arrayValue ?? [] {
            guard let id = entry["id"]?.stringValue, let name = entry["name"]?.stringValue else { continue }
            found[name.lowercased()] = id
        }
        labels.replace(by: found)
        if let id = found[name.lowercased()] { return id }
        guard makes else { return nil }
        let made = try await api.call("POST", "\(user)/labels", ["name": .string(name)])
        guard let id = made?["id"]?.stringValue else { return nil }
        labels.note(id, of: name.lowercased())
        return id
    }
}
