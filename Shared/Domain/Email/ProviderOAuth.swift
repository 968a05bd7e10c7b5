/// What secrets for mail providers need not say, since it is the same for everyone who uses the provider.
public enum ProviderOAuth {
    /// The secret with its provider's token server, and the scope of client credentials, where it names none.
    public static func completed(_ secret: JSONValue, for kind: MailboxConfiguration.Kind) -> JSONValue {
        guard var members = secret.objectValue, members["clientId"] != nil else { return secret }
        switch kind {
        case .generic: break
        case .gmail: members["tokenUrl"] = members["tokenUrl"] ?? "https://oauth2.googleapis.com/token"
        case .graph:
            members["tokenUrl"] = members["tokenUrl"] ?? .string(microsoft(members, "token"))
            // client credentials get what an administrator has consented to
            if members["refreshToken"] == nil {
                members["scope"] = members["scope"] ?? "https://graph.microsoft.com/.default"
            }
        }
        return .object(members)
    }

    /// Where a person consents, and to what; nil when the secret says neither and the kind has no usual place.
    ///
    /// Gmail gives a refresh token only when asked for offline access, and only at a consent that is shown.
    public static func consent(
        _ secret: JSONValue, for kind: MailboxConfiguration.Kind
    ) -> (address: String, parameters: [(name: String, value: String)])? {
        guard let members = secret.objectValue else { return nil }
        let given = members["authorizationUrl"]?.stringValue
        let scope = members["scope"]?.stringValue
        switch kind {
        case .generic: return given.map { ($0, scope.map { [(name: "scope", value: $0)] } ?? []) }
        case .gmail:
            return (
                given ?? "https://accounts.google.com/o/oauth2/v2/auth",
                [
                    (name: "scope", value: scope ?? "https://mail.google.com/"),
                    (name: "access_type", value: "offline"), (name: "prompt", value: "consent"),
                ]
            )
        case .graph:
            let usual =
                "offline_access https://graph.microsoft.com/Mail.ReadWrite https://graph.microsoft.com/Mail.Send"
            return (
                given ?? microsoft(members, "authorize"),
                [(name: "scope", value: scope ?? usual), (name: "response_mode", value: "query")]
            )
        }
    }

    private static func microsoft(_ members: JSONObject, _ what: String) -> String {
        let tenant = members["tenantId"]?.stringValue.flatMap { $0.allSatisfy(isTenant) ? $0 : nil } ?? "common"
        return "https://login.microsoftonline.com/\(tenant)/oauth2/v2.0/\(what)"
    }

    private static func isTenant(_ character: Character) -> Bool {
        character.isASCII && (character.isLetter || character.isNumber || character == "-" || character == ".")
    }
}
