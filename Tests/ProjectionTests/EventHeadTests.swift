import Domain
import Projection
import Testing

/// The head of a message, read without the rest.
struct EventHeadTests {
    @Test func theHeadIsThatOfTheEvent() {
        let head = EventHead(scanning: Array(ProjectedEventTests.text.utf8))
        #expect(head == EventHead(tenant: "demo", position: 42, at: Instant(rfc3339: "2026-03-01T10:00:00.250Z")))
    }

    @Test(arguments: [
        #"{"data":{"tenant":"other","position":1,"a":["x}",{"b":"\""}]},"position":7,"tenant":"demo"}"#,
        #" { "tenant" : "demo" , "x" : null , "position" : 7 } "#,
        #"{"position":7,"list":[1,[2,"]"]],"text":"a\\","tenant":"demo"}"#,
    ])
    func membersMayComeInAnyOrder(_ text: String) {
        #expect(EventHead(scanning: Array(text.utf8)) == EventHead(tenant: "demo", position: 7))
    }

    @Test(arguments: [
        "", "null", "[]", "{", #"{"tenant":"demo"}"#, #"{"position":7}"#, #"{"tenant":"demo","position":"7"}"#,
        #"{"tenant":"demo","position":0}"#, #"{"tenant":"demo","position":7.5}"#, #"{"tenant":"demo","position"#,
        #"{"tenant":"de"#, #"{"tenant":7,"position":7}"#, #"{"a":{"b":[}"#, #"{"a" "tenant":"demo"}"#,
    ])
    func whatHasNoPlaceHasNoHead(_ text: String) {
        #expect(EventHead(scanning: Array(text.utf8)) == nil)
    }

    /// Every beginning of a message is either too short or has the same head; none is read past its end.
    @Test func aMessageThatBreaksOffIsNoOtherMessage() {
        let bytes = Array(ProjectedEventTests.text.utf8)
        let whole = EventHead(scanning: bytes)
        for length in bytes.indices {
            let head = EventHead(scanning: Array(bytes[..<length]))
            #expect(head == nil || head == whole || head?.position == 4, "length \(length)")
        }
    }
}
