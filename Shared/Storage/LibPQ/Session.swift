import CLibPQ
import Glibc
import Logging

/// A libpq connection in non-blocking pipeline mode; used by one thread at a time.
final class Session {
    /// Why an operation failed.
    enum Failure: Error {
        /// The connection is gone; `wasSent` says whether the server may have received what was asked of it.
        case lost(StorageError, wasSent: Bool)
        /// The server refused the operation with this index; the connection goes on.
        case refused(StorageError, operation: Int?)

        var error: StorageError {
            switch self {
            case .lost(let error, _), .refused(let error, _): error
            }
        }
    }

    let handle: OpaquePointer
    let notices: Notices
    let settings: PostgresSettings
    /// How long the server may be silent before the connection counts as lost.
    var patience: Duration
    var prepared = PreparedStatements()
    /// Since when the server keeps the plans of what is prepared.
    var plansMadeSince = ContinuousClock.now
    /// Parameters on their way to libpq; kept to save allocations.
    var parameters = ParameterBuffer()

    /// Connects and sets the connection up; blocks. Throws `.unavailable`.
    init(address: PostgresAddress, settings: PostgresSettings, logger: Logger) throws(StorageError) {
        let options = [
            ("dbname", address.connectionString),
            ("application_name", address.applicationName),
            ("client_encoding", "UTF8"),
            ("connect_timeout", String(max(2, (settings.connectTimeout.wholeMilliseconds + 999) / 1000))),
            ("keepalives_idle", "10"), ("keepalives_interval", "5"), ("keepalives_count", "3"),
            ("tcp_user_timeout", "15000"),
        ]
        guard let handle = openConnection(options) else {
            throw StorageError(.unavailable, "out of memory while connecting to PostgreSQL")
        }
        self.handle = handle
        self.settings = settings
        patience = settings.statementTimeout + .seconds(10)
        notices = Notices(logger: logger)
        // From here on deinit closes the handle.
        guard PQstatus(handle) == CONNECTION_OK else {
            let reason = address.withoutSecrets(String(cString: PQerrorMessage(handle)))
            throw StorageError(.unavailable, "cannot connect to PostgreSQL: \(reason)")
        }
        notices.attach(to: handle)
        guard PQsetnonblocking(handle, 1) == 0, PQenterPipelineMode(handle) == 1 else {
            throw StorageError(.unavailable, "PostgreSQL's client library refuses pipeline mode")
        }
        do throws(Failure) {
            _ = try pipeline([configuration(settings)])
        } catch {
            throw StorageError(.unavailable, error.error.message, sqlState: error.error.sqlState)
        }
        logger.debug("connected to PostgreSQL", metadata: ["address": "\(address)"])
    }

    deinit { PQfinish(handle) }

    /// Whether the server has not closed its side, as far as this machine knows. Reads notices that came meanwhile.
    var isAlive: Bool {
        while true {
            guard PQstatus(handle) == CONNECTION_OK, !notices.isEnding else { return false }
            var descriptor = pollfd(fd: PQsocket(handle), events: Int16(POLLIN), revents: 0)
            if poll(&descriptor, 1, 0) <= 0 { return true }
            if PQconsumeInput(handle) == 0 { return false }
            // processes what was read, such as a notice
            _ = PQisBusy(handle)
        }
    }

    var isInTransaction: Bool { PQtransactionStatus(handle) != PQTRANS_IDLE }

    /// libpq's next result; nil ends an operation. Sends what is left to send while it waits.
    func nextResult() throws(Failure) -> OpaquePointer? {
        while PQisBusy(handle) == 1 {
            let unsent = PQflush(handle)
            if unsent < 0 { throw lost() }
            try wait(for: unsent == 1 ? POLLIN | POLLOUT : POLLIN)
            if PQconsumeInput(handle) == 0 { throw lost() }
        }
        return PQgetResult(handle)
    }

    /// Waits for the socket, at most for `patience`.
    func wait(for events: Int32) throws(Failure) {
        var descriptor = pollfd(fd: PQsocket(handle), events: Int16(events), revents: 0)
        let limit = Int32(clamping: patience.wholeMilliseconds)
        while true {
            let ready = poll(&descriptor, 1, limit)
            if ready > 0 { return }
            if ready == 0 {
                throw .lost(StorageError(.connectionLost, "PostgreSQL has not answered in time"), wasSent: true)
            }
            if errno != EINTR { throw lost() }
        }
    }

    /// The failure that libpq describes; call it before anything else is asked of libpq.
    func lost(wasSent: Bool = true) -> Failure {
        let reason = String(cString: PQerrorMessage(handle)).split(separator: "\n").first ?? "no reason given"
        return .lost(
            StorageError(.connectionLost, "the connection to PostgreSQL was lost: \(reason)"), wasSent: wasSent)
    }

    private func configuration(_ settings: PostgresSettings) -> SQLStatement {
        var sql = """
            SELECT set_config('lock_timeout', $1, false),
                set_config('idle_in_transaction_session_timeout', $2, false),
                set_config('statement_timeout', $3, false), set_config('client_min_messages', 'notice', false),
                -- A statement whose client was killed ends, and with it its locks; not before PostgreSQL 14.
                (SELECT set_config(name, '1000', false) FROM pg_settings WHERE name = 'client_connection_check_interval')
            """
        var values = [settings.lockTimeout, settings.idleInTransactionTimeout, settings.statementTimeout]
            .map { SQLValue.text(String($0.wholeMilliseconds)) }
        if settings.plansForValues { sql += ", set_config('plan_cache_mode', 'force_custom_plan', false)" }
        if let path = settings.searchPath {
            sql += ", set_config('search_path', $4, false)"
            values.append(.text(path))
        }
        return SQLStatement(sql, values)
    }
}

private func openConnection(_ options: [(String, String)]) -> OpaquePointer? {
    var keywords: [UnsafePointer<CChar>?] = []
    var values: [UnsafePointer<CChar>?] = []
    defer {
        for pointer in keywords + values { free(UnsafeMutableRawPointer(mutating: pointer)) }
    }
    for (keyword, value) in options {
        keywords.append(UnsafePointer(strdup(keyword)))
        values.append(UnsafePointer(strdup(value)))
    }
    keywords.append(nil)
    values.append(nil)
    return PQconnectdbParams(keywords, values, 1)
}
