import EmailMessages
import Testing

/// Names of attachments, in every spelling that programs use.
struct AttachmentNameCases {
    @Test(arguments: [
        ("Content-Disposition: attachment; filename=plain.txt", "plain.txt"),
        ("Content-Disposition: attachment; filename=\"with blank.txt\"", "with blank.txt"),
        ("Content-Disposition: attachment; filename=no quotes at all.txt", "no quotes at all.txt"),
        ("Content-Disposition: attachment; filename*=utf-8''caf%C3%A9.txt", "café.txt"),
        ("Content-Disposition: attachment; filename*=iso-8859-1'fr'caf%E9.txt", "café.txt"),
        (
            "Content-Disposition: attachment; filename*0*=utf-8''%e2%82; filename*1*=%ac; filename*2=\".txt\"", "€.txt"
        ),
        ("Content-Disposition: attachment; filename*1=\"b.txt\"; filename*0=\"a\"", "ab.txt"),
        ("Content-Disposition: attachment; filename=\"=?utf-8?q?caf=C3=A9.txt?=\"", "café.txt"),
        ("Content-Disposition: attachment; filename==?utf-8?B?Y2Fmw6kudHh0?=", "café.txt"),
        (
            "Content-Disposition: attachment;\n filename=\"=?utf-8?q?a_long_?=\n =?utf-8?q?name.txt?=\"",
            "a long name.txt"
        ),
        ("Content-Disposition: attachment; filename=\"=?utf-8?B?w6Q=?=\n =?utf-8?B?w7YudHh0?=\"", "äö.txt"),
        ("Content-Disposition: attachment; filename=caf\u{C3}\u{A9}.txt", "café.txt"),
        ("Content-Disposition: attachment; filename=\"caf\u{E9}.txt\"", "café.txt"),
        ("Content-Type: application/x; name=\"from type.txt\"", "from type.txt"),
        ("Content-Disposition: attachment; filename=\"../../etc/passwd\"", "passwd"),
        ("Content-Disposition: attachment; filename=\"C:\\\\Users\\\\a\\\\b.doc\"", "b.doc"),
        ("Content-Disposition: attachment; filename=\"..\"", "part-1.bin"),
        ("Content-Disposition: attachment; filename=\"\"", "part-1.bin"),
        ("Content-Disposition: attachment; filename*=utf-8''a%00b%0D%0A.txt", nil),
        ("Content-Disposition: attachment; filename*=utf-8''invoice%E2%80%AEfdp.exe", "invoicefdp.exe"),
        ("Content-Disposition: attachment; filename*=nonsense''%zz%", nil),
        ("Content-Disposition: attachment; filename=\"never ends", nil),
        ("Content-Disposition: attachment; filename=\"\(String(repeating: "n", count: 3_000)).docx\"", nil),
        ("Content-Disposition: attachment", "part-1.bin"),
    ])
    func isReadable(_ header: String, _ expected: String?) throws {
        let type = header.hasPrefix("Content-Type") ? "" : "Content-Type: application/x\n"
        let read = try read(
            latin("Content-Type: multipart/mixed; boundary=b\n\n--b\n\ntext\n--b\n\(type)\(header)\n\nx\n--b--\n"))
        let attachment = try #require(read.message.attachments.first)
        if let expected { #expect(attachment.name == expected) }
        #expect(attachment.name.utf8.count <= 200)
        #expect(attachment.name.unicodeScalars.allSatisfy { $0.value >= 0x20 })
    }

    @Test func aLongNameKeepsItsExtension() throws {
        let name = String(repeating: "ä", count: 300) + ".docx"
        let read = try read(
            latin(
                "Content-Type: application/x; name=\"" + name.utf8.map { String(Unicode.Scalar($0)) }.joined()
                    + "\"\n\nx"))
        #expect(read.message.attachments.first?.name.hasSuffix(".docx") == true)
    }
}
