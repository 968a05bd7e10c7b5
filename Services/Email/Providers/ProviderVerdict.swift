import Domain
import EmailAccess
import Foundation

/// What an HTTP answer of a provider means.
package enum ProviderVerdict: Sendable, Equatable {
    /// As wanted.
    case fine
    /// The access token is no longer taken; a new one may be.
    case tokenRefused
    /// Too many requests, or the provider is in trouble: again after so many seconds; nil: it does not say.
    case later(seconds: Int?, isThrottled: Bool)
    /// What was asked for is not there, or no longer.
    case gone
    /// Not taken, and never will be.
    case refused(String)

    /// - Parameters:
    ///   - retryAfter: the header of that name, seconds or a date (RFC 9110, section 10.2.3).
    ///   - body: what the provider says.
    package init(status: Int, retryAfter: String?, body: [UInt8], now: Date = Date()) {
        let reason = ProviderReason(body)
        switch status {
        case 200..<300: self = .fine
        case 401: self = .tokenRefused
        // 416: a range that is asked for in the middle of an upload
        case 404, 410, 416: self = .gone
        case 429: self = .later(seconds: Self.seconds(retryAfter, now), isThrottled: true)
        // Gmail says so with 403: https://developers.google.com/workspace/gmail/api/guides/handle-errors
        case 403 where reason.isAboutLimits: self = .later(seconds: Self.seconds(retryAfter, now), isThrottled: true)
        // Graph's expired delta tokens come with either status
        case 400 where reason.isAboutSync: self = .gone
        case 503, 509: self = .later(seconds: Self.seconds(retryAfter, now), isThrottled: retryAfter != nil)
        case 408, 500...: self = .later(seconds: Self.seconds(retryAfter, now), isThrottled: false)
        default: self = .refused("status \(status)\(reason.text.map { ", \($0)" } ?? "")")
        }
    }

    private static func seconds(_ text: String?, _ now: Date) -> Int? {
        guard let text = text?.trimmingCharacters(in: .whitespaces), !text.isEmpty else { return nil }
        if let seconds = Int(text) { return max(0, min(seconds, 86_400)) }
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.timeZone = TimeZone(secondsFromGMT: 0)
        format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss zzz"
        return format.date(from: text).map { max(0, min(Int($0.timeIntervalSince(now).rounded(.up)), 86_400)) }
    }
}

/// The reason in the body of a refusal: `{"error": {"code" or "status", "message", "errors": [{"reason"}]}}`.
struct ProviderReason {
    /// Code or reason, such as `ErrorItemNotFound`; never the message, which may quote what was sent.
    let text: String?

    init(_ body: [UInt8]) {
        let error = (try? JSONValue(parsing: body))?["error"]
        let words = [
            error?["errors"]?.arrayValue?.first?["reason"]?.stringValue, error?["code"]?.stringValue,
            error?["status"]?.stringValue, error?.stringValue,
        ]
        text = words.compactMap { $0 }.first.map { String($0.filter { $0.isASCII && !$0.isNewline }.prefix(80)) }
    }

    var isAboutLimits: Bool {
        ["rateLimitExceeded", "userRateLimitExceeded", "dailyLimitExceeded", "RESOURCE_EXHAUSTED"].contains(text ?? "")
    }

    var isAboutSync: Bool {
        ["syncstatenotfound", "syncstateinvalid", "resyncrequired"].contains(text?.lowercased() ?? "")
    }
}
