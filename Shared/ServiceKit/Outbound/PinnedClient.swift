import AsyncHTTPClient
import NIOCore
import Synchronization

/// A client that connects to one checked address for one host, whatever the name resolves to meanwhile.
final class PinnedClient: Sendable {
    let address: IPAddress
    let http: HTTPClient
    private let use = Mutex((count: 0, last: ContinuousClock.now))

    init(host: String, address: IPAddress) {
        self.address = address
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.dnsOverride = [host: address.description]
        configuration.timeout = .init(connect: .seconds(5), read: .seconds(30))
        configuration.connectionPool.idleTimeout = .seconds(30)
        configuration.httpVersion = .http1Only
        // The override above rules the address; this makes sure of it before a byte of the request is sent.
        configuration.http1_1ConnectionDebugInitializer = { channel in
            let actual = channel.remoteAddress?.ipAddress.flatMap(IPAddress.init)
            if actual == address { return channel.eventLoop.makeSucceededVoidFuture() }
            return channel.eventLoop.makeFailedFuture(
                AddressGuard.Refusal(description: "the connection does not lead to the address that was checked"))
        }
        http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    var isInUse: Bool { use.withLock { $0.count > 0 } }
    var lastUse: ContinuousClock.Instant { use.withLock { $0.last } }

    func begin() { use.withLock { $0 = ($0.count + 1, .now) } }
    func end() { use.withLock { $0.count -= 1 } }
}
