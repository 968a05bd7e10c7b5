import Foundation

/// Files that a command reads whole.
enum InputFile {
    /// The bytes of a file; `-` is standard input. A byte order mark at the start is dropped.
    static func read(_ name: String) throws(CommandFailure) -> [UInt8] {
        let data: Data?
        if name == "-" {
            data = try? FileHandle.standardInput.readToEnd() ?? Data()
        } else {
            data = FileManager.default.contents(atPath: name)
        }
        guard let data else { throw CommandFailure(.noInput, "There is no readable file \(name).") }
        let bytes = Array(data)
        return bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
    }
}

extension UInt8 {
    var isWhitespaceASCII: Bool { self == 0x20 || self == 0x09 || self == 0x0A || self == 0x0D }
}
