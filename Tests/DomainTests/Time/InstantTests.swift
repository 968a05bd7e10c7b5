import Domain
import Foundation
import Testing

@Suite("Instants as text")
struct InstantTests {
    @Test(
        "reads RFC 3339 with any offset",
        arguments: [
            ("1970-01-01T00:00:00Z", 0),
            ("2026-01-02T03:04:05.678Z", 1_767_323_045_678),
            ("2026-01-02T03:04:05Z", 1_767_323_045_000),
            ("2026-01-02T03:04:05.6Z", 1_767_323_045_600),
            ("2026-01-02T03:04:05.678999999Z", 1_767_323_045_678),
            ("2026-01-02T04:34:05.678+01:30", 1_767_323_045_678),
            ("2026-01-01T22:04:05.678-05:00", 1_767_323_045_678),
            ("2026-01-02T03:04:05.678-00:00", 1_767_323_045_678),
            ("2000-02-29T12:00:00Z", 951_825_600_000),
            ("2199-12-31T23:59:59.999Z", 7_258_118_399_999),
        ])
    func reads(text: String, milliseconds: Int64) {
        #expect(Instant(rfc3339: text) == Instant(milliseconds: milliseconds))
        #expect(Instant(rfc3339: text[...]) == Instant(milliseconds: milliseconds))
    }

    @Test(
        "refuses what is not a date and time",
        arguments: [
            "", "2026-01-02", "2026-01-02T03:04:05", "2026-01-02 03:04:05Z", "2026-01-02t03:04:05z",
            "2026-13-02T03:04:05Z", "2026-00-02T03:04:05Z", "2026-02-29T03:04:05Z", "2026-04-31T03:04:05Z",
            "2026-01-00T03:04:05Z", "2026-01-02T24:00:00Z", "2026-01-02T03:60:05Z", "2026-01-02T03:04:60Z",
            "2026-01-02T03:04:05.Z", "2026-01-02T03:04:05,6Z", "2026-01-02T03:04:05.1234567890Z",
            "2026-01-02T03:04:05+24:00", "2026-01-02T03:04:05+01:60", "2026-01-02T03:04:05+0100",
            "2026-01-02T03:04:05+01", "2026-01-02T03:04:05Z ", " 2026-01-02T03:04:05Z", "+026-01-02T03:04:05Z",
            "1969-12-31T23:59:59Z", "2200-01-01T00:00:00Z", "1970-01-01T00:00:00+01:00",
            "2199-12-31T23:59:59-00:01", "2026-01-02T03:04:05\u{0}", "２026-01-02T03:04:05Z",
            "2026-01-02T03:04:05Z\u{301}", "2026-1-2T03:04:05.000Z",
        ])
    func refuses(text: String) {
        #expect(Instant(rfc3339: text) == nil)
    }

    @Test("writes milliseconds in UTC, whatever the year")
    func writes() {
        #expect(Instant(milliseconds: 0).rfc3339 == "1970-01-01T00:00:00.000Z")
        #expect(Instant(milliseconds: 1_767_323_045_678).rfc3339 == "2026-01-02T03:04:05.678Z")
        #expect(Instant(milliseconds: -1).rfc3339 == "1969-12-31T23:59:59.999Z")
        #expect(Instant(milliseconds: .max).rfc3339 == "9999-12-31T23:59:59.999Z")
        #expect(Instant(milliseconds: .min).rfc3339 == "0000-01-01T00:00:00.000Z")
        var bytes = Array("at ".utf8)
        Instant(milliseconds: 0).writeRFC3339(into: &bytes)
        #expect(String(decoding: bytes, as: UTF8.self) == "at 1970-01-01T00:00:00.000Z")
    }

    @Test("what is written is read back, and agrees with Foundation")
    func roundTrip() {
        var random = SeededRandom(seed: 1)
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        for count in 0..<20_000 {
            let instant = Instant(milliseconds: Int64.random(in: 0..<7_258_118_400_000, using: &random))
            #expect(Instant(rfc3339: instant.rfc3339) == instant)
            guard count < 500 else { continue }
            let whole = Instant(milliseconds: instant.milliseconds / 1000 * 1000)
            #expect(Date(timeIntervalSince1970: Double(whole.milliseconds / 1000)).formatted(style) == whole.rfc3339)
        }
    }

    @Test("arithmetic holds at the ends of the range")
    func arithmetic() {
        let instant = Instant(milliseconds: 10)
        #expect(instant + 5 == Instant(milliseconds: 15))
        #expect(instant - 15 == Instant(milliseconds: -5))
        #expect(instant - Instant(milliseconds: 3) == 7)
        #expect(instant + .max == Instant(milliseconds: .max))
        #expect(Instant(milliseconds: -2) - .max == Instant(milliseconds: .min))
        #expect(instant - Instant(milliseconds: .min) == .max)
        #expect(Instant(milliseconds: -10) - Instant(milliseconds: .max) == .min)
        #expect(instant < Instant(milliseconds: 11))
    }

    @Test("is coded as text")
    func codes() throws {
        let instants = [Instant(milliseconds: 1_767_323_045_678)]
        let json = try JSONEncoder().encode(instants)
        #expect(String(decoding: json, as: UTF8.self) == #"["2026-01-02T03:04:05.678Z"]"#)
        #expect(try JSONDecoder().decode([Instant].self, from: json) == instants)
        #expect(throws: DecodingError.self) { try JSONDecoder().decode([Instant].self, from: Data(#"["today"]"#.utf8)) }
    }
}
