import Foundation

/// Configuration keys that every service has which works for core.
package enum CoreAccessKeys {
    /// Core's addresses, without a slash at the end.
    /// - Parameter service: what the key's name begins with: `email` makes `email.core`.
    package static func addresses(of service: String) -> ConfigurationKey<[String]> {
        ConfigurationKey<[String]>(
            "\(service).core", "Addresses of the core service.",
            expected: "one or several addresses such as http://core:4024, separated by commas"
        ) { (text) throws(ConfigurationValueError) in
            let addresses = text.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
            let areAddresses = addresses.allSatisfy { address in
                guard let parts = URLComponents(string: address), let scheme = parts.scheme else { return false }
                return ["http", "https"].contains(scheme) && parts.host?.isEmpty == false && parts.query == nil
            }
            guard !addresses.isEmpty, areAddresses else {
                throw ConfigurationValueError("must be addresses such as http://core:4024, separated by commas")
            }
            return addresses.map { $0.hasSuffix("/") ? String($0.dropLast()) : $0 }
        }
    }

    /// API keys, one for each tenant that the service works for.
    /// - Parameter summary: which role they have, and for which tenants they are.
    package static func tenants(of service: String, _ summary: String) -> ConfigurationKey<[String]> {
        ConfigurationKey<[String]>(
            "\(service).keys", summary, expected: "keys separated by commas", isSecret: true
        ) { (text) throws(ConfigurationValueError) in
            let keys = text.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
                .filter { !$0.isEmpty }
            guard !keys.isEmpty else { throw ConfigurationValueError("must be keys separated by commas") }
            return keys
        }
    }
}
