import Domain

/// A file's rows as they are submitted.
struct ImportedFile: Sendable {
    struct Row: Sendable {
        enum Content: Sendable {
            case item(captureId: String, body: [UInt8])
            case faulty(problem: String)
            /// A row with this captureId came before.
            case skipped
        }
        /// Counted from 1, the header not counted.
        var number: Int
        var line: Int
        var content: Content
        /// The record as it stands in the file; empty when it could not be read.
        var fields: [String]
        /// Bytes of the file up to here.
        var position: Int64
    }

    let name: String
    let separator: UInt8
    let mappings: [FieldMapping]
    let constants: [String]
    /// Whether only the first row of each captureId is taken.
    let firstOnly: Bool

    init(
        name: String, separator: UInt8, mappings: [String], constants: [String], firstOnly: Bool
    ) throws(CommandFailure) {
        self.name = name
        self.separator = separator
        self.constants = constants
        self.firstOnly = firstOnly
        do throws(MappingProblem) {
            var read: [FieldMapping] = []
            for mapping in mappings { read.append(try FieldMapping(mapping)) }
            self.mappings = read
        } catch { throw CommandFailure(.usage, error.description) }
    }

    /// What tells this import from others: the content and everything that shapes its rows.
    func key(hash: UInt64, target: String) -> String {
        var fingerprint = Fingerprint()
        let shape = mappings.map { "\($0)" } + constants + ["\(separator)", "\(firstOnly)", target, "\(hash)"]
        fingerprint.add(shape.joined(separator: "\u{0}").utf8)
        return fingerprint.text
    }

    /// Every row in order, until `body` returns false.
    func forEachRow(_ body: (Row) throws -> Bool) throws {
        let rows = try rows()
        defer { rows.close() }
        while let row = try rows.next() {
            if try !body(row) { return }
        }
    }

    func rows() throws -> ImportedRows { try ImportedRows(self) }
}

/// Reads a file's rows one by one.
final class ImportedRows {
    private let file: CSVFile
    private var reader: CSVReader
    private let mapping: RowMapping
    private let firstOnly: Bool
    private var seen: Set<String> = []
    private var number = 0
    /// The titles of the columns.
    let header: [String]

    init(_ imported: ImportedFile) throws {
        file = try CSVFile(imported.name)
        reader = CSVReader(separator: imported.separator, read: file.read)
        firstOnly = imported.firstOnly
        switch try reader.nextRow() {
        case .record(let record): header = record.fields
        case .faulty(_, let problem): throw CommandFailure(.badInput, "The header line of \(imported.name) \(problem).")
        case nil: throw CommandFailure(.badInput, "\(imported.name) is empty; its first line must name the columns.")
        }
        do throws(MappingProblem) {
            mapping = try RowMapping(imported.mappings, constants: imported.constants, header: header)
        } catch { throw CommandFailure(.usage, error.description) }
    }

    func next() throws -> ImportedFile.Row? {
        guard let row = try reader.nextRow() else { return nil }
        number += 1
        switch row {
        case .faulty(let line, let problem): return make(line, .faulty(problem: problem), [])
        case .record(let record):
            do throws(MappingProblem) {
                let (captureId, body) = try mapping.body(of: record)
                if firstOnly, !seen.insert(captureId).inserted { return make(record.line, .skipped, record.fields) }
                return make(record.line, .item(captureId: captureId, body: JSONValue.object(body).bytes), record.fields)
            } catch {
                return make(record.line, .faulty(problem: error.description), record.fields)
            }
        }
    }

    func close() { file.close() }

    private func make(_ line: Int, _ content: ImportedFile.Row.Content, _ fields: [String]) -> ImportedFile.Row {
        ImportedFile.Row(number: number, line: line, content: content, fields: fields, position: reader.consumed)
    }
}
