import ServiceKit
import Testing

@Suite("Sealed secrets")
struct SecretBoxTests {
    private let box = SecretBox(key: Array(repeating: 7, count: 32))
    private let secret = Array("open sesame".utf8)

    @Test func opensWhatItSealed() throws {
        let sealed = try box.seal(secret, for: "a/b")
        #expect(try box.open(sealed, for: "a/b") == secret)
        #expect(sealed.count == secret.count + 28)
        #expect(try box.seal(secret, for: "a/b") != sealed)
    }

    @Test func opensNothingElse() throws {
        let sealed = try box.seal(secret, for: "a/b")
        var changed = sealed
        changed[15] ^= 1
        #expect(throws: (any Error).self) { try box.open(sealed, for: "a/c") }
        #expect(throws: (any Error).self) { try box.open(changed, for: "a/b") }
        #expect(throws: (any Error).self) { try box.open([], for: "a/b") }
        #expect(throws: (any Error).self) {
            try SecretBox(key: Array(repeating: 8, count: 32)).open(sealed, for: "a/b")
        }
    }

    @Test func signaturesDifferByUse() {
        #expect(box.signature(of: "x", use: "one") == box.signature(of: "x", use: "one"))
        #expect(box.signature(of: "x", use: "one") != box.signature(of: "x", use: "two"))
    }
}
