import AsyncHTTPClient
import NIOCore
import ServiceKit

extension CoreClient {
    /// Stores a content unless it is there.
    func put(_ content: ContentBody, type: String) async throws {
        let response = try await send(
            .PUT, "/contents/\(content.sha256)", headers: [("content-type", type)], timeout: .seconds(300)
        ) { content.body }
        _ = try await Self.networked { try await response.body.collect(upTo: 65536) }
    }

    /// Reads a content piece by piece.
    func content(_ sha256: String, _ take: (ByteBuffer) async throws -> Void) async throws {
        let response = try await send(.GET, "/contents/\(sha256)", headers: [], timeout: .seconds(300)) { nil }
        for try await buffer in response.body { try await take(buffer) }
    }
}
