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
    /// - Parameter isFirst: whether the tenant has none yet; asked when its folder is not there.
    /// - Throws: ``ContentFolderError/Code/away`` when it has, since then a disk is not mounted.
    package func begin(_ name: ContentName, isFirst: () async throws -> Bool) async throws -> Draft {
        let (path, bucket, file) = (path, bucket(name), self.file(name) + Self.unfinished)
        let begun: OpenFile? = try await folder.perform {
            do throws(ContentFolderError) {
                return try FileCalls.create(file)
            } catch {
                guard error.number == ENOENT else { throw error }
            }
            do throws(ContentFolderError) {
                try FileCalls.requireFolder(path)
            } catch {
                guard error.code == .away else { throw error }
                return nil
            }
            return try Self.first(file, in: bucket, of: path)
        }
        let open: OpenFile
        if let begun {
            open = begun
        } else {
            let isFirst = try await isFirst()
            folder.expect(path, !isFirst)
            open = try await folder.perform {
                if isFirst {
                    // The folder of all is not made: without it a disk is not mounted.
                    try FileCalls.makeFolder(path)
                    try FileCalls.synchronize(folder: (path as NSString).deletingLastPathComponent)
                } else {
                    // Made by another upload just now, or away.
                    try FileCalls.requireFolder(path)
                }
                return try Self.first(file, in: bucket, of: path)
            }
        }
        folder.expect(path)
        return Draft(files: self, name: name, open: open)
    }

    /// The first file in its bucket.
    private static func first(_ file: String, in bucket: String, of path: String) throws(ContentFolderError) -> OpenFile
    {
        try FileCalls.makeFolder(bucket)
        try FileCalls.synchronize(folder: path)
        return try FileCalls.create(file)
    }

    /// Whether the tenant's folder is there. One that has to be is told of.
    /// - Parameter isFirst: as in ``begin(_:isFirst:)``.
    func isThere(isFirst: () async throws -> Bool) async throws -> Bool {
        let path = path
        let isThere = try await folder.perform {
            do throws(ContentFolderError) {
                try FileCalls.requireFolder(path)
                return true
            } catch {
                guard error.code == .away else { throw error }
                return false
            }
        }
        if isThere {
            folder.expect(path)
            return true
        }
        if try await isFirst() {
            folder.expect(path, false)
            return false
        }
        folder.expect(path)
        // Made just now, or away.
        try await folder.perform { try FileCalls.requireFolder(path) }
        return true
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
                try FileCalls.close(open)
                try FileCalls.rename(file + ContentFiles.unfinished, to: file)
                try FileCalls.synchronize(folder: bucket)
            }
        }

        /// Takes it away; what cannot be is found by its age.
        package func abandon() async {
            let (open, file) = (open, files.file(name) + ContentFiles.unfinished)
            await files.folder.conclude {
                defer { try? FileCalls.close(open) }
                try FileCalls.remove(file)
            }
        }
    }

    /// - Returns: bytes of a file that was begun; nil when there is none.
    /// - Throws: ``ContentFolderError/Code/away`` when the tenant's folder is not there.
    package func size(of name: ContentName) async throws -> Int64? {
        let (path, file) = (path, file(name))
        folder.expect(path)
        return try await folder.perform {
            if let size = try FileCalls.size(file) { return size }
            try FileCalls.requireFolder(path)
            return nil
        }
    }

    /// Hands a file out in pieces, in order.
    /// - Throws: ``ContentFolderError``, for one that has not so many bytes as well, and whatever `give` throws.
    package func read(
        _ name: ContentName, size: Int64, pieces: Int, _ give: (ByteBuffer) async throws -> Void
    ) async throws {
        let (path, file) = (path, file(name))
        let found: OpenFile? = try await folder.perform {
            if let open = try FileCalls.open(file) { return open }
            try FileCalls.requireFolder(path)
            return nil
        }
        guard let open = found else { throw ContentFolderError.missing }
        do {
            var offset: Int64 = 0
            while offset < size {
                let (place, count) = (offset, Int(min(Int64(pieces), size - offset)))
                let bytes = try await folder.perform { try FileCalls.read(open, at: place, atMost: count) }
                guard !bytes.isEmpty else { throw ContentFolderError.missing }
                offset += Int64(bytes.count)
                try await give(ByteBuffer(bytes: bytes))
            }
        } catch {
            await folder.conclude { try FileCalls.close(open) }
            throw error
        }
        await folder.conclude { try FileCalls.close(open) }
    }

    /// Removes files, of those that are there, and waits until that is on the disk. What cannot be removed is passed over.
    /// - Returns: what stayed, and why.
    /// - Throws: ``ContentFolderError``, also when the tenant's folder is not there: then what is in it is not known.
    package func remove(_ entries: [Entry]) async throws -> [Entry: ContentFolderError] {
        guard !entries.isEmpty else { return [:] }
        let (path, buckets) = (path, Dictionary(grouping: entries, by: \.name.bucket))
        folder.expect(path)
        let stayed = try await folder.perform {
            let place = try FileCalls.openFolder(path)
            defer { try? FileCalls.close(place) }
            var stayed: [Entry: ContentFolderError] = [:]
            for (bucket, entries) in buckets {
                for entry in entries {
                    do throws(ContentFolderError) {
                        let file = entry.name.text + (entry.isUnfinished ? Self.unfinished : "")
                        try FileCalls.remove("\(bucket)/\(file)", in: place)
                    } catch {
                        stayed[entry] = error
                    }
                }
                do throws(ContentFolderError) {
                    try FileCalls.synchronize(folder: bucket, in: place)
                } catch {
                    for entry in entries where stayed[entry] == nil { stayed[entry] = error }
                }
            }
            return stayed
        }
        if let (entry, error) = stayed.first { folder.tell(error, about: entry.name) }
        return stayed
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
