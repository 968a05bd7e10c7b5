/// Reads comma-separated values as RFC 4180 has them, record by record from chunks of bytes, so that the size of a file
/// does not matter.
///
/// Fields may be quoted and then hold commas, line breaks and doubled quotes; lines end with CR LF or LF; a byte order mark
/// is dropped; empty lines are skipped. What breaks these rules, and a record with another number of fields than the first,
/// is reported with the line on which it starts, and reading goes on with the next line.
public struct CSVReader {
    /// A record or what is wrong with it.
    public enum Row: Sendable, Hashable {
        case record(Record)
        case faulty(line: Int, problem: String)
    }
    /// One record.
    public struct Record: Sendable, Hashable {
        /// The line on which it starts; the first line of the file is 1.
        public var line: Int
        /// Its fields, without quotes.
        public var fields: [String]
    }
    /// Bytes of one record, at most: a quote that is never closed would otherwise swallow the file.
    public static let longestRecord = 1 << 20

    private let read: () throws -> [UInt8]?
    private let separator: UInt8
    private var buffer: [UInt8] = []
    private var next = 0
    private var line = 1
    private var width: Int?
    private var isAtStart = true
    /// Bytes taken so far.
    public private(set) var consumed: Int64 = 0

    /// A reader of the chunks that `read` gives; nil is the end.
    public init(separator: UInt8 = UInt8(ascii: ","), read: @escaping () throws -> [UInt8]?) {
        self.separator = separator
        self.read = read
    }

    /// A reader of bytes in memory.
    public init(bytes: [UInt8], separator: UInt8 = UInt8(ascii: ",")) {
        var rest: [UInt8]? = bytes
        self.init(separator: separator) { rest.take() }
    }

    /// The next record, or nil at the end.
    public mutating func nextRow() throws -> Row? {
        while true {
            let start = line
            var parser = RecordParser(separator: separator)
            while let byte = try nextByte() {
                if byte == RecordParser.lineFeed { line += 1 }
                if parser.take(byte) { break }
            }
            switch parser.finish() {
            case .nothing: if try peek() == nil { return nil }
            case .faulty(let problem): return .faulty(line: start, problem: problem)
            case .fields(let fields): return check(Record(line: start, fields: fields))
            }
        }
    }

    private mutating func check(_ record: Record) -> Row {
        let expected = width ?? record.fields.count
        width = expected
        guard record.fields.count == expected else {
            let found = record.fields.count == 1 ? "1 field" : "\(record.fields.count) fields"
            return .faulty(line: record.line, problem: "has \(found) where the first line has \(expected)")
        }
        return .record(record)
    }

    private mutating func nextByte() throws -> UInt8? {
        guard let byte = try peek() else { return nil }
        next += 1
        consumed += 1
        return byte
    }

    private mutating func peek() throws -> UInt8? {
        while next == buffer.count {
            guard let chunk = try read() else { return nil }
            buffer = chunk
            next = 0
            if isAtStart, !buffer.isEmpty {
                isAtStart = false
                try dropByteOrderMark()
            }
        }
        return buffer[next]
    }

    private mutating func dropByteOrderMark() throws {
        while buffer.count < 3, let more = try read() { buffer += more }
        if buffer.starts(with: [0xEF, 0xBB, 0xBF]) { next = 3 }
    }
}

/// Takes the bytes of one record one after the other.
struct RecordParser {
    enum Outcome {
        /// An empty line, or the end.
        case nothing
        case fields([String])
        case faulty(String)
    }
    private enum Place {
        case fieldStart, plain, quoted, quoteInQuoted, afterCarriageReturn, skipping
    }
    static let lineFeed = UInt8(ascii: "\n")
    private static let quote = UInt8(ascii: "\"")
    private static let carriageReturn = UInt8(ascii: "\r")

    let separator: UInt8
    private var place = Place.fieldStart
    private var field: [UInt8] = []
    private var fields: [String] = []
    private var length = 0
    private var problem: String?
    private var isEnded = false

    init(separator: UInt8) { self.separator = separator }

    /// Returns true when the record is complete.
    mutating func take(_ byte: UInt8) -> Bool {
        length += 1
        if length > CSVReader.longestRecord, place != .skipping {
            fault("is longer than \(CSVReader.longestRecord >> 20) MiB; is a quote not closed?")
        }
        switch place {
        case .quoted:
            if byte == Self.quote { place = .quoteInQuoted } else { field.append(byte) }
            return false
        case .quoteInQuoted where byte == Self.quote:
            field.append(byte)
            place = .quoted
            return false
        case .skipping:
            isEnded = byte == Self.lineFeed
            return isEnded
        case .afterCarriageReturn where byte != Self.lineFeed:
            fault("has a carriage return that no line feed follows")
            return false
        case .fieldStart, .plain, .quoteInQuoted, .afterCarriageReturn: return takeOutsideQuotes(byte)
        }
    }

    private mutating func takeOutsideQuotes(_ byte: UInt8) -> Bool {
        switch byte {
        case separator:
            endField()
            place = .fieldStart
        case Self.lineFeed:
            isEnded = true
            return true
        case Self.carriageReturn: place = .afterCarriageReturn
        case Self.quote where place == .fieldStart: place = .quoted
        case Self.quote: fault("has a quote inside a field that is not quoted")
        default:
            if place == .quoteInQuoted {
                fault("has text after a closing quote")
            } else {
                field.append(byte)
                place = .plain
            }
        }
        return false
    }

    private mutating func fault(_ text: String) {
        problem = problem ?? text
        place = .skipping
    }

    private mutating func endField() {
        if let text = String(validating: field, as: UTF8.self) {
            fields.append(text)
        } else {
            problem = problem ?? "is not UTF-8"
        }
        field.removeAll(keepingCapacity: true)
    }

    /// What the bytes were.
    mutating func finish() -> Outcome {
        if place == .quoted, !isEnded { problem = problem ?? "has a quote that is not closed" }
        if problem == nil, fields.isEmpty, field.isEmpty, length <= 2,
            place == .fieldStart || place == .afterCarriageReturn
        {
            return .nothing
        }
        endField()
        return problem.map { .faulty($0) } ?? .fields(fields)
    }
}
