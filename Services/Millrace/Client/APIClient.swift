import AsyncHTTPClient
import Domain
import Foundation
import NIOCore
import NIOHTTP1

/// Talks to the API: one request, one answer, problems in words that say what to do.
struct APIClient: Sendable {
    let address: APIAddress
    let key: String
    /// One for the process, never shut down. A refused connection is said at once: whoever should try again does so.
    private static let http: HTTPClient = {
        var configuration = HTTPClient.Configuration()
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.timeout.connect = .seconds(5)
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    /// What came back.
    struct Answer: Sendable {
        var status: Int
        var headers: HTTPHeaders
        var bytes: [UInt8]

        var isSuccess: Bool { (200..<300).contains(status) }

        /// The body as JSON; `null` when there is none.
        func json() throws(CommandFailure) -> JSONValue {
            guard !bytes.isEmpty else { return .null }
            do {
                return try JSONValue(parsing: bytes, limits: .configuration)
            } catch {
                throw CommandFailure(
                    .unavailable, "The answer is not JSON (\(error)); is this the address of Millrace's API?")
            }
        }
    }

    /// Sends a request and returns whatever the server says.
    /// - Parameters:
    ///   - path: below the API's path, percent-encoded, with its query: `/workitems?limit=5`.
    ///   - timeout: for the whole answer.
    /// - Throws: `CommandFailure` when there is no answer.
    func send(
        _ method: HTTPMethod, _ path: String, body: [UInt8]? = nil, contentType: String = "application/json",
        headers: [(String, String)] = [], timeout: TimeAmount = .seconds(30)
    ) async throws -> Answer {
        try await send(
            method, url: address.text + path, body: body, contentType: contentType, headers: headers, timeout: timeout)
    }

    /// Sends a request to a whole address of the same server.
    func send(
        _ method: HTTPMethod, url: String, body: [UInt8]? = nil, contentType: String = "application/json",
        headers: [(String, String)] = [], timeout: TimeAmount = .seconds(30)
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: url)
        request.method = method
        request.headers.add(name: "Authorization", value: "Bearer \(key)")
        request.headers.add(name: "Accept", value: "application/json")
        for (name, value) in headers { request.headers.replaceOrAdd(name: name, value: value) }
        if let body {
            request.headers.replaceOrAdd(name: "Content-Type", value: contentType)
            request.body = .bytes(body)
        }
        do {
            let response = try await Self.http.execute(request, timeout: timeout)
            let buffer = try await response.body.collect(upTo: 256 << 20)
            return Answer(
                status: Int(response.status.code), headers: response.headers, bytes: Array(buffer.readableBytesView))
        } catch let error where !(error is CancellationError) && !Task.isCancelled {
            throw CommandFailure(
                .unavailable,
                "No answer from \(address.origin): \(error). Is the service running? (`make up`, `make status`)")
        }
    }

    /// Sends a request and returns the JSON of its answer.
    /// - Throws: `CommandFailure` with the server's own words when it refuses.
    @discardableResult
    func call(
        _ method: HTTPMethod, _ path: String, body: JSONValue? = nil, headers: [(String, String)] = []
    ) async throws -> JSONValue {
        let answer = try await send(method, path, body: body?.bytes, headers: headers)
        guard answer.isSuccess else { throw ProblemText.failure(of: answer, address: address) }
        return try answer.json()
    }

    /// Every element of a list, page by page, until `take` says that it has enough.
    /// - Parameter look: is shown each page before its elements.
    func forEach(
        _ path: String, query: [(String, String)] = [], page look: (JSONValue) -> Void = { _ in },
        take: (JSONValue) throws -> Bool
    ) async throws {
        var cursor: String?
        repeat {
            let parameters = query + (cursor.map { [("cursor", $0)] } ?? [])
            let page = try await call(.GET, path + PercentEncoding.query(parameters))
            look(page)
            for item in page["items"]?.arrayValue ?? [] where try !take(item) { return }
            cursor = page["next"]?.stringValue
        } while cursor != nil
    }
}
