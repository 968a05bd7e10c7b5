/// Finds where a message begins to have more separating lines than any real one, so that a parser does not build
/// millions of parts of it.
///
/// Only lines that come again and again can be separators of many parts, so lines are counted by what they say.
struct PartLimit {
    private let limit: Int
    private let boundary: [UInt8]?
    /// Behind the last line that separates or ends the outermost parts; nil: there is none yet.
    private var lastBoundary: (end: Int, isClosing: Bool)?
    private var counts: [[UInt8]: Int] = [:]
    private var line: [UInt8] = []
    private var isOver = false
    private var lineStart = 0
    private var position = 0

    /// A count that allows `limit` equal lines that begin with `--`.
    /// - Parameter boundary: of the outermost parts.
    init(limit: Int, boundary: [UInt8]?) {
        self.limit = limit
        self.boundary = boundary
    }

    /// Where the message may be cut when all of it was taken: the parser holds in memory what stands outside of parts,
    /// which nobody reads, or only begins to.
    func end(of size: Int, keeping kept: Int) -> Int {
        guard boundary != nil else { return size }
        guard let lastBoundary else { return min(size, kept) }
        return lastBoundary.isClosing ? min(size, lastBoundary.end + kept) : size
    }

    /// Takes the next bytes; returns the offset where the message is to be cut, as soon as that is known.
    mutating func take(_ bytes: [UInt8]) -> Int? {
        for byte in bytes {
            defer { position += 1 }
            if byte == UInt8(ascii: "\n") {
                if line.count > 2, count(line) { return lineStart }
                line.removeAll(keepingCapacity: true)
                isOver = false
                lineStart = position + 1
                continue
            }
            if isOver { continue }
            // a separator has at most 70 characters (RFC 2046, 5.1.1); some have a few more
            if line.count < 2 && byte != UInt8(ascii: "-") || line.count > 200 {
                isOver = true
                line.removeAll(keepingCapacity: true)
            } else if byte != UInt8(ascii: "\r") {
                line.append(byte)
            }
        }
        return nil
    }

    private mutating func count(_ line: [UInt8]) -> Bool {
        if let boundary, line.dropFirst(2).starts(with: boundary) {
            let tail = line.dropFirst(2 + boundary.count)
            let isClosing = tail.starts(with: "--".utf8)
            if isClosing || tail.allSatisfy({ $0 == 0x20 || $0 == 0x09 }) { lastBoundary = (position + 1, isClosing) }
        }
        // many different lines are no separators: keep the table small
        if counts.count > 4_096 { counts.removeAll(keepingCapacity: true) }
        let number = counts[line, default: 0] + 1
        counts[line] = number
        return number > limit
    }
}
