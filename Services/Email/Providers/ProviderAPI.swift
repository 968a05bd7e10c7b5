import AsyncHTTPClient
import Domain
import EmailAccess
import Foundation
import NIOCore
import ServiceKit
import Synchronization

/// Calls a provider's interface for one mailbox: signed in, at its pace, and only at its own address.
///
/// When the provider asks to wait, every call made here waits.
final class ProviderAPI: Sendable {
    /// Without this many tries a call that is asked to come later is given up; the mailbox is then tried again as a
    /// whole.
    private static let tries = 5
    /// A longer wait than this is not sat out within a call.
    private static let longestWait = 120

    let base: String
    private let http: OutboundHTTP
    private let token: @Sendable (_ refused: String?) async throws -> String
    private let notBefore = Mutex(ContinuousClock.now)

    /// - Parameters:
    ///   - base: the interface's address, without a slash at the end.
    ///   - token: gives an access token, another than the one that was refused.
    init(base: String, http: OutboundHTTP, token: @escaping @Sendable (_ refused: String?) async throws -> String) {
        self.base = base.hasSuffix("/") ? String(base.dropLast()) : base
        self.http = http
        self.token = token
    }

    /// Makes a call that may be repeated, and reads its answer.
    /// - Returns: nil when there is no such thing.
    /// - Throws: ``EmailAccessError``, `CancellationError`, and what getting a token throws.
    func call(
        _ method: String, _ path: String, _ body: JSONValue? = nil, headers: [(name: String, value: String)] = []
    ) async throws -> JSONValue? {
        let bytes = body.map(\.bytes)
        let sent = headers + (bytes == nil ? [] : [(name: "content-type", value: "application/json")])
        return try await exchange(method, path, headers: sent, body: { bytes.map { .bytes($0) } }, Self.json)
    }

    /// Reads an answer; null for an empty one.
    static func json(_ body: HTTPClientResponse.Body) async throws -> JSONValue {
        let answer = try await body.collect(upTo: 16 << 20)
        if answer.readableBytes == 0 { return .null }
        guard let value = try? JSONValue(parsing: Array(answer.readableBytesView), limits: limits) else {
            throw EmailAccessError(.protocolViolation, "The mail provider's answer is no JSON.")
        }
        return value
    }

    /// Makes a call that may be repeated, and takes its answer as it comes.
    /// - Returns: nil when there is no such thing.
    func exchange<Value: Sendable>(
        _ method: String, _ path: String, headers: [(name: String, value: String)] = [],
        body: @Sendable () -> HTTPClientRequest.Body? = { nil },
        _ take: (HTTPClientResponse.Body) async throws -> Value
    ) async throws -> Value? {
        try await patiently { try await once(method, path, headers: headers, body: body, take) }
    }

    /// Repeats a call for as long as the provider asks to come later, within bounds.
    /// - Parameter onlyThrottled: whether a call that failed while the provider had it is given up: it may have had its
    ///   effect.
    /// - Returns: nil when there is no such thing.
    func patiently<Value: Sendable>(
        onlyThrottled: Bool = false, _ call: () async throws -> Outcome<Value>
    ) async throws -> Value? {
        for attempt in 1... {
            switch try await call() {
            case .taken(let value): return value
            case .verdict(.gone): return nil
            case .verdict(.later(_, isThrottled: false)) where onlyThrottled:
                throw EmailAccessError(.temporarilyRefused, "The mail provider failed while it had a request.")
            case .verdict(.later(let seconds, _)):
                let wait = seconds ?? 1 << min(attempt, 6)
                guard attempt < Self.tries, wait <= Self.longestWait else {
                    throw EmailAccessError(
                        .temporarilyRefused, "The mail provider asks to come again in \(wait) seconds.")
                }
            case .verdict(.refused(let reason)):
                throw EmailAccessError(.refused, "The mail provider refuses a request: \(reason).")
            case .verdict(.tokenRefused), .verdict(.fine):
                throw EmailAccessError(
                    .credentialsRefused, "The mail provider does not take the access token. Give consent again.")
            }
        }
        return nil
    }

