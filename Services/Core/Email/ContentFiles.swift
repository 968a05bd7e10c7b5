import Foundation
import NIOCore
import Storage

/// A tenant's contents in the folder. No part of a path comes from a caller: a name is made of a digest and an identifier.
package struct ContentFiles: Sendable {
    let folder: ContentFolder
    /// The tenant's own folder.
    let path: String
    /// Marks a file that is not whole.
    private static let unfinished = ".part"

    /// - Parameter place: identifies the tenant, among those of all databases.
    package init(_ folder: ContentFolder, place: UUID) {
        self.folder = folder
        path = "\(folder.path)/\(place.hexText)"
    }

    /// What a folder holds of ours.
    package struct Entry: Sendable, Hashable {
        package let name: ContentName
        /// Whether it is not whole.
        package let isUnfinished: Bool

        package init(name: ContentName, isUnfinished: Bool) {
            self.name = name
            self.isUnfinished = isUnfinished
        }
    }

    /// Begins a file.
    package func begin(_ name: ContentName) async throws -> Draft {
        let (path, bucket, file) = (path, bucket(name), self.file(name) + Self.unfinished)
        let open = try await folder.perform {
            do throws(ContentFolderError) {
                return try FileCalls.create(file)
            } catch {
                guard error.number == ENOENT else { throw error }
            }
            // The first one of its kind. The folder of all is not made: without it a disk is not mounted.
            try FileCalls.makeFolder(path)
            try FileCalls.synchronize(folder: (path as NSString).deletingLastPathComponent)
            try FileCalls.makeFolder(bucket)
            try FileCalls.synchronize(folder: path)
            return try FileCalls.create(file)
        }
        return Draft(files: self, name: name, open: open)
    }

    /// A file that is being written. Under its name a file is whole.
    package struct Draft: Sendable {
        fileprivate let files: ContentFiles
        fileprivate let name: ContentName
        fileprivate let open: OpenFile

        /// Adds bytes.
        package func write(_ bytes: [UInt8]) async throws {
            let open = open
            try await files.folder.perform { try FileCalls.write(bytes, to: open) }
        }

        /// Gives it its name. Then it is on the disk, whatever happens.
        package func finish() async throws {
            let (open, bucket, file) = (open, files.bucket(name), files.file(name))
            try await files.folder.perform {
                try FileCalls.synchronize(open)
                try FileCalls.rename(file + ContentFiles.unfinished, to: file)
                try FileCalls.synchronize(folder: bucket)
            }
        }

        /// Takes it away; what cannot be is found by its age.
        package func abandon() async {
            let file = files.file(name) + ContentFiles.unfinished
            try? await files.folder.perform { try FileCalls.remove(file) }
        }
    }

    /// - Returns: bytes of a file; nil when there is none.
    package func size(of name: ContentName) async throws -> Int64? {
        let file = file(name)
        return try await folder.perform { try FileCalls.size(file) }
    }

    /// Hands a file out in pieces, in order.
    /// - Throws: ``ContentFolderError``, for one that has not so many bytes as well, and whatever `give` throws.
    package func read(
        _ name: ContentName, size: Int64, pieces: Int, _ give: (ByteBuffer) async throws -> Void
    ) async throws {
        let file = file(name)
        guard let open = try await folder.perform({ try FileCalls.open(file) }) else {
            throw ContentFolderError.missing
        }
        var offset: Int64 = 0
        while offset < size {
            let (place, count) = (offset, Int(min(Int64(pieces), size - offset)))
            let bytes = try await folder.perform { try FileCalls.read(open, at: place, atMost: count) }
            guard !bytes.isEmpty else { throw ContentFolderError.missing }
            offset += Int64(bytes.count)
            try await give(ByteBuffer(bytes: bytes))
        }
    }

    /// Removes files, of those that are there, and waits until that is on the disk.
    package func remove(_ entries: [Entry]) async throws {
        let files = entries.map { file($0.name) + ($0.isUnfinished ? Self.unfinished : "") }
        let buckets = Set(entries.map { bucket($0.name) })
        try await folder.perform {
            for file in files { try FileCalls.remove(file) }
            for bucket in buckets { try FileCalls.synchronize(folder: bucket) }
        }
    }

    /// Removes whole files.
    package func remove(_ names: [ContentName]) async throws {
        try await remove(names.map { Entry(name: $0, isUnfinished: false) })
    }

    /// The folders that there are, in order.
    package func buckets() async throws -> [String] {
        let path = path
        return try await folder.perform { try FileCalls.names(in: path) }
            .filter { $0.utf8.count == 2 }.sorted()
    }

    /// What is in one of them; what is not ours is left out.
    package func entries(in bucket: String) async throws -> [Entry] {
        let bucketPath = "\(path)/\(bucket)"
        return try await folder.perform { try FileCalls.names(in: bucketPath) }.compactMap { text in
            let isUnfinished = text.hasSuffix(Self.unfinished)
            let name = ContentName(isUnfinished ? String(text.dropLast(Self.unfinished.count)) : text)
            guard let name, name.bucket == bucket else { return nil }
            return Entry(name: name, isUnfinished: isUnfinished)
        }
    }

    private func bucket(_ name: ContentName) -> String { "\(path)/\(name.bucket)" }
    private func file(_ name: ContentName) -> String { "\(bucket(name))/\(name.text)" }
}
