import Domain
import Email
import Foundation
import Testing

/// What answers of mail providers mean.
struct ProviderTests {
    private func verdict(_ status: Int, _ retryAfter: String? = nil, _ body: String = "") -> ProviderVerdict {
        // 2026-11-28T12:00:00Z
        ProviderVerdict(
            status: status, retryAfter: retryAfter, body: Array(body.utf8),
            now: Date(timeIntervalSince1970: 1_795_867_200))
    }

    @Test func statusesAreTold() {
        #expect(verdict(200) == .fine)
        #expect(verdict(204) == .fine)
        #expect(verdict(401) == .tokenRefused)
        #expect(verdict(404) == .gone)
        #expect(verdict(416) == .gone)
        #expect(verdict(410, nil, #"{"error":{"code":"SyncStateNotFound"}}"#) == .gone)
        #expect(verdict(400, nil, #"{"error":{"code":"resyncRequired"}}"#) == .gone)
        #expect(
            verdict(400, nil, #"{"error":{"code":"ErrorInvalidUser","message":"x"}}"#)
                == .refused("status 400, ErrorInvalidUser"))
        #expect(verdict(403, nil, "not JSON") == .refused("status 403"))
    }

    @Test func waitsAreRead() {
        #expect(verdict(429, "30") == .later(seconds: 30, isThrottled: true))
        #expect(verdict(429) == .later(seconds: nil, isThrottled: true))
        #expect(verdict(503, "Sat, 28 Nov 2026 12:01:30 GMT") == .later(seconds: 90, isThrottled: true))
        #expect(verdict(503, "Sat, 28 Nov 2026 11:00:00 GMT") == .later(seconds: 0, isThrottled: true))
        #expect(verdict(503, "soon") == .later(seconds: nil, isThrottled: true))
        #expect(verdict(500) == .later(seconds: nil, isThrottled: false))
        #expect(verdict(429, "-5") == .later(seconds: 0, isThrottled: true))
        #expect(verdict(429, "99999999") == .later(seconds: 86_400, isThrottled: true))
        let limits = #"{"error":{"code":403,"errors":[{"reason":"userRateLimitExceeded"}]}}"#
        #expect(verdict(403, nil, limits) == .later(seconds: nil, isThrottled: true))
    }

    @Test(arguments: [1, 2, 3, 7, 64, 100_000]) func gmailsMessagesAreReadInAnyPieces(_ piece: Int) {
        let message = (0..<1_000).map { UInt8(truncatingIfNeeded: $0 * 7) }
        let raw = Data(message).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
            .replacing("=", with: "")
        let answer = Array(
            """
            {"id": "a1", "labelIds": ["INBOX", "raw"], "snippet": "say \\"raw\\": \\"x\\" {[", "payload": {"raw": "no"},
             "sizeEstimate": 1000, "raw": "\(raw)", "historyId": "99", "internalDate": "1795867200000"}
            """.utf8)
        var reader = GmailRawReader()
        var decoded: [UInt8] = []
        for start in stride(from: 0, to: answer.count, by: piece) {
            decoded += reader.take(answer[start..<min(answer.count, start + piece)])
        }
        #expect(decoded == message)
        #expect(reader.members["internalDate"] == "1795867200000")
        #expect(reader.members["sizeEstimate"] == "1000")
        #expect(reader.members["id"] == "a1")
    }

    @Test func brokenAnswersOfGmailEndTheReading() {
        for text in [
            "", "[", "{\"raw\": \"", "{\"raw\": \"!!!!\"}", "}}}}", "\"raw\"", "{\"raw\" \"QUJD\"}", "{\"raw\": 12}",
        ] {
            var reader = GmailRawReader()
            _ = reader.take(Array(text.utf8))
        }
    }
}
