import Foundation
import Storage

/// An upload into chunks in PostgreSQL. A small content is there by one step alone.
struct ContentInRows: ContentTarget {
    let store: ContentStore
    let sha256: [UInt8]
    let upload: UUID
    /// The place of the next chunk.
    private var place: Int32 = 0
    private var parameters: [SQLValue] { [.int4(store.tenant), .uuid(upload)] }
    /// That the row is this upload's: $1 is the tenant, $2 the upload.
    private static func isOurs(_ sha256: String) -> String {
        "EXISTS (SELECT FROM content WHERE tenant = $1 AND sha256 = \(sha256) AND upload = $2)"
    }

    init(store: ContentStore, sha256: [UInt8], upload: UUID) {
        self.store = store
        self.sha256 = sha256
        self.upload = upload
    }

    var asksFirst: Bool { false }

    mutating func write(_ chunk: [UInt8]) async throws {
        var statements: [SQLStatement] = []
        if place == 0 {
            statements.append(
                SQLStatement(
                    "INSERT INTO content_upload (tenant, id, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                    parameters + [.int8(upload.millisecondsOfVersion7)]))
        }
        statements.append(
            SQLStatement(
                "INSERT INTO content_chunk (tenant, upload, place, bytes) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
                parameters + [.int4(place), .bytes(chunk)]))
        // Written or not, it is there to be taken away.
        place += 1
        _ = try await store.batch(statements)
    }

    mutating func settle(_ row: ContentRow, last chunk: [UInt8]) async throws -> Bool {
        var statements = [row.adding(inFolder: false)]
        if !chunk.isEmpty {
            statements.append(
                SQLStatement(
                    """
                    INSERT INTO content_chunk (tenant, upload, place, bytes)
                    SELECT $1, $2, $3, $4 WHERE \(Self.isOurs("$5")) ON CONFLICT DO NOTHING
                    """, parameters + [.int4(place), .bytes(chunk), .bytes(sha256)]))
        }
        if place > 0 { statements += clearing }
        let made = try await store.batch(statements)[0]
        return try made.first.map { try $0[0].bool } ?? false
    }

    /// The row may have been written although that was not heard of.
    func abandon() async {
        guard place > 0 else { return }
        _ = try? await store.batch(clearing)
    }

    private var clearing: [SQLStatement] {
        [
            SQLStatement(
                "DELETE FROM content_chunk WHERE tenant = $1 AND upload = $2 AND NOT \(Self.isOurs("$3"))",
                parameters + [.bytes(sha256)]),
            SQLStatement("DELETE FROM content_upload WHERE tenant = $1 AND id = $2", parameters),
        ]
    }
}

/// An upload into a file. The row is written when the file is whole and on the disk.
struct ContentInFolder: ContentTarget {
    let store: ContentStore
    let files: ContentFiles
    let name: ContentName
    private var draft: ContentFiles.Draft?
    private var isWhole = false

    init(store: ContentStore, files: ContentFiles, name: ContentName) {
        self.store = store
        self.files = files
        self.name = name
    }

    /// To write a file and bring it to the disk costs more than to ask.
    var asksFirst: Bool { true }

    mutating func write(_ chunk: [UInt8]) async throws {
        let draft: ContentFiles.Draft
        if let begun = self.draft {
            draft = begun
        } else {
            draft = try await files.begin(name, isFirst: store.hasNoFiles)
        }
        self.draft = draft
        try await draft.write(chunk)
    }

    mutating func settle(_ row: ContentRow, last chunk: [UInt8]) async throws -> Bool {
        try await write(chunk)
        try await draft?.finish()
        isWhole = true
        let made = try await store.batch([row.adding(inFolder: true)])[0]
        if try made.first.map({ try $0[0].bool }) ?? false { return true }
        // Another upload was quicker. What cannot be removed now belongs to no row and is found by its age.
        _ = try? await files.remove([.init(name: name, isUnfinished: false)])
        return false
    }

    /// A whole file stays: its row may have been written although that was not heard of. It too is found by its age.
    func abandon() async {
        if !isWhole { await draft?.abandon() }
    }
}
