import AsyncHTTPClient
import Domain
import EmailAccess
import NIOCore

/// Uploads a large attachment range by range, in order
/// (https://learn.microsoft.com/graph/api/attachment-createuploadsession).
struct GraphUpload: Sendable {
    /// Bytes; sessions are not opened for less.
    static let least = 3 << 20
    /// Bytes of a range: a multiple of 320 KiB below 4 MB.
    static let range = 12 * 327_680

    /// The session is gone, or wants another range than we have come to.
    struct Ended: Error {}

    /// What Graph says to a range.
    private enum Answer: Sendable {
        /// The attachment is there.
        case complete
        /// From where it wants to have more; nil: it does not say.
        case next(Int?)
    }

    private let api: ProviderAPI
    private let address: String
    private let content: MailBody

    /// - Parameter session: as Graph has opened it.
    init(api: ProviderAPI, session: JSONValue, content: MailBody) throws {
        guard let address = session["uploadUrl"]?.stringValue else {
            throw EmailAccessError(.protocolViolation, "Microsoft Graph gives no address to upload to.")
        }
        // the address carries a token
        guard address.hasPrefix("https://") || !api.base.hasPrefix("https://") else {
            throw EmailAccessError(.protocolViolation, "Microsoft Graph's address to upload to is not encrypted.")
        }
        (self.api, self.address, self.content) = (api, address, content)
    }

    /// - Throws: ``Ended``, what calls throw.
    func run() async throws {
        var offset = 0
        while true {
            let range = offset..<min(offset + Self.range, content.size)
            switch try await put(range) {
            case .complete:
                guard range.upperBound == content.size else { throw Ended() }
                return
            case .next(let next):
                let next = next ?? range.upperBound
                guard range.contains(next - 1), next < content.size else { throw Ended() }
                offset = next
            }
        }
    }

    private func put(_ range: Range<Int>) async throws -> Answer {
        let headers = [
            (name: "content-type", value: "application/octet-stream"),
            (
                name: "content-range",
                value: "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(content.size)"
            ),
        ]
        let answer = try await api.patiently {
            try await api.unsigned(
                "PUT", address, headers: headers,
                body: .stream(MailBodyPieces(content, range), length: .known(Int64(range.count)))
            ) { status, body in
                if status == 201 {
                    // the answer's head says it all
                    _ = try? await body.collect(upTo: 1 << 20)
                    return Answer.complete
                }
                let expected = try await ProviderAPI.json(body)["nextExpectedRanges"]?.arrayValue?.first?.stringValue
                return .next(expected?.split(separator: "-").first.flatMap { Int($0) })
            }
        }
        guard let answer else { throw Ended() }
        return answer
    }
}

/// A JSON object whose last member is a content in base64, in pieces.
struct EncodedMember: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    private let head: ByteBuffer
    private let pieces: EncodedPieces
    private let tail = ByteBuffer(string: "\"}")

    /// - Parameter object: the members before it; one at least.
    init(of object: JSONObject, named name: String, _ content: MailBody) {
        var head = ByteBuffer(bytes: JSONValue.object(object).bytes.dropLast())
        head.writeString(",\"\(name)\":\"")
        self.head = head
        pieces = EncodedPieces(body: content)
    }

    /// Bytes of the whole.
    var size: Int { head.readableBytes + pieces.size + tail.readableBytes }

    func makeAsyncIterator() -> Iterator {
        Iterator(head: head, pieces: pieces.makeAsyncIterator(), tail: tail)
    }

    struct Iterator: AsyncIteratorProtocol {
        fileprivate var head: ByteBuffer?
        fileprivate var pieces: EncodedPieces.Iterator
        fileprivate var tail: ByteBuffer?

        mutating func next() async throws -> ByteBuffer? {
            if let head {
                self.head = nil
                return head
            }
            if let piece = try await pieces.next() { return piece }
            defer { tail = nil }
            return tail
        }
    }
}
