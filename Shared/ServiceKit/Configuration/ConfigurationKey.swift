/// What a key is for, as `--help` and the README list it.
public struct ConfigurationKeyDescription: Sendable, Hashable {
    /// Name in a file: `http.port`, also written as nested objects.
    public let name: String
    /// Name in the environment: `MILLRACE_HTTP_PORT`.
    public let environment: String
    /// What a value looks like.
    public let expected: String
    /// What holds when the key is absent; nil: nothing.
    public let fallback: String?
    /// What it is for.
    public let summary: String
    /// Whether its value is never printed.
    public let isSecret: Bool
}

/// One configuration key: name, meaning and how its text becomes a value. A new key is one constant of this type, and
/// its place in a list of descriptions.
public struct ConfigurationKey<Value: Sendable>: Sendable {
    /// How it is listed.
    public let description: ConfigurationKeyDescription
    /// What holds when it is absent.
    public let fallback: Value?
    let parse: @Sendable (String) throws(ConfigurationValueError) -> Value

    /// - Parameters:
    ///   - name: lower-case words joined by dots.
    ///   - expected: what a value looks like, for listings and errors.
    ///   - fallback: value when absent, and how it is listed.
    ///   - parse: text to value; throws what is wrong, beginning with "must" or "is".
    public init(
        _ name: String, _ summary: String, expected: String, fallback: (value: Value, text: String)? = nil,
        isSecret: Bool = false, parse: @escaping @Sendable (String) throws(ConfigurationValueError) -> Value
    ) {
        description = ConfigurationKeyDescription(
            name: name, environment: Self.environmentName(name), expected: expected, fallback: fallback?.text,
            summary: summary, isSecret: isSecret)
        self.fallback = fallback?.value
        self.parse = parse
    }

    private static func environmentName(_ name: String) -> String {
        "MILLRACE_" + name.split(separator: ".").map { $0.uppercased() }.joined(separator: "_")
    }
}

/// What is wrong with one value, without the key's name; never holds a secret.
public struct ConfigurationValueError: Error, Sendable, Hashable, CustomStringConvertible {
    /// "must be …".
    public let description: String

    /// Says what is wrong.
    public init(_ description: String) { self.description = description }
}

/// Why a service does not start: every key that is unknown, wrong or in contradiction to another.
public struct ConfigurationError: Error, Sendable, Hashable, CustomStringConvertible {
    /// One line each, beginning with the key's name.
    public let problems: [String]

    /// All problems, one a line.
    public var description: String { "The configuration is not valid:\n  " + problems.joined(separator: "\n  ") }
}
