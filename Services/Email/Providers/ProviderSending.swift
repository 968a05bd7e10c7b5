import AsyncHTTPClient
import Domain
import EmailAccess
import Foundation
import NIOCore

/// Sends a message over a provider's interface and says, in the terms of SMTP, what became of it.
enum ProviderSending {
    /// - Parameters:
    ///   - type: media type of what is sent; nil for nothing.
    ///   - gone: what it means that there is no such address.
    static func send(
        _ api: ProviderAPI, _ path: String, type: String?,
        gone: SmtpOutcome = .refusedForGood("the mail provider does not know the mailbox"),
        body: @Sendable () -> HTTPClientRequest.Body?
    ) async -> SendResult {
        var id: String?
        let outcome = await outcome(api, path, type: type, gone: gone, body: body) { id = $0 }
        return SendResult(outcome, id: id)
    }

    private static func outcome(
        _ api: ProviderAPI, _ path: String, type: String?, gone: SmtpOutcome,
        body: @Sendable () -> HTTPClientRequest.Body?, told: (_ id: String?) -> Void
    ) async -> SmtpOutcome {
        do {
            let outcome = try await api.once(
                "POST", path, headers: type.map { [(name: "content-type", value: $0)] } ?? [], body: body
            ) { body in
                // the answer's head says it all; what breaks off behind it changes nothing
                let answer = try? await body.collect(upTo: 1 << 20)
                return answer.flatMap { try? JSONValue(parsing: Array($0.readableBytesView)) }?["id"]?.stringValue
            }
            switch outcome {
            case .taken(let id):
                told(id)
                return .accepted("taken by the mail provider")
            case .verdict(.later(_, isThrottled: true)):
                return .refusedForNow("the mail provider asks to come later")
            case .verdict(.later):
                return .uncertain(EmailAccessError(.temporarilyRefused, "The mail provider failed while it had it."))
            case .verdict(.tokenRefused):
                return .lostBefore(
                    EmailAccessError(.credentialsRefused, "The mail provider does not take the access token."))
            case .verdict(.gone): return gone
            case .verdict(.refused(let reason)): return .refusedForGood(reason)
            case .verdict(.fine): return .accepted("taken by the mail provider")
            }
        } catch let error as EmailAccessError {
            // Not connected is certain; anything later is not.
            return error.code == .addressRefused || error.code == .protocolViolation
                ? .lostBefore(error) : .uncertain(error)
        } catch is CancellationError {
            return .uncertain(EmailAccessError(.closed, "Sending was broken off."))
        } catch {
            return .lostBefore(EmailAccessError(.credentialsRefused, "\(error)"))
        }
    }
}

/// A message in pieces, as it is, or a range of it.
struct MailBodyPieces: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    private let body: MailBody
    private let range: Range<Int>

    init(_ body: MailBody, _ range: Range<Int>? = nil) {
        self.body = body
        self.range = range ?? 0..<body.size
    }

    func makeAsyncIterator() -> Iterator { Iterator(body: body, offset: range.lowerBound, end: range.upperBound) }

    struct Iterator: AsyncIteratorProtocol {
        let body: MailBody
        fileprivate var offset: Int
        fileprivate let end: Int

        mutating func next() async throws -> ByteBuffer? {
            guard offset < end else { return nil }
            let piece = try body.piece(at: offset, atMost: Swift.min(65_536, end - offset))
            offset += piece.count
            return piece.isEmpty ? nil : ByteBuffer(bytes: piece)
        }
    }
}

/// A message in pieces, in base64 without line ends.
struct EncodedPieces: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    let body: MailBody

    /// Bytes of the whole.
    var size: Int { (body.size + 2) / 3 * 4 }

    func makeAsyncIterator() -> Iterator { Iterator(body: body) }

    struct Iterator: AsyncIteratorProtocol {
        let body: MailBody
        private var offset = 0

        init(body: MailBody) { self.body = body }

        mutating func next() async throws -> ByteBuffer? {
            // a multiple of three, so that only the last piece is padded
            var piece: [UInt8] = []
            while piece.count < 49_152 {
                let more = try body.piece(at: offset, atMost: 49_152 - piece.count)
                if more.isEmpty { break }
                piece += more
                offset += more.count
            }
            return piece.isEmpty ? nil : ByteBuffer(string: Data(piece).base64EncodedString())
        }
    }
}
