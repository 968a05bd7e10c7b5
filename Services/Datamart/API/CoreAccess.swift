import AsyncHTTPClient
import Domain
import Foundation
import NIOCore
import ServiceKit

/// Finds out whom a credential belongs to: the core service keeps keys and knows the issuers of tokens
/// (`GET /iwd/v3/access`).
struct CoreAccess: Sendable {
    let http: HTTPClient
    /// Addresses of core, without a slash at their end; asked in order until one answers.
    let addresses: [String]

    /// - Returns: nil when the credential does not hold.
    /// - Throws: 503 when no instance of core answers.
    func principal(of credential: String) async throws -> Principal? {
        // What no header can hold is nobody's credential.
        guard credential.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else { return nil }
        for address in addresses {
            guard let answer = try await ask(address, credential) else { continue }
            switch answer.status {
            case 200: return Self.principal(answer.body)
            case 401, 403: return nil
            default: continue
            }
        }
        throw Problem.unavailable("No instance of core answers, which knows the credentials; try again.")
    }

    private func ask(_ address: String, _ credential: String) async throws -> (status: UInt, body: JSONValue?)? {
        var request = HTTPClientRequest(url: "\(address)/iwd/v3/access")
        request.headers.add(name: "authorization", value: "Bearer \(credential)")
        do {
            let response = try await http.execute(request, timeout: .seconds(5))
            let body = try await response.body.collect(upTo: 1 << 16)
            return (response.status.code, try? JSONValue(parsing: Array(body.readableBytesView)))
        } catch {
            if error is CancellationError || Task.isCancelled { throw CancellationError() }
            return nil
        }
    }

    private static func principal(_ answer: JSONValue?) -> Principal? {
        guard let answer, let tenant = answer["tenant"]?.stringValue else { return nil }
        let roles = (answer["roles"]?.arrayValue ?? []).compactMap { $0.stringValue.flatMap(Role.init(rawValue:)) }
        return Principal(
            tenant: answer["tenantId"]?.integerValue.flatMap { Int32(exactly: $0) } ?? 0, tenantName: tenant,
            subject: (answer["subject"] ?? answer["name"])?.stringValue ?? "", roles: Roles(roles),
            source: answer["source"]?.stringValue, agent: answer["agent"]?.stringValue)
    }
}
