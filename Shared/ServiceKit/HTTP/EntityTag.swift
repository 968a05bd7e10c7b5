import HTTPTypes

/// Entity tags made of a revision: `"17"`.
public enum EntityTag {
    /// The tag of a revision.
    public static func of(revision: Int64) -> String { "\"\(revision)\"" }

    /// What an `If-Match` asks for.
    public enum Condition: Sendable, Hashable {
        /// `*`: any version, so long as it exists.
        case any
        /// One of these revisions.
        case revisions([Int64])

        /// Whether `revision` satisfies the condition.
        public func matches(_ revision: Int64) -> Bool {
            switch self {
            case .any: true
            case .revisions(let revisions): revisions.contains(revision)
            }
        }
    }

    static func condition(_ header: String) throws(Problem) -> Condition {
        if header == "*" { return .any }
        var revisions: [Int64] = []
        for part in header.split(separator: ",") {
            let tag = part.filter { $0 != " " && $0 != "\t" }
            guard tag.count >= 3, tag.hasPrefix("\""), tag.hasSuffix("\"") else {
                throw .badRequest(
                    at: "If-Match", "must be * or entity tags such as \"17\", as the ETag header gave them")
            }
            // A tag that is no revision of ours matches nothing, which is 412 and not 400.
            revisions.append(Int64(tag.dropFirst().dropLast()) ?? -1)
        }
        guard !revisions.isEmpty else {
            throw .badRequest(at: "If-Match", "must be * or entity tags such as \"17\", as the ETag header gave them")
        }
        return .revisions(revisions)
    }
}

extension APIRequest {
    /// The `If-Match` condition; nil when there is none.
    /// - Throws: ``Problem`` 400 when it is not one (weak tags never match and are refused).
    public var ifMatch: EntityTag.Condition? {
        get throws(Problem) {
            guard let header = raw.headers[.ifMatch] else { return nil }
            return try EntityTag.condition(header)
        }
    }

    /// The `If-Match` condition of a request that must have one.
    /// - Throws: ``Problem`` 428 when it has none.
    public var requiredIfMatch: EntityTag.Condition {
        get throws(Problem) {
            guard let condition = try ifMatch else {
                throw .preconditionRequired("Send If-Match with the ETag of the version that you have read, or *.")
            }
            return condition
        }
    }
}
