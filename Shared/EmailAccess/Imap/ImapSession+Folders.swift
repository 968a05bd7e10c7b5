/// What a folder holds, as SELECT, EXAMINE or STATUS tell it.
public struct ImapFolderState: Sendable, Hashable {
    /// UIDs mean what they meant as long as this stays the same.
    public var uidValidity: UInt32 = 0
    /// The UID that the next message will have, or a lower one.
    public var uidNext: UInt32 = 0
    /// Whether the server told `uidNext`; else it is behind the highest UID that is left. Known from SELECT only.
    public var tellsUidNext = false
    /// Messages.
    public var count = 0
    /// Messages without `\Seen`; known from STATUS only.
    public var unseen: Int?
    /// Whether keywords of our own can be kept; known from SELECT only.
    public var takesKeywords = false

    /// Of an empty folder that tells nothing.
    public init() {}
}

extension ImapSession {
    /// Opens a folder.
    /// - Parameter readOnly: by EXAMINE: nothing in it can be changed.
    public func select(_ folder: String, readOnly: Bool = false) async throws(EmailAccessError) -> ImapFolderState {
        let name = try MailboxName.quoted(folder)
        var state = ImapFolderState()
        let verb = readOnly ? "EXAMINE" : "SELECT"
        try await command("\(verb) \(name)", doing: "\(verb) of the folder \(folder)") { response in
            switch response {
            case .exists(let count): state.count = count
            case .status(let status):
                if let number = status.number("UIDVALIDITY") { state.uidValidity = UInt32(clamping: number) }
                if let number = status.number("UIDNEXT") { state.uidNext = UInt32(clamping: number) }
                if status.code == "PERMANENTFLAGS" {
                    state.takesKeywords = status.arguments.first?.elements?.contains { $0.text == "\\*" } ?? false
                }
            default: break
            }
        }
        // What it holds is no news.
        hasNews = false
        guard state.uidValidity != 0 else {
            throw EmailAccessError(
                .protocolViolation,
                "The mail server tells no UIDVALIDITY of the folder \(folder), so its UIDs mean nothing.")
        }
        state.tellsUidNext = state.uidNext != 0
        // RFC 3501 lets a server keep UIDNEXT to itself; the highest UID tells it.
        if state.uidNext == 0 { state.uidNext = try await highestUID().map { $0 + 1 } ?? 1 }
        return state
    }

    private func highestUID() async throws(EmailAccessError) -> UInt32? {
        var highest: UInt32?
        try await command("UID FETCH * (UID)", doing: "FETCH") { response in
            if case .fetch(let fetch) = response, let uid = fetch.uid { highest = max(highest ?? 0, uid) }
        }
        return highest
    }

    /// Counts of a folder without opening it. Not for the one that is open.
    public func status(_ folder: String) async throws(EmailAccessError) -> ImapFolderState {
        var state = ImapFolderState()
        let name = try MailboxName.quoted(folder)
        try await command(
            "STATUS \(name) (MESSAGES UIDNEXT UIDVALIDITY UNSEEN)", doing: "STATUS of the folder \(folder)"
        ) { response in
            guard case .folderStatus(_, let values) = response else { return }
            state.count = Int(clamping: values["MESSAGES"] ?? 0)
            state.uidNext = UInt32(clamping: values["UIDNEXT"] ?? 0)
            state.uidValidity = UInt32(clamping: values["UIDVALIDITY"] ?? 0)
            state.unseen = values["UNSEEN"].map { Int(clamping: $0) }
        }
        return state
    }

    /// All folders.
    public func folders() async throws(EmailAccessError) -> [ImapFolder] {
        var folders: [ImapFolder] = []
        // RFC 6154: with SPECIAL-USE the attributes come with LIST-EXTENDED's RETURN; Dovecot gives them in any case.
        let wanted = capabilities.contains("SPECIAL-USE") && capabilities.contains("LIST-EXTENDED")
        try await command("LIST \"\" \"*\"" + (wanted ? " RETURN (SPECIAL-USE)" : ""), doing: "LIST") { response in
            if case .list(let folder) = response { folders.append(folder) }
        }
        return folders
    }

    /// The folder in which sent messages are kept: by its special use, else by its usual names.
    public func sentFolder() async throws(EmailAccessError) -> String? {
        let folders = try await folders().filter { !$0.has("\\Noselect") && !$0.has("\\NonExistent") }
        if let marked = folders.first(where: { $0.has("\\Sent") }) { return marked.name }
        let usual = ["sent", "sent items", "sent messages", "inbox.sent", "inbox/sent"]
        return folders.first { usual.contains($0.name.lowercased()) }?.name
    }

    /// Makes a folder unless it is there.
    public func createFolder(_ folder: String) async throws(EmailAccessError) {
        guard try await !folders().contains(where: { $0.name == folder }) else { return }
        try await command("CREATE \(MailboxName.quoted(folder))", doing: "CREATE of the folder \(folder)")
    }
}
