/// The headers at the beginning of a file, made fit for a parser: bounded, without NUL, without stray lines.
///
/// GMime holds headers in memory and gives up on a file whose first line is none; real mail has both megabytes of
/// headers and lines that some gateway put in.
struct HeaderBlock: Sendable, Hashable {
    /// The headers with the empty line behind them.
    var bytes: [UInt8] = []
    /// Where the body begins in the file.
    var bodyOffset = 0
    /// What had to be done.
    var problems: [EmailProblem] = []

    /// Reads the block.
    ///
    /// - Parameter read: gives up to so many bytes of the file from an offset; fewer only at its end.
    init(
        limits: EmailReadingLimits,
        read: (_ offset: Int, _ count: Int) throws(EmailMessageError) -> [UInt8]
    ) throws(EmailMessageError) {
        var lines = LineReader()
        var field = 0
        var isKept = true
        while true {
            guard var line = try lines.next(read) else { break }
            if line.start == 0, line.bytes.starts(with: [0xEF, 0xBB, 0xBF]) { line.bytes.removeFirst(3) }
            let content = line.bytes
            if content.isEmpty || content == [UInt8(ascii: "\r")] {
                bodyOffset = line.end
                break
            }
            let isContinuation = content.first == UInt8(ascii: " ") || content.first == UInt8(ascii: "\t")
            if !isContinuation {
                if Self.isMailboxLine(content) {
                    if line.start > 0 { note(.strayHeaderLine) }
                    isKept = false
                    bodyOffset = line.end
                    continue
                }
                guard Self.isField(content) else {
                    // headers end where a line is none (as Python's parser has it); at the start there are none
                    if !bytes.isEmpty { note(.strayHeaderLine) }
                    bodyOffset = line.start
                    break
                }
                field = 0
                isKept = bytes.count < limits.headers
            }
            bodyOffset = line.end
            if isContinuation && bytes.isEmpty && line.start == 0 {
                bodyOffset = 0
                break
            }
            append(line, field: &field, isKept: isKept, limits: limits)
        }
        if bytes.isEmpty { note(.noHeaders) }
        bytes.append(contentsOf: "\r\n".utf8)
    }

    /// The boundary that the outermost Content-Type names, if it is a multipart's.
    var boundary: [UInt8]? {
        let lines = String(decoding: bytes, as: UTF8.self).replacing("\r\n ", with: " ").replacing("\r\n\t", with: " ")
            .split(whereSeparator: \.isNewline)
        guard let line = lines.first(where: { $0.lowercased().hasPrefix("content-type:") }),
            line.lowercased().contains("multipart/"), let start = line.lowercased().firstRange(of: "boundary=")
        else { return nil }
        let offset = line.lowercased().distance(from: line.lowercased().startIndex, to: start.upperBound)
        var rest = line.dropFirst(offset).drop { $0 == " " }
        if rest.first == "\"" {
            rest = rest.dropFirst()
            return Array(rest.prefix { $0 != "\"" }.utf8)
        }
        return Array(rest.prefix { $0 != ";" && $0 != " " }.utf8)
    }

    private mutating func append(_ line: LineReader.Line, field: inout Int, isKept: Bool, limits: EmailReadingLimits) {
        guard isKept else { return note(.headersShortened) }
        let room = min(limits.header - field, limits.headers - bytes.count)
        var content = line.bytes.prefix(max(0, room))
        if content.last == UInt8(ascii: "\r") { content = content.dropLast() }
        if content.count + 1 < line.bytes.count || line.isCut { note(.headersShortened) }
        field += content.count
        guard !content.isEmpty else { return }
        if content.contains(0) {
            note(.nulInHeaders)
            content = ArraySlice(content.map { $0 == 0 ? UInt8(ascii: " ") : $0 })
        }
        bytes.append(contentsOf: content)
        bytes.append(contentsOf: "\r\n".utf8)
    }

    private mutating func note(_ problem: EmailProblem) {
        if !problems.contains(problem) { problems.append(problem) }
    }

    /// `From ` of a mailbox file, also quoted, which some gateway left in.
    private static func isMailboxLine(_ line: [UInt8]) -> Bool {
        line.starts(with: "From ".utf8) || line.starts(with: ">From ".utf8)
    }

    /// A name of printable ASCII without blank, and a colon.
    private static func isField(_ line: [UInt8]) -> Bool {
        var length = 0
        for byte in line.prefix(256) {
            if byte == UInt8(ascii: ":") { return length > 0 }
            // a blank before the colon is obsolete syntax (RFC 5322, 4.5) and still sent
            if byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") {
                return line.dropFirst(length).first { $0 != 0x20 && $0 != 0x09 } == UInt8(ascii: ":") && length > 0
            }
            guard byte > 0x20, byte < 0x7F else { return false }
            length += 1
        }
        return false
    }
}

/// Lines of a file, of each at most its first 128 KiB.
private struct LineReader {
    struct Line {
        var bytes: [UInt8]
        var start: Int
        /// Behind the line's end.
        var end: Int
        var isCut: Bool
    }

    private static let greatest = 131_072
    private static let chunk = 16_384
    private var buffer: [UInt8] = []
    private var bufferStart = 0
    private var position = 0

    /// The next line without its LF, or nil at the end of the file.
    mutating func next(
        _ read: (_ offset: Int, _ count: Int) throws(EmailMessageError) -> [UInt8]
    ) throws(EmailMessageError) -> Line? {
        var line = Line(bytes: [], start: position, end: position, isCut: false)
        while true {
            if position - bufferStart >= buffer.count {
                bufferStart = position
                buffer = try read(position, Self.chunk)
                if buffer.isEmpty { return position == line.start ? nil : finished(&line) }
            }
            let rest = buffer[(position - bufferStart)...]
            let end = rest.firstIndex(of: UInt8(ascii: "\n")) ?? buffer.endIndex
            let room = Self.greatest - line.bytes.count
            if end - rest.startIndex > room { line.isCut = true }
            line.bytes.append(contentsOf: rest[..<end].prefix(room))
            position = bufferStart + end
            guard end < buffer.endIndex else { continue }
            position += 1
            return finished(&line)
        }
    }

    private func finished(_ line: inout Line) -> Line {
        line.end = position
        return line
    }
}
