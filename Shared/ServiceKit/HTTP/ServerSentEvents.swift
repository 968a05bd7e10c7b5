import Domain
import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTPTypes

/// A stream of server-sent events to one caller. `send` returns when the event is with the operating system, so a slow
/// caller slows its own producer only.
public struct ServerSentEvents: Sendable {
    private let channel: any Channel

    init(channel: any Channel) { self.channel = channel }

    /// Sends one event.
    /// - Parameters:
    ///   - event: its type; without line ends.
    ///   - data: its text, usually JSON.
    ///   - id: what `Last-Event-ID` brings back after a reconnect; without line ends.
    /// - Throws: when the connection is gone.
    public func send(event: String? = nil, data: [UInt8], id: String? = nil) async throws {
        var buffer = channel.allocator.buffer(capacity: data.count + 64)
        if let event { buffer.writeString("event: \(Self.oneLine(event))\n") }
        if let id { buffer.writeString("id: \(Self.oneLine(id))\n") }
        for line in data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            buffer.writeString("data: ")
            buffer.writeBytes(line)
            buffer.writeString("\n")
        }
        buffer.writeString("\n")
        try await channel.writeAndFlush(HTTPResponsePart.body(buffer))
    }

    /// Sends one event whose data is a JSON value.
    public func send(event: String? = nil, json: JSONValue, id: String? = nil) async throws {
        try await send(event: event, data: json.bytes, id: id)
    }

    func comment() async throws {
        try await channel.writeAndFlush(HTTPResponsePart.body(ByteBuffer(string: ":\n\n")))
    }

    private static func oneLine(_ text: String) -> String {
        String(text.unicodeScalars.map { $0 == "\n" || $0 == "\r" || $0 == "\0" ? " " : Character($0) })
    }
}

extension APIRequest {
    /// Answers with a stream of server-sent events.
    ///
    /// - Parameters:
    ///   - heartbeat: a comment is sent this often, so that proxies keep the connection.
    ///   - produce: sends events until it returns; cancelled when the caller has gone or the service stops.
    public func serverSentEvents(
        heartbeat: Duration = .seconds(15), _ produce: @escaping @Sendable (ServerSentEvents) async throws -> Void
    ) -> Response {
        var headers = HTTPFields()
        headers[.contentType] = "text/event-stream"
        headers[.cacheControl] = "no-store"
        if let name = HTTPField.Name("X-Accel-Buffering") { headers[name] = "no" }
        let request = self
        let body = ResponseBody { writer in
            let stream = ServerSentEvents(channel: request.channel)
            try await stream.comment()
            _ = try await request.endingWithConnection(after: nil) { () async throws -> Bool? in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await produce(stream) }
                    group.addTask {
                        while true {
                            try await Task.sleep(for: heartbeat)
                            try await stream.comment()
                        }
                    }
                    defer { group.cancelAll() }
                    try await group.next()
                    return true
                }
            }
            try await writer.finish(nil)
        }
        return Response(status: .ok, headers: headers, body: body)
    }

    /// `Last-Event-ID`: the id of the last event that the caller has seen.
    public var lastEventID: String? { header("Last-Event-ID") }
}
