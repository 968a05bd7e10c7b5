import EmailMessages
import Foundation
import Testing

/// Text in every charset, right and wrong.
struct CharsetCases {
    private func text(_ charset: String?, _ bytes: [UInt8]) throws -> EmailMessage {
        let type = charset.map { "Content-Type: text/plain; charset=\($0)\r\n" } ?? ""
        return try read(
            Array("\(type)Content-Transfer-Encoding: base64\r\n\r\n".utf8)
                + Array(Data(bytes).base64EncodedString().utf8)
        ).message
    }

    @Test(
        arguments: [
            ("utf-8", [0x47, 0x72, 0xC3, 0xB6, 0xC3, 0x9F, 0x65], "Größe"),
            ("\"UTF8\"", [0x47, 0x72, 0xC3, 0xB6], "Grö"),
            ("iso-8859-1", [0x93, 0x68, 0xE9, 0x94, 0x80], "“hé”€"),
            ("ISO_8859-15", [0xA4], "€"),
            ("windows-1251", [0xCF, 0xF0, 0xE8, 0xE2, 0xE5, 0xF2], "Привет"),
            ("cp1250", [0xB9], "ą"),
            ("koi8-r", [0xF0, 0xD2, 0xC9, 0xD7, 0xC5, 0xD4], "Привет"),
            ("iso-2022-jp", [0x1B, 0x24, 0x42, 0x46, 0x7C, 0x4B, 0x5C, 0x1B, 0x28, 0x42], "日本"),
            ("shift_jis", [0x93, 0xFA, 0x96, 0x7B], "日本"),
            ("x-sjis", [0x93, 0xFA], "日"),
            ("euc-jp", [0xC6, 0xFC, 0xCB, 0xDC], "日本"),
            ("gb2312", [0xD6, 0xD0, 0xCE, 0xC4], "中文"),
            ("hz-gb-2312", Array("~{VPND~}".utf8), "中文"),
            ("big5", [0xA4, 0xA4, 0xA4, 0xE5], "中文"),
            ("ks_c_5601-1987", [0xC7, 0xD1], "한"),
            ("tis-620", [0xA1], "ก"),
            ("iso-8859-8-i", [0xE0], "א"),
            ("windows-1256", [0xC7], "ا"),
            ("macintosh", [0x8E], "é"),
            ("utf-7", Array("+AOQ-".utf8), "ä"),
            ("utf-16", [0xFF, 0xFE, 0x41, 0x00, 0xE4, 0x00], "Aä"),
            ("utf-16be", [0x00, 0x41], "A"),
        ] as [(String, [UInt8], String)])
    func isRead(_ charset: String, _ bytes: [UInt8], _ expected: String) throws {
        let message = try text(charset, bytes)
        #expect(message.text == expected)
        #expect(!message.problems.contains(.unknownCharset) && !message.problems.contains(.brokenCharset))
    }

    @Test(
        arguments: [
            ("a\r\nb\r\n", "a\nb"), ("a\rb\r", "a\nb"), ("a\r\r\nb", "a\n\nb"), ("a\n\rb", "a\n\nb"),
            ("\r\n\r\né \t\r\n", "é"), ("\n\n", ""), ("", ""), ("e\r\n\u{301}", "e\n\u{301}"),
        ] as [(String, String)])
    func everyLineEndIsOne(_ written: String, _ expected: String) throws {
        #expect(Array(try text("utf-8", Array(written.utf8)).text.utf8) == Array(expected.utf8))
    }

    @Test func unlabelledTextIsGuessed() throws {
        #expect(try text(nil, Array("Größe".utf8)).text == "Größe")
        #expect(try text(nil, [0x47, 0x72, 0xF6]).text == "Grö")
        #expect(try text("us-ascii", [0x47, 0x72, 0xF6]).text == "Grö")
        #expect(try text("unknown-8bit", Array("ä".utf8)).text == "ä")
    }

    @Test func unknownCharsetsAreReadAllTheSame() throws {
        let message = try text("klingon-8", Array("Größe".utf8))
        #expect(message.text == "Größe")
        #expect(message.problems.contains(.unknownCharset))
    }

    @Test(arguments: [
        "utf-8", "shift_jis", "euc-jp", "gb18030", "big5", "iso-2022-jp", "utf-16", "utf-7", "euc-kr", "cp1252",
        "utf-32",
    ])
    func brokenBytesBecomeReplacementCharacters(_ charset: String) throws {
        var generator = SeededGenerator(seed: UInt64(charset.utf8.count))
        for _ in 0..<20 {
            let bytes = (0..<300).map { _ in UInt8.random(in: 0...255, using: &generator) }
            let message = try text(charset, bytes)
            #expect(!message.text.utf8.contains(0))
        }
        #expect(try text("utf-8", [0x61, 0xFF, 0x62]).text == "a\u{FFFD}b")
        #expect(try text("utf-8", [0x61, 0xFF, 0x62]).problems.contains(.brokenCharset))
        #expect(try text("utf-8", [0x61, 0x00, 0x62]).text == "a\u{FFFD}b")
        #expect(try text("shift_jis", [0x93, 0xFA, 0x93]).text == "日\u{FFFD}")
    }

    @Test func longTextIsCutBetweenCharacters() throws {
        let message = try text("utf-8", Array(String(repeating: "日", count: 400_000).utf8))
        #expect(message.textIsTruncated)
        #expect(message.text.utf8.count <= 65_536 && message.text.utf8.count > 65_530)
        #expect(message.text.allSatisfy { $0 == "日" })
        #expect(!message.problems.contains(.brokenCharset))
    }

    @Test func htmlNamesItsOwnCharset() throws {
        let page = "<meta http-equiv=\"Content-Type\" content=\"text/html; charset=windows-1251\">\u{CF}\u{F0}"
        #expect(try read(latin("Content-Type: text/html\n\n\(page)")).message.text == "Пр")
        let wins = "Content-Type: text/html; charset=utf-8\n\n<meta charset=windows-1251>\u{C3}\u{A4}"
        #expect(try read(latin(wins)).message.text == "ä")
    }
}
