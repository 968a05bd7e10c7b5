import EmailMessages
import Foundation
import Testing

/// S/MIME signatures that have the text within.
struct OpaqueSignatureTests {
    /// An element of DER, or of BER with a length that only its end tells.
    private static func element(_ tag: UInt8, _ content: [UInt8], isIndefinite: Bool = false) -> [UInt8] {
        if isIndefinite { return [tag, 0x80] + content + [0, 0] }
        let length = content.count
        return [tag, 0x82, UInt8(length >> 8), UInt8(length & 0xFF)] + content
    }

    @Test(arguments: [false, true]) func opaqueSignaturesAreLookedInto(_ isStreamed: Bool) throws {
        let entity = Array(StructureCases.multipart("mixed", "\n\nI sign", "Content-Type: a/b; name=f\n\nfile").utf8)
        let half = entity.count / 2
        let string =
            isStreamed
            ? Self.element(
                0x24, Self.element(4, Array(entity[..<half])) + Self.element(4, Array(entity[half...])),
                isIndefinite: true) : Self.element(4, entity)
        let data: [UInt8] = [0x06, 9, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 7, 1]
        let signed: [UInt8] = [0x06, 9, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 7, 2]
        func made(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] { Self.element(tag, content, isIndefinite: isStreamed) }
        let content = made(0x30, data + made(0xA0, string))
        let message = made(0x30, signed + made(0xA0, made(0x30, [2, 1, 1] + Self.element(0x31, []) + content)))
        let head =
            "Content-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m\n"
            + "Content-Transfer-Encoding: base64\n\n"
        let read = try read(Array(head.utf8) + Array(Data(message).base64EncodedString().utf8))
        #expect(read.message.text == "I sign")
        #expect(read.message.protection == [.signedSMIME])
        #expect(read.message.attachments.map(\.name) == ["smime.p7m", "f"])
        // damaged ones are kept as they are
        for end in stride(from: 0, to: message.count, by: 7) {
            _ = try EmailMessagesTests.read(
                Array(head.utf8) + Array(Data(message[..<end]).base64EncodedString().utf8))
        }
    }

    @Test(arguments: [["-nodetach"], ["-nodetach", "-stream"]]) func opensslsAreReadToo(_ options: [String]) throws {
        let folder = try TestFolder()
        let text = try folder.write(Array("Content-Type: text/plain; charset=utf-8\r\n\r\nGrüße aus Köln\r\n".utf8))
        let (key, certificate, signed) = ("\(folder.path)/key", "\(folder.path)/certificate", "\(folder.path)/signed")
        try Self.openssl([
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=a", "-days", "1", "-keyout", key, "-out",
            certificate,
        ])
        try Self.openssl(
            ["smime", "-sign"] + options
                + ["-binary", "-in", text, "-signer", certificate, "-inkey", key, "-out", signed, "-subject", "signed"])
        let read = try read(Data(contentsOf: URL(fileURLWithPath: signed)))
        #expect(read.message.text == "Grüße aus Köln")
        #expect(read.message.subject == "signed")
        #expect(read.message.protection == [.signedSMIME])
    }

    private static func openssl(_ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments = arguments
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
    }
}
