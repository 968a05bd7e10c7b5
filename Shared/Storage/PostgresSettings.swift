/// What a pool asks of its connections and of those who wait for them. Durations are wall-clock time.
public struct PostgresSettings: Sendable {
    /// How long a statement waits for a lock before it fails with `.lockTimeout`.
    public var lockTimeout: Duration = .seconds(2)
    /// How long a transaction may stand still between statements before the server ends it and takes its locks
    /// away; this is what frees the locks of a paused process.
    public var idleInTransactionTimeout: Duration = .seconds(2)
    /// How long one statement may run before it fails with `.statementTimeout`.
    public var statementTimeout: Duration = .seconds(30)
    /// How long opening a connection may take; libpq rounds it up to whole seconds, at least 2.
    public var connectTimeout: Duration = .seconds(3)
    /// How long a caller waits for a free connection before `.poolExhausted`.
    public var waitTimeout: Duration = .seconds(10)
    /// How many callers may wait at once; further ones get `.poolExhausted` immediately.
    public var maximumWaiting: Int = 4096
    /// How long a call goes on trying while the server is away before it fails with `.unavailable`
    /// or `.connectionLost`.
    public var recoveryTime: Duration = .seconds(10)
    /// How many prepared statements a connection keeps before it starts afresh.
    public var preparedStatements: Int = 512
    /// How old a prepared statement's plan may grow before the server has to make it anew for the tables as they are.
    public var replanAfter: Duration = .seconds(5)
    /// Whether each statement is planned for its values. Otherwise the server soon plans for any, and takes a range of time
    /// for a short one, be it a month of a million rows.
    public var plansForValues = false
    /// The `search_path` of each connection, or nil for the role's own.
    public var searchPath: String?

    /// The settings that Millrace's services use.
    public init() {}

    /// The settings with another `search_path`.
    public init(searchPath: String?) { self.searchPath = searchPath }
}
