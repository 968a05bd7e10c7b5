import Configuration
import Foundation

/// Where values come from: the environment, then the file that it names. Collects everything that is wrong, so that an
/// operator sees it all at once.
public struct ConfigurationSource {
    private let reader: ConfigReader
    private let origins: [String: String]
    private(set) var problems: [String] = []
    /// Each key read with its value as it may be printed, and where it came from.
    public private(set) var effective: [(key: String, value: String, origin: String)] = []

    /// - Parameters:
    ///   - environment: all variables; those that begin with `MILLRACE_` count.
    ///   - keys: all keys that exist, also those that only another service reads.
    public init(
        environment: [String: String] = ProcessInfo.processInfo.environment,
        keys: [ConfigurationKeyDescription] = ConfigurationKeys.all
    ) {
        let own = environment.filter { $0.key.hasPrefix("MILLRACE_") && !$0.value.isEmpty }
        let names = Dictionary(keys.map { ($0.environment, $0) }, uniquingKeysWith: { first, _ in first })
        var values: [String: (text: String, origin: String)] = [:]
        for (variable, text) in own.sorted(by: { $0.key < $1.key }) {
            if let key = names[variable] {
                values[key.name] = (text, "environment")
            } else if !variable.hasPrefix("MILLRACE_TEST_") {
                problems.append(Self.unknown(variable, among: names.keys.sorted()))
            }
        }
        if let path = values[ConfigurationKeys.file.description.name]?.text {
            let (found, wrong) = ConfigurationFile.read(path, keys: keys)
            problems += wrong
            for (name, text) in found where values[name] == nil { values[name] = (text, path) }
        }
        origins = values.mapValues(\.origin)
        let secrets = Set(keys.filter(\.isSecret).map(\.name))
        reader = ConfigReader(
            provider: InMemoryProvider(
                values: Dictionary(
                    uniqueKeysWithValues: values.map { name, value in
                        (
                            AbsoluteConfigKey(name.split(separator: ".").map(String.init)),
                            ConfigValue(.string(value.text), isSecret: secrets.contains(name))
                        )
                    })))
    }

    /// The value of `key`: as given, else its fallback, else nil. What is wrong is remembered.
    public mutating func optional<Value>(_ key: ConfigurationKey<Value>) -> Value? {
        let description = key.description
        guard let text = reader.string(forKey: ConfigKey(description.name), isSecret: description.isSecret) else {
            effective.append((description.environment, description.fallback ?? "", "default"))
            return key.fallback
        }
        if description.isSecret { Self.remember(text) }
        let shown = description.isSecret ? SecretText.shown(text) : text
        effective.append((description.environment, shown, origins[description.name] ?? ""))
        do {
            return try key.parse(text)
        } catch {
            refuse(key, error.description)
            return key.fallback
        }
    }

    /// The value of a key that must be there.
    /// - Parameter placeholder: returned when it is missing or wrong; ``finish()`` then throws.
    public mutating func required<Value>(_ key: ConfigurationKey<Value>, placeholder: Value) -> Value {
        let before = problems.count
        if let value = optional(key) { return value }
        if problems.count == before { refuse(key, "is missing; it must be \(key.description.expected)") }
        return placeholder
    }

    /// Notes that the value of `key` cannot be, for a reason that the key alone does not show.
    public mutating func refuse<Value>(_ key: ConfigurationKey<Value>, _ reason: String) {
        problems.append("\(key.description.environment) \(reason)")
    }

    /// Whether `key` was given.
    public func isGiven<Value>(_ key: ConfigurationKey<Value>) -> Bool { origins[key.description.name] != nil }

    /// - Throws: ``ConfigurationError`` when anything was wrong.
    public func finish() throws(ConfigurationError) {
        if !problems.isEmpty { throw ConfigurationError(problems: problems) }
    }

    private static func remember(_ text: String) {
        for secret in SecretText.secrets(text) { KnownSecrets.shared.add(secret) }
    }

    private static func unknown(_ variable: String, among names: [String]) -> String {
        let nearest = names.map { ($0, editDistance(variable, $0)) }.min { $0.1 < $1.1 }
        guard let nearest, nearest.1 <= 4 else { return "\(variable) is not a key of this version" }
        return "\(variable) is not a key of this version; is \(nearest.0) meant?"
    }
}

/// Levenshtein's distance.
func editDistance(_ left: String, _ right: String) -> Int {
    let right = Array(right.utf8)
    var row = Array(0...right.count)
    for (i, a) in left.utf8.enumerated() {
        var diagonal = row[0]
        row[0] = i + 1
        for (j, b) in right.enumerated() {
            let next = min(row[j] + 1, row[j + 1] + 1, diagonal + (a == b ? 0 : 1))
            diagonal = row[j + 1]
            row[j + 1] = next
        }
    }
    return row[right.count]
}
