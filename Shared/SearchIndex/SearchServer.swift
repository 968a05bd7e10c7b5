public import Domain
import Foundation
public import ServiceKit

/// Calls Elasticsearch or OpenSearch. Only what 7.10, 8, 9 and OpenSearch have alike is asked of it: no types, no
/// compatibility headers, `_bulk`, `_search`, `_aliases`, `_doc` with `if_seq_no`.
public struct SearchServer: Sendable {
    private let http: OutboundHTTP
    private let url: String
    private let authorization: String?

    /// - Parameters:
    ///   - http: passes the guard of addresses.
    ///   - password: the user's, or an API key where there is no user.
    public init(_ configuration: SearchConfiguration, password: String?, http: OutboundHTTP) {
        self.http = http
        url = configuration.url
        authorization = password.map { password in
            guard let user = configuration.user else { return "ApiKey \(password)" }
            return "Basic " + Data("\(user):\(password)".utf8).base64EncodedString()
        }
    }

    /// Makes a call and reads its answer.
    /// - Parameters:
    ///   - body: JSON, or lines of it for `_bulk`.
    ///   - limit: bytes of the answer at most.
    /// - Throws: ``SearchIndexError``, `CancellationError`.
    @discardableResult
    public func call(
        _ method: String, _ path: String, _ body: [UInt8]? = nil, isLines: Bool = false,
        within timeout: Duration = .seconds(30), limit: Int = 64 << 20
    ) async throws -> JSONValue {
        var headers: [(name: String, value: String)] = [("accept", "application/json")]
        if body != nil { headers.append(("content-type", isLines ? "application/x-ndjson" : "application/json")) }
        if let authorization { headers.append(("authorization", authorization)) }
        let answer: OutboundHTTP.Answer
        do {
            answer = try await http.send(
                method, url + path, headers: headers, body: body, timeout: timeout, limit: limit)
        } catch let failure as OutboundHTTP.Failure {
            throw Self.error(failure)
        }
        let value =
            (try? JSONValue(parsing: answer.body, limits: JSONLimits(bytes: limit, elements: limit / 12))) ?? .null
        guard (200..<300).contains(answer.status) else { throw Self.error(answer.status, value) }
        return value
    }

    /// The same with a body as a value.
    @discardableResult
    public func call(
        _ method: String, _ path: String, _ body: JSONValue, within timeout: Duration = .seconds(30),
        limit: Int = 64 << 20
    ) async throws -> JSONValue {
        try await call(method, path, body.bytes, within: timeout, limit: limit)
    }

    private static func error(_ failure: OutboundHTTP.Failure) -> SearchIndexError {
        let code: SearchIndexError.Code =
            switch failure.code {
            case .refused, .tooLarge: .refused
            case .timedOut: .timedOut
            case .unreachable, .status, .closed: .unreachable
            }
        return SearchIndexError(code, failure.description)
    }

    /// Reasons may quote what was sent, so only the kind of error is kept.
    private static func error(_ status: Int, _ answer: JSONValue) -> SearchIndexError {
        let kind = answer["error"]?["type"]?.stringValue ?? ""
        let text = "the search server answers \(status)" + (kind.isEmpty ? "" : " (\(kind))")
        let code: SearchIndexError.Code =
            switch status {
            case 404: .notFound
            case 409: .conflict
            case 429, 500...: .busy
            default: .refused
            }
        return SearchIndexError(code, text)
    }
}
