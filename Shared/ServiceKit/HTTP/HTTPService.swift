import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization

/// Where a server listens and what it takes.
public struct HTTPServiceConfiguration: Sendable {
    /// Address to bind.
    public var host: String
    /// Port; 0 takes a free one.
    public var port: Int
    /// Bytes a body may have unless the route says otherwise.
    public var bodyLimit: Int
    /// An idle connection is closed after this long.
    public var idleTimeout: Duration

    /// Makes a configuration.
    public init(host: String = "0.0.0.0", port: Int, bodyLimit: Int = 1 << 20, idleTimeout: Duration = .seconds(75)) {
        self.host = host
        self.port = port
        self.bodyLimit = bodyLimit
        self.idleTimeout = idleTimeout
    }
}

/// An HTTP/1.1 server over Hummingbird's connections: routes, authentication, problem+json, metrics, graceful stop.
public final class HTTPService: Service {
    private let configuration: HTTPServiceConfiguration
    private let responder: RequestResponder
    private let context: ServerContext
    private let listening = OneTimeSignal()
    private let boundPort = Mutex<Int?>(nil)

    /// - Parameters:
    ///   - authenticator: nil for a server whose routes are all open to everyone.
    ///   - problems: how errors of other modules look to a caller (a lost database is 503); nil means 500.
    public init(
        configuration: HTTPServiceConfiguration, routes: Routes, authenticator: (any Authenticator)? = nil,
        problems: @escaping @Sendable (any Error) -> Problem? = { _ in nil }, logger: Logger
    ) {
        self.configuration = configuration
        context = ServerContext(logger: logger, bodyLimit: configuration.bodyLimit, problems: problems)
        responder = RequestResponder(table: routes.table, authenticator: authenticator, context: context)
    }

    /// Serves until a graceful stop: then takes no more connections, ends what waits, and finishes what is in hand.
    /// - Throws: when the address cannot be bound.
    public func run() async throws {
        let responder = responder
        defer { listening.fire() }
        let connection = HTTP1Channel.Configuration(
            additionalChannelHandlers: [ConnectionHandler()],
            idleTimeout: TimeAmount(configuration.idleTimeout),
            httpDecoderConfiguration: .init(
                maxHeaderFieldSize: 16 << 10, maxHeaderListSize: 32 << 10, maxHeaderFieldCount: 100))
        let server = try HTTPServerBuilder.http1(configuration: connection).buildServer(
            configuration: ServerConfiguration(
                address: .hostname(configuration.host, port: configuration.port), backlog: 1024),
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: context.logger
        ) { request, writer, channel in
            try await responder.respond(to: request, writer: writer, channel: channel)
        } onServerRunning: { [self] channel in
            boundPort.withLock { $0 = channel.localAddress?.port }
            listening.fire()
        }
        try await withGracefulShutdownHandler {
            try await server.run()
        } onGracefulShutdown: { [context] in
            context.stopping.fire()
        }
    }

    /// Waits until the server accepts connections.
    /// - Returns: the port bound; nil when the server ended before.
    @discardableResult
    public func waitUntilListening() async -> Int? {
        await listening.wait()
        return boundPort.withLock { $0 }
    }
}
