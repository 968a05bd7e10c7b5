import EmailMessages
import Testing

/// Messages that are nested or cut into parts beyond all use.
struct NestingTests {
    @Test func deepNestingIsKeptAsOneFile() throws {
        var text = "Subject: deep\n"
        for level in 0..<300 { text += "Content-Type: multipart/mixed; boundary=b\(level)\n\n--b\(level)\n" }
        text += "\ninnermost\n"
        let read = try read(latin(text))
        #expect(read.message.problems.contains(.nestedTooDeeply))
        #expect(read.message.attachments.count == 1)
        #expect(read.attachment(0).contains("innermost"))
    }

    @Test func messagesNestedByTheThousandAreOneAttachment() throws {
        let inner = String(repeating: "Content-Type: message/rfc822\n\n", count: 5_000) + "\nend\n"
        let read = try read(latin(inner))
        #expect(read.message.attachments.count == 1)
    }

    @Test func tooManyPartsEndTheReading() throws {
        var limits = EmailReadingLimits()
        limits.parts = 20
        let parts = (0..<50).map { "Content-Type: x/y\n\n\($0)" }
        let text = "Content-Type: multipart/mixed; boundary=b\n\n" + parts.map { "--b\n\($0)\n" }.joined() + "--b--\n"
        let read = try EmailMessagesTests.read(latin(text), limits: limits)
        #expect(read.message.attachments.count == 20)
        #expect(read.message.problems.contains(.tooManyParts))
    }

    @Test func pagesOfManyPartsStayWithinBounds() throws {
        // Each quotation mark is written as six bytes.
        let part = "--b\nContent-Type: text/html\n\n<p>" + String(repeating: "\"", count: 4_190_000) + "</p>\n"
        let text = "Content-Type: multipart/mixed; boundary=b\n\n" + String(repeating: part, count: 3) + "--b--\n"
        let read = try read(latin(text))
        #expect(read.html.utf8.count < 32_000_000)
        #expect(read.message.problems.contains(.htmlShortened))
        #expect(read.html.hasSuffix("</div>\n"))
    }

    @Test func plainTextsBesideAPageStayWithinBounds() throws {
        let part = "--b\nContent-Type: text/plain\n\n" + String(repeating: "\"", count: 260_000) + "\n"
        let page = "--b\nContent-Type: text/html\n\n<p>page</p>\n"
        let text =
            "Content-Type: multipart/mixed; boundary=b\n\n" + page + String(repeating: part, count: 60) + "--b--\n"
        let read = try read(latin(text))
        #expect(read.html.utf8.count < 17_000_000)
        #expect(read.message.problems.contains(.htmlShortened))
    }

    @Test func aMillionSeparatorsCostLittle() async {
        await #expect(processExitsWith: .success) {
            let text = "Content-Type: multipart/mixed; boundary=b\n\n" + String(repeating: "--b\n\n", count: 1_000_000)
            let bytes = Array(text.utf8)
            let before = try memory("VmRSS")
            let read = try read(bytes)
            #expect(read.message.problems.contains(.tooManyParts))
            #expect(try memory("VmHWM") - before < 60_000)
        }
    }
}
