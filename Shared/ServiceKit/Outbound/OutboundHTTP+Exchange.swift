import AsyncHTTPClient
import NIOCore

extension OutboundHTTP {
    /// Makes one call whose bodies are streamed both ways, under the same rules as ``send``: guarded address, no
    /// redirect, bounded time.
    /// - Parameters:
    ///   - headers: header fields besides `Host` and `Content-Length`.
    ///   - body: what is sent, if anything.
    ///   - timeout: for the whole of it, what `take` does included.
    ///   - take: gets status, header fields (names as sent) and the body as it comes.
    /// - Returns: what `take` returns.
    /// - Throws: ``Failure``, and what `take` throws.
    public func exchange<Value: Sendable>(
        _ method: String, _ address: String, headers: [(name: String, value: String)] = [],
        body: HTTPClientRequest.Body? = nil, timeout: Duration,
        _ take: (_ status: Int, _ headers: [(name: String, value: String)], _ body: HTTPClientResponse.Body)
            async throws
            -> Value
    ) async throws -> Value {
        guard let url = OutboundURL(address) else {
            throw Failure(code: .refused, description: "not an http or https address")
        }
        let name = "\(url.host):\(url.port)"
        let response: HTTPClientResponse
        let client: PinnedClient
        do {
            client = try lease(name, url.host, try await addresses(of: url, within: timeout))
        } catch let refusal as AddressGuard.Refusal {
            throw Failure(code: .refused, description: refusal.description)
        }
        defer { client.end() }
        await closeRetired()
        var request = HTTPClientRequest(url: url.normalized)
        request.method = .RAW(value: method)
        for header in headers { request.headers.add(name: header.name, value: header.value) }
        request.body = body
        do {
            response = try await client.http.execute(request, timeout: TimeAmount(timeout))
        } catch {
            throw Self.failure(error, name, timeout)
        }
        do {
            return try await take(
                Int(response.status.code), response.headers.map { ($0.name, $0.value) }, response.body)
        } catch let error as HTTPClientError {
            throw Self.failure(error, name, timeout)
        }
    }

    private func addresses(of url: OutboundURL, within timeout: Duration) async throws -> [IPAddress] {
        try await withThrowingTaskGroup { group in
            group.addTask { try await self.addressGuard.addresses(host: url.host, port: url.port) }
            group.addTask {
                try await Task.sleep(for: timeout)
                throw Failure(code: .timedOut, description: "\(url.host) was not resolved within \(timeout)")
            }
            defer { group.cancelAll() }
            return try await group.next() ?? []
        }
    }

    private static func failure(_ error: any Error, _ name: String, _ timeout: Duration) -> any Error {
        switch error {
        case is CancellationError: return error
        case let error as HTTPClientError where error == .cancelled: return CancellationError()
        case let error as HTTPClientError
        where error == .deadlineExceeded || error == .connectTimeout || error == .readTimeout:
            return Failure(code: .timedOut, description: "\(name) did not answer within \(timeout)")
        default: return Failure(code: .unreachable, description: "\(name): \(error)")
        }
    }
}
