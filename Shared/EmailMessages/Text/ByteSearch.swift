import Glibc

/// Looks for a few bytes among many: what texts are searched by before anything else is done with them.
enum ByteSearch {
    /// Where `needle` begins for the first time at or behind `start`; nil when it does not.
    static func first(_ needle: [UInt8], in bytes: UnsafeBufferPointer<UInt8>, from start: Int = 0) -> Int? {
        guard let base = bytes.baseAddress, let head = needle.first else { return nil }
        var place = start
        while place + needle.count <= bytes.count {
            guard let found = memchr(base + place, Int32(head), bytes.count - needle.count + 1 - place) else {
                return nil
            }
            place = UnsafeRawPointer(found) - UnsafeRawPointer(base)
            if memcmp(found, needle, needle.count) == 0 { return place }
            place += 1
        }
        return nil
    }

    /// Whether the text has these bytes in it.
    static func contains(_ text: String, _ needle: [UInt8]) -> Bool {
        var text = text
        return text.withUTF8 { first(needle, in: $0) != nil }
    }
}
