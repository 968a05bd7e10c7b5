import Foundation
import Synchronization

/// A CSV file, plain or compressed by gzip, read in chunks.
///
/// Compressed files go through the system's `gunzip`: simpler and more robust than a decoder of our own, and there wherever
/// PostgreSQL's tools are.
final class CSVFile {
    private let handle: FileHandle
    private let decompressor: Process?
    private let name: String

    init(_ name: String) throws(CommandFailure) {
        self.name = name
        guard FileManager.default.isReadableFile(atPath: name), let file = FileHandle(forReadingAtPath: name) else {
            throw CommandFailure(.noInput, "There is no readable file \(name).")
        }
        guard name.hasSuffix(".gz") else {
            handle = file
            decompressor = nil
            return
        }
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["gunzip", "-c"]
        process.standardInput = file
        process.standardOutput = pipe
        do { try process.run() } catch {
            throw CommandFailure(
                .unavailable, "gunzip cannot be started (\(error)); install gzip or unpack \(name) first.")
        }
        handle = pipe.fileHandleForReading
        decompressor = process
    }

    /// The next bytes, nil at the end.
    func read() throws -> [UInt8]? {
        let data: Data?
        do { data = try handle.read(upToCount: 1 << 18) } catch {
            throw CommandFailure(.noInput, "\(name) cannot be read: \(error)")
        }
        if let data, !data.isEmpty { return Array(data) }
        if let decompressor {
            decompressor.waitUntilExit()
            guard decompressor.terminationStatus == 0 else {
                throw CommandFailure(.badInput, "\(name) is not a whole gzip file.")
            }
        }
        return nil
    }

    /// Ends reading early.
    func close() {
        if decompressor?.isRunning == true { decompressor?.terminate() }
        try? handle.close()
    }

    /// Size and FNV-1a hash of a file's content after decompression: they tell whether an import goes on with the same file.
    static func fingerprint(of name: String) throws -> (bytes: Int64, hash: UInt64) {
        let file = try CSVFile(name)
        defer { file.close() }
        var hash = Fingerprint()
        while let chunk = try file.read() { hash.add(chunk) }
        return (hash.count, hash.value)
    }
}

/// FNV-1a over 64 bits: enough to notice that a file or a mapping is another one; not meant against forgery.
public struct Fingerprint: Sendable {
    /// The hash so far.
    public private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325
    /// Bytes so far.
    public private(set) var count: Int64 = 0

    /// The hash of nothing.
    public init() {}

    /// Adds bytes.
    public mutating func add(_ bytes: some Sequence<UInt8>) {
        for byte in bytes {
            value = (value ^ UInt64(byte)) &* 0x100_0000_01b3
            count += 1
        }
    }

    /// Sixteen hexadecimal digits.
    public var text: String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
