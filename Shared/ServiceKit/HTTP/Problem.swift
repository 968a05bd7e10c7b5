import Domain

/// An error as a caller sees it: RFC 9457 `application/problem+json`.
///
/// Every answer above 399 is one of these, whether a handler threw it or the server found it. `detail` and the field
/// errors say what to do; what only an operator should know goes to the log.
public struct Problem: Error, Sendable, Hashable {
    /// One wrong place in what the caller sent.
    public struct FieldError: Sendable, Hashable {
        /// A JSON pointer into the body, or the name of a query parameter or header.
        public var path: String
        /// What is wrong there and what was expected.
        public var message: String

        /// Names one wrong place.
        public init(path: String, message: String) {
            self.path = path
            self.message = message
        }
    }

    /// HTTP status, 400…599.
    public var status: Int
    /// Short machine-readable name; `type` on the wire is `urn:millrace:problem:` and this.
    public var code: String
    /// Summary that is the same for every occurrence of `code`.
    public var title: String
    /// What happened this time and what to do.
    public var detail: String?
    /// The places that are wrong, all of them.
    public var errors: [FieldError]
    /// Further members of the document, for example the limit that was exceeded.
    public var members: JSONObject
    /// Header fields that belong to the answer (`Retry-After`, `Allow`, `WWW-Authenticate`).
    public var headers: [Header]

    /// A header field of a problem.
    public struct Header: Sendable, Hashable {
        /// Field name.
        public var name: String
        /// Field value.
        public var value: String

        /// Makes a header field.
        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// Makes a problem.
    public init(
        status: Int, code: String, title: String, detail: String? = nil, errors: [FieldError] = [],
        members: JSONObject = JSONObject(), headers: [Header] = []
    ) {
        self.status = status
        self.code = code
        self.title = title
        self.detail = detail
        self.errors = errors
        self.members = members
        self.headers = headers
    }

    /// The document as it goes over the wire.
    /// - Parameter instance: URI of this occurrence.
    public func document(instance: String) -> [UInt8] {
        var writer = JSONWriter(capacity: 256)
        writer.object { writer in
            writer.member("type", "urn:millrace:problem:" + code)
            writer.member("title", title)
            writer.member("status", status)
            if let detail { writer.member("detail", detail) }
            writer.member("instance", instance)
            if !errors.isEmpty {
                writer.array("errors") { writer in
                    for error in errors {
                        writer.object { writer in
                            writer.member("path", error.path)
                            writer.member("message", error.message)
                        }
                    }
                }
            }
            for (key, value) in members.members { writer.member(key, value) }
        }
        return writer.bytes
    }
}

/// An error that knows how a caller should see it. Errors that are not one answer 500 with nothing but the request id.
public protocol ProblemConvertible: Error {
    /// The problem that the caller gets.
    var problem: Problem { get }
}
