import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// One connection that is kept and used for one request at a time: the cheapest way for thousands of simulated agents to
/// make requests, with neither pool nor routing in between.
final class HTTPConnection: Sendable {
    /// What came back.
    struct Answer: Sendable {
        var status: Int
        var bytes: ByteBuffer
    }
    /// There was no answer: the connection broke or the time was up.
    struct Broken: Error {
        var cause: String
    }

    private struct State {
        var channel: (any Channel)?
        var isClosed = false
    }
    private let address: APIAddress
    private let headers: HTTPHeaders
    private let loop: any EventLoop
    private let state = Mutex(State())

    init(address: APIAddress, key: String, loop: any EventLoop) {
        self.address = address
        self.loop = loop
        headers = [
            "Host": "\(address.host):\(address.port)", "Authorization": "Bearer \(key)", "Accept": "application/json",
            "User-Agent": "millrace",
        ]
    }

    /// Sends a request and waits for its answer, connecting first when there is no connection.
    /// - Parameter path: below the API's path.
    func send(
        _ method: HTTPMethod, _ path: String, body: [UInt8]? = nil, timeout: TimeAmount = .seconds(30)
    ) async throws(Broken) -> Answer {
        do {
            let channel = try await connected()
            var head = HTTPRequestHead(version: .http1_1, method: method, uri: address.path + path, headers: headers)
            if let body {
                head.headers.add(name: "Content-Type", value: "application/json")
                head.headers.add(name: "Content-Length", value: String(body.count))
            } else if method != .GET {
                head.headers.add(name: "Content-Length", value: "0")
            }
            let promise = channel.eventLoop.makePromise(of: Answer.self)
            let request = Exchange.Request(head: head, body: body, timeout: timeout, answer: promise)
            channel.writeAndFlush(request).cascadeFailure(to: promise)
            return try await promise.futureResult.get()
        } catch {
            drop()
            throw Broken(cause: "\(error)")
        }
    }

    /// Ends the connection and the request that waits on it; nothing can be sent afterwards.
    func close() {
        let channel = state.withLock { state in
            state.isClosed = true
            return state.channel.take()
        }
        channel?.close(promise: nil)
    }

    /// Ends the request that waits; the next one connects again.
    func drop() {
        state.withLock { $0.channel.take() }?.close(promise: nil)
    }

    private func connected() async throws -> any Channel {
        let (present, isClosed) = state.withLock { ($0.channel, $0.isClosed) }
        if isClosed { throw Broken(cause: "closed") }
        if let present, present.isActive { return present }
        let (host, isSecure) = (address.host, address.isSecure)
        let channel = try await ClientBootstrap(group: loop)
            .connectTimeout(.seconds(5))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if isSecure {
                        let context = try NIOSSLContext(configuration: .makeClientConfiguration())
                        try pipeline.addHandler(NIOSSLClientHandler(context: context, serverHostname: host))
                    }
                    try pipeline.addHTTPClientHandlers()
                    try pipeline.addHandler(Exchange())
                }
            }
            .connect(host: host, port: address.port).get()
        let keeps = state.withLock { state in
            if !state.isClosed { state.channel = channel }
            return !state.isClosed
        }
        guard keeps else {
            channel.close(promise: nil)
            throw Broken(cause: "closed")
        }
        return channel
    }
}

/// Pairs the request that is under way with its answer.
private final class Exchange: ChannelDuplexHandler {
    struct Request: Sendable {
        var head: HTTPRequestHead
        var body: [UInt8]?
        var timeout: TimeAmount
        var answer: EventLoopPromise<HTTPConnection.Answer>
    }
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundIn = Request
    typealias OutboundOut = HTTPClientRequestPart

    private var waiting: EventLoopPromise<HTTPConnection.Answer>?
    /// Looks every few seconds whether the time is up: a timer for each request would cost more than the request.
    private var timer: RepeatedTask?
    private var deadline = NIODeadline.distantFuture
    private var status = 0
    private var keepsAlive = true
    private var bytes = ByteBuffer()

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let request = unwrapOutboundIn(data)
        guard waiting == nil else {
            request.answer.fail(HTTPConnection.Broken(cause: "a request is under way"))
            promise?.succeed()
            return
        }
        waiting = request.answer
        deadline = .now() + request.timeout
        context.write(wrapOutboundOut(.head(request.head)), promise: nil)
        if let body = request.body {
            context.write(
                wrapOutboundOut(.body(.byteBuffer(context.channel.allocator.buffer(bytes: body)))), promise: nil)
        }
        context.write(wrapOutboundOut(.end(nil)), promise: promise)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            status = Int(head.status.code)
            keepsAlive = head.isKeepAlive
            bytes.clear()
        case .body(var part):
            if bytes.readableBytes == 0 { bytes = part } else { bytes.writeBuffer(&part) }
        case .end:
            waiting.take()?.succeed(HTTPConnection.Answer(status: status, bytes: bytes))
            bytes = ByteBuffer()
            if !keepsAlive { context.close(promise: nil) }
        }
    }

    func channelActive(context: ChannelHandlerContext) {
        let channel = context.channel
        let exchange = NIOLoopBound(self, eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleRepeatedTask(initialDelay: .seconds(2), delay: .seconds(2)) { _ in
            if exchange.value.isLate { channel.close(promise: nil) }
        }
        context.fireChannelActive()
    }

    private var isLate: Bool { waiting != nil && deadline < .now() }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        fail(HTTPConnection.Broken(cause: "the connection was closed"))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail(error)
        context.close(promise: nil)
    }

    private func fail(_ error: any Error) {
        waiting.take()?.fail(error)
    }
}
