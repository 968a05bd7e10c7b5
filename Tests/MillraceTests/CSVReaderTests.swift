import Domain
import Testing
import millrace

/// Everything that a reader gives, with faults as `line: problem`.
private func rows(_ text: String, chunk: Int? = nil, separator: UInt8 = 0x2C) throws -> [[String]] {
    try rows(Array(text.utf8), chunk: chunk, separator: separator)
}

private func rows(_ bytes: [UInt8], chunk: Int? = nil, separator: UInt8 = 0x2C) throws -> [[String]] {
    var reader: CSVReader
    if let chunk {
        var rest = bytes[...]
        reader = CSVReader(separator: separator) {
            guard !rest.isEmpty else { return nil }
            defer { rest = rest.dropFirst(chunk) }
            return Array(rest.prefix(chunk))
        }
    } else {
        reader = CSVReader(bytes: bytes, separator: separator)
    }
    var rows: [[String]] = []
    while let row = try reader.nextRow() {
        switch row {
        case .record(let record): rows.append(record.fields)
        case .faulty(let line, let problem): rows.append(["line \(line) \(problem)"])
        }
    }
    return rows
}

@Suite struct CSVReaderTests {
    @Test func readsPlainFields() throws {
        #expect(try rows("a,b,c\n1,2,3\n") == [["a", "b", "c"], ["1", "2", "3"]])
        #expect(try rows("a,b\n,\n") == [["a", "b"], ["", ""]])
        #expect(try rows("å;ß\n", separator: 0x3B) == [["å", "ß"]])
    }

    @Test func theLastLineNeedsNoLineBreak() throws {
        #expect(try rows("a,b\r\n1,2") == [["a", "b"], ["1", "2"]])
        #expect(try rows("a,b\n1,\"2\"") == [["a", "b"], ["1", "2"]])
        #expect(try rows("a,b\n1,") == [["a", "b"], ["1", ""]])
        #expect(try rows("") == [])
        #expect(try rows("\n\r\n\n") == [])
    }

    @Test func quotedFieldsHoldAnything() throws {
        #expect(try rows("a,b\r\n\"x, y\",\"say \"\"hello\"\"\"\r\n") == [["a", "b"], ["x, y", "say \"hello\""]])
        #expect(try rows("a,b\n\"one\r\ntwo\n\",3\n") == [["a", "b"], ["one\r\ntwo\n", "3"]])
        #expect(try rows("a\n\"\"\n") == [["a"], [""]])
    }

    @Test(arguments: [1, 2, 3, 7]) func chunksMakeNoDifference(size: Int) throws {
        let text = "\u{FEFF}a,b\r\n\"x, \"\"y\"\"\r\n\",å\r\n\r\n1,2\r\n"
        #expect(try rows(text, chunk: size) == rows(text))
        #expect(try rows(text)[0] == ["a", "b"])
        #expect(try rows(text)[1] == ["x, \"y\"\r\n", "å"])
    }

    @Test func aByteOrderMarkIsDroppedOnlyAtTheStart() throws {
        #expect(try rows([0xEF, 0xBB, 0xBF] + Array("a\n\u{FEFF}b\n".utf8)) == [["a"], ["\u{FEFF}b"]])
        #expect(try rows([0xEF, 0xBB, 0xBF]) == [])
    }

    @Test func raggedRowsAreReportedByLine() throws {
        let found = try rows("a,b\n1\n\"x\ny\",2\n1,2,3\n4,5\n")
        #expect(
            found == [
                ["a", "b"], ["line 2 has 1 field where the first line has 2"], ["x\ny", "2"],
                ["line 5 has 3 fields where the first line has 2"], ["4", "5"],
            ])
    }

    @Test func brokenQuotesAreReportedAndReadingGoesOn() throws {
        #expect(
            try rows("a,b\nx\"y,2\n3,4\n")[1...] == [
                ["line 2 has a quote inside a field that is not quoted"], ["3", "4"],
            ])
        #expect(try rows("a,b\n\"x\"y,2\n3,4\n")[1...] == [["line 2 has text after a closing quote"], ["3", "4"]])
        #expect(try rows("a,b\n1,2\n\"x,2\n3,4\n")[2...] == [["line 3 has a quote that is not closed"]])
        #expect(
            try rows("a,b\n1\r2,3\n4,5\n")[1...] == [
                ["line 2 has a carriage return that no line feed follows"], ["4", "5"],
            ])
    }

    @Test func textThatIsNotUTF8IsReported() throws {
        #expect(
            try rows(Array("a,b\n1,".utf8) + [0xC3, 0x28, 0x0A] + Array("3,4\n".utf8))[1...] == [
                ["line 2 is not UTF-8"], ["3", "4"],
            ])
    }

    @Test func aQuoteThatIsNeverClosedDoesNotSwallowTheFile() throws {
        let long = String(repeating: "x", count: CSVReader.longestRecord)
        let found = try rows("a,b\n\"\(long)\n\(long)\n5,6\n")
        #expect(found.count >= 3)
        #expect(found[1][0].hasPrefix("line 2 is longer than 1 MiB"))
        #expect(found.last == ["5", "6"])
    }

    @Test func whatIsWrittenIsReadBack() throws {
        let fields = ["plain", "with, comma", "with \"quotes\"", "two\nlines", "", "-12.5"]
        #expect(try rows(CSVWriter.line(fields)) == [fields])
    }

    @Test func aSpreadsheetRunsNothing() {
        #expect(CSVWriter.line(["=1+1", "@x", "-1", "+x"]) == "'=1+1,'@x,-1,'+x\r\n")
        #expect(CSVWriter.line(["\n=1", "\u{FF1D}1"]) == "\"'\n=1\",'\u{FF1D}1\r\n")
    }

    /// A combining accent makes one character of itself and what stands before it; readers of CSV do not know of that.
    @Test(arguments: [
        ("x\"\u{301},=HYPERLINK(\"http://e\")", "\"x\"\"\u{301},=HYPERLINK(\"\"http://e\"\")\""),
        ("a,\u{301}b", "\"a,\u{301}b\""), ("=\u{301}1+1", "'=\u{301}1+1"), ("a\n\u{301}", "\"a\n\u{301}\""),
        ("\"\u{301}", "\"\"\"\u{301}\""),
    ])
    func whatCombiningAccentsStandOnIsQuotedAllTheSame(field: String, written: String) throws {
        // Not as characters, which are equal in more ways than one.
        #expect(Array(CSVWriter.line([field, "b"]).unicodeScalars) == Array("\(written),b\r\n".unicodeScalars))
        if !written.hasPrefix("'") { #expect(try rows(CSVWriter.line([field, "b"])) == [[field, "b"]]) }
    }
}
