import EmailAccess
import Testing

/// The framing of IMAP as values: the same events whatever the pieces in which the bytes arrive.
@Suite struct ImapFramingTests {
    /// Lines, and bodies joined.
    enum Found: Equatable {
        case line(String, [ImapLine.Literal])
        case body(size: Int, [UInt8])
    }

    private func frame(_ bytes: [UInt8], by size: Int) throws -> [Found] {
        var framing = ImapFraming()
        var found: [Found] = []
        var body: (size: Int, bytes: [UInt8])?
        for begin in stride(from: 0, to: bytes.count, by: size) {
            framing.append(bytes[begin..<min(bytes.count, begin + size)])
            while let event = try framing.next() {
                switch event {
                case .line(let line): found.append(.line(String(decoding: line.text, as: UTF8.self), line.literals))
                case .bodyBegins(let size): body = (size, [])
                case .body(let piece): body?.bytes += piece
                case .bodyEnds:
                    found.append(.body(size: try #require(body).size, try #require(body).bytes))
                    body = nil
                }
            }
        }
        return found
    }

    @Test func anyCutGivesTheSame() throws {
        let text = """
            * 3 EXISTS\r
            * 1 FETCH (UID 7 FLAGS (\\Seen) BODY[] {5}\r
            a\r
            b{ INTERNALDATE "17-Jul-1996 02:44:25 -0700")\r
            * 2 FETCH (UID 8 BODY[HEADER] {0}\r
             FLAGS ())\r
            * LIST () "/" {4}\r
            Ã¤b\r
            M1 OK [UIDNEXT 9] done\r
            + go on\r

            """
        let expected: [Found] = [
            .line("* 3 EXISTS", []),
            .body(size: 5, Array("a\r\nb{".utf8)),
            .line("* 1 FETCH (UID 7 FLAGS (\\Seen) BODY[] \0 INTERNALDATE \"17-Jul-1996 02:44:25 -0700\")", [.body]),
            .body(size: 0, []),
            .line("* 2 FETCH (UID 8 BODY[HEADER] \0 FLAGS ())", [.body]),
            .line("* LIST () \"/\" \0", [.bytes(Array("Ã¤".utf8))]),
            .line("b", []),
            .line("M1 OK [UIDNEXT 9] done", []),
            .line("+ go on", []),
        ]
        var bytes = Array(text.utf8)
        // The literal of four bytes ends within its line.
        let place = try #require(bytes.indices.first { bytes[$0...].starts(with: Array("b\r\nM1".utf8)) })
        bytes.insert(contentsOf: [13, 10], at: place)
        for size in [1, 2, 3, 7, 64, bytes.count] {
            #expect(try frame(bytes, by: size) == expected, "pieces of \(size)")
        }
    }

    @Test func bracesThatAreNotALiteralAreText() throws {
        let found = try frame(Array("* OK {x}\r\n* OK {12\r\n* OK {}\r\n}\r\n".utf8), by: 100)
        #expect(
            found.map { if case .line(let text, []) = $0 { text } else { "?" } } == [
                "* OK {x}", "* OK {12", "* OK {}", "}",
            ])
    }

    @Test func aLargeBodyIsNeverHeld() throws {
        var framing = ImapFraming()
        let size = 50_000_000
        framing.append(Array("* 1 FETCH (UID 1 BODY[] {\(size)}\r\n".utf8))
        var taken = 0
        var largest = 0
        let chunk = [UInt8](repeating: 65, count: 65536)
        var sent = 0
        while taken < size {
            while case let event? = try framing.next() {
                if case .body(let piece) = event {
                    taken += piece.count
                    largest = max(largest, piece.count)
                }
            }
            if sent < size {
                framing.append(chunk.prefix(size - sent))
                sent += min(chunk.count, size - sent)
            }
        }
        #expect(taken == size)
        #expect(largest <= chunk.count)
    }

    @Test func endlessLinesAndLiteralsThatAreNoBodiesAreRefused() throws {
        var framing = ImapFraming()
        framing.append(Array("* OK {99999999}\r\n".utf8))
        #expect(throws: EmailAccessError.self) { try framing.next() }
        var other = ImapFraming()
        let chunk = [UInt8](repeating: 65, count: 1 << 20)
        #expect(throws: EmailAccessError.self) {
            for _ in 0..<20 {
                other.append(chunk)
                _ = try other.next()
            }
        }
    }
}
