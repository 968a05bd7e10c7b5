import Domain
import Foundation

/// The kinds of value that keys have.
extension ConfigurationKey where Value == String {
    /// A text; `pattern` is a predicate with the words that describe it.
    static func text(
        _ name: String, _ summary: String, expected: String, fallback: String? = nil, isSecret: Bool = false,
        where isValid: @escaping @Sendable (String) -> Bool = { _ in true }
    ) -> Self {
        Self(name, summary, expected: expected, fallback: fallback.map { ($0, $0) }, isSecret: isSecret) {
            (text) throws(ConfigurationValueError) in
            guard isValid(text) else { throw ConfigurationValueError("must be \(expected)") }
            return text
        }
    }

    /// An address with one of the schemes and a host. Its password is a secret.
    static func url(_ name: String, _ summary: String, schemes: [String], example: String) -> Self {
        text(name, summary, expected: "an address such as \(example)", isSecret: true) { text in
            guard let parts = URLComponents(string: text), let scheme = parts.scheme?.lowercased() else { return false }
            return schemes.contains(scheme) && parts.host?.isEmpty == false
        }
    }
}

extension ConfigurationKey where Value == Int {
    /// A whole number in a range.
    static func integer(_ name: String, _ summary: String, in range: ClosedRange<Int>, fallback: Int) -> Self {
        let expected = "a whole number from \(range.lowerBound) to \(range.upperBound)"
        return Self(name, summary, expected: expected, fallback: (fallback, String(fallback))) {
            (text) throws(ConfigurationValueError) in
            guard let value = Int(text), range.contains(value) else {
                throw ConfigurationValueError("must be \(expected), not \(text)")
            }
            return value
        }
    }
}

extension ConfigurationKey where Value == Bool {
    /// `on` or `off`.
    static func onOff(_ name: String, _ summary: String, fallback: Bool) -> Self {
        Self(name, summary, expected: "on or off", fallback: (fallback, fallback ? "on" : "off")) {
            (text) throws(ConfigurationValueError) in
            switch text.lowercased() {
            case "on", "true", "yes", "1": return true
            case "off", "false", "no", "0": return false
            default: throw ConfigurationValueError("must be on or off, not \(text)")
            }
        }
    }
}

extension ConfigurationKey where Value == Duration {
    /// A time such as `500ms`, `3s` or `1h30m`; range and fallback are milliseconds.
    public static func duration(
        _ name: String, _ summary: String, in range: ClosedRange<Int64>, fallbackMilliseconds: Int64
    ) -> Self {
        func text(_ milliseconds: Int64) -> String { DurationText.text(milliseconds: milliseconds) }
        let expected = "a duration from \(text(range.lowerBound)) to \(text(range.upperBound))"
        let fallback = (Duration.milliseconds(fallbackMilliseconds), text(fallbackMilliseconds))
        return Self(name, summary, expected: expected, fallback: fallback) { (text) throws(ConfigurationValueError) in
            guard let milliseconds = DurationText.milliseconds(text), range.contains(milliseconds) else {
                throw ConfigurationValueError("must be \(expected), not \(text)")
            }
            return .milliseconds(milliseconds)
        }
    }
}

extension ConfigurationKey where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
    /// One of a list of names.
    static func choice(_ name: String, _ summary: String, fallback: Value) -> Self {
        let names = Value.allCases.map(\.rawValue).joined(separator: ", ")
        return Self(name, summary, expected: "one of \(names)", fallback: (fallback, fallback.rawValue)) {
            (text) throws(ConfigurationValueError) in
            guard let value = Value(rawValue: text) ?? Value(rawValue: text.lowercased()) else {
                throw ConfigurationValueError("must be one of \(names), not \(text)")
            }
            return value
        }
    }
}
