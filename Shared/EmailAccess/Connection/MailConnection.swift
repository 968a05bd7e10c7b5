import CCurl
import Glibc
import Synchronization
import Threads

/// The bytes of one session: sends and receives on its loop, with the patience given. Used by the session's actor only.
final class MailConnection {
    let loop: MailLoop
    let patience: MailPatience
    /// What the server said while logging in.
    var greeting: [String] { connection.greeting }
    private let connection: CurlConnection
    private let key: Int
    private let place: String
    private var window: ProgressWindow
    private(set) var isClosed = false

    init(_ connection: CurlConnection, loop: MailLoop, patience: MailPatience, place: String) {
        self.connection = connection
        self.loop = loop
        self.patience = patience
        self.place = place
        key = loop.newKey()
        window = ProgressWindow(patience, at: MonotonicTime.now)
    }

    /// By what another thread ends a wait that heeds interrupts.
    var interruption: Interruption { Interruption(loop: loop, key: key) }

    /// Begins a new exchange: the server's time for it runs from now.
    /// - Parameter patience: other than the session's own.
    func beginExchange(_ patience: MailPatience? = nil) {
        window = ProgressWindow(patience ?? self.patience, at: MonotonicTime.now)
    }

    /// Receives what has arrived, without waiting.
    /// - Returns: false when nothing has.
    func receive(into bytes: inout [UInt8]) throws(EmailAccessError) -> Bool {
        guard !isClosed else { throw Self.closed }
        guard let count = try connection.receive(into: &bytes) else { return false }
        window.note(count)
        try requireProgress()
        return true
    }

    /// Waits until something has arrived, or the server has been too slow.
    func untilReadable(isolation: isolated (any Actor)? = #isolation) async throws(EmailAccessError) {
        try await wait(POLLIN)
    }

    /// Waits, without hurrying the server, until something has arrived, the deadline has passed, or an interruption.
    func idle(
        isolation: isolated (any Actor)? = #isolation, until deadline: Int64
    ) async throws(EmailAccessError) -> MailLoop.Wake {
        guard !isClosed else { throw Self.closed }
        let wake = await loop.wait(
            key: key, socket: connection.socket, events: Int32(POLLIN), deadline: deadline, heedsInterrupts: true)
        if wake == .cancelled { throw Self.cancelled }
        return wake
    }

    /// Sends all of `bytes`.
    func send(isolation: isolated (any Actor)? = #isolation, _ bytes: [UInt8]) async throws(EmailAccessError) {
        guard !isClosed else { throw Self.closed }
        var rest = bytes[...]
        while !rest.isEmpty {
            if let count = try connection.send(rest) {
                window.note(count)
                rest = rest.dropFirst(count)
                try requireProgress()
            } else {
                try await wait(POLLOUT)
            }
        }
    }

    /// Closes the socket.
    func close() {
        isClosed = true
        connection.close()
    }

    private func wait(isolation: isolated (any Actor)? = #isolation, _ events: Int32) async throws(EmailAccessError) {
        guard !isClosed else { throw Self.closed }
        let wake = await loop.wait(
            key: key, socket: connection.socket, events: events, deadline: window.deadline, heedsInterrupts: false)
        if wake == .cancelled { throw Self.cancelled }
        if wake == .timedOut { try requireProgress() }
    }

    private func requireProgress() throws(EmailAccessError) {
        guard window.holds(at: MonotonicTime.now) else {
            throw EmailAccessError(
                .timedOut,
                "\(place) is too slow: less than \(patience.leastBytes) bytes and no whole answer within \(patience.window)."
            )
        }
    }

    private static let closed = EmailAccessError(.closed, "The session is closed.")
    private static let cancelled = EmailAccessError(.closed, "The session was cancelled.")

    /// Ends a wait from another thread.
    struct Interruption: Sendable {
        fileprivate let loop: MailLoop
        fileprivate let key: Int

        func callAsFunction() { loop.interrupt(key, cancel: false) }
    }
}