    /// What came of one try.
    enum Outcome<Value: Sendable>: Sendable {
        case taken(Value)
        case verdict(ProviderVerdict)
    }

    /// Makes a call once; with a second token when the first is refused, which changes nothing at the provider.
    func once<Value: Sendable>(
        _ method: String, _ path: String, headers: [(name: String, value: String)] = [],
        body: @Sendable () -> HTTPClientRequest.Body?, _ take: (HTTPClientResponse.Body) async throws -> Value
    ) async throws -> Outcome<Value> {
        let address = try address(path)
        var refused: String?
        while true {
            try await pause()
            let token = try await token(refused)
            let all = headers + [(name: "authorization", value: "Bearer \(token)")]
            let outcome = try await unsigned(method, address, headers: all, body: body()) { _, body in
                try await take(body)
            }
            guard case .verdict(.tokenRefused) = outcome, refused == nil else { return outcome }
            refused = token
        }
    }

    /// Makes a call once, at the pace of the others, without signing in: to an address that the provider has given for
    /// this one purpose, wherever it leads. The address guard decides.
    /// - Parameter take: gets the status too.
    func unsigned<Value: Sendable>(
        _ method: String, _ address: String, headers: [(name: String, value: String)],
        body: HTTPClientRequest.Body?, _ take: (_ status: Int, HTTPClientResponse.Body) async throws -> Value
    ) async throws -> Outcome<Value> {
        try await pause()
        let outcome: Outcome<Value>
        do {
            outcome = try await http.exchange(method, address, headers: headers, body: body, timeout: .seconds(300)) {
                status, headers, body in
                if (200..<300).contains(status) { return .taken(try await take(status, body)) }
                let said = try await Self.beginning(of: body)
                let retryAfter = headers.first { $0.name.lowercased() == "retry-after" }?.value
                return .verdict(ProviderVerdict(status: status, retryAfter: retryAfter, body: said))
            }
        } catch let failure as OutboundHTTP.Failure {
            throw Self.error(failure)
        }
        if case .verdict(.later(let seconds, _)) = outcome { hold(for: seconds ?? 1) }
        return outcome
    }

    /// Links that the provider gives lead back to it; the token goes nowhere else.
    private func address(_ path: String) throws(EmailAccessError) -> String {
        if path.hasPrefix("/") { return base + path }
        guard path.hasPrefix(base + "/") || path.hasPrefix(base + "?") else {
            throw EmailAccessError(.protocolViolation, "The mail provider's link leads to another address.")
        }
        return path
    }

    private func pause() async throws {
        while true {
            let moment = notBefore.withLock { $0 }
            guard moment > .now else { return }
            try await Task.sleep(until: moment, clock: .continuous)
        }
    }

    private func hold(for seconds: Int) {
        let moment = ContinuousClock.now + .seconds(min(seconds, Self.longestWait))
        notBefore.withLock { $0 = max($0, moment) }
    }

    private static func beginning(of body: HTTPClientResponse.Body) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for try await piece in body {
            bytes.append(contentsOf: piece.readableBytesView.prefix(65_536 - bytes.count))
            if bytes.count >= 65_536 { break }
        }
        return bytes
    }

    private static func error(_ failure: OutboundHTTP.Failure) -> EmailAccessError {
        switch failure.code {
        case .refused: EmailAccessError(.addressRefused, "The mail provider cannot be asked: \(failure.description).")
        case .timedOut: EmailAccessError(.timedOut, "The mail provider is too slow: \(failure.description).")
        default: EmailAccessError(.unreachable, "The mail provider cannot be reached: \(failure.description).")
        }
    }

    private static let limits = JSONLimits(bytes: 16 << 20, elements: 1_000_000)

    /// A part of a path or a query as an address takes it.
    static func encoded(_ text: String) -> String {
        var allowed = CharacterSet.alphanumerics
        allowed.insert(charactersIn: "-._~")
        return text.addingPercentEncoding(withAllowedCharacters: allowed) ?? ""
    }
}
