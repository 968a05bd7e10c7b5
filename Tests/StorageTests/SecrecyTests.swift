import Foundation
import Logging
import Storage
import Testing

/// Errors and logs may be shown to anybody, so they hold neither values nor passwords.
struct SecrecyTests {
    static let secret = "correct-horse"

    func expectNoSecret(_ error: StorageError) {
        #expect(!"\(error) \(String(reflecting: error)) \(error.message)".contains(Self.secret))
    }

    @Test(arguments: [
        "postgres://user:\(secret)@host/db?\(secret)=1", "postgres://user:\(secret)@[::1/db", "\(secret)",
        "host=x password='\(secret)",
    ])
    func anUnreadableURLIsNotQuoted(url: String) throws {
        let error = try #require(throws: StorageError.self) { try PostgresPool(url: url, logger: TestDatabase.quiet) }
        #expect(error.code == .invalidURL)
        expectNoSecret(error)
    }

    @Test func aRefusedConnectionDoesNotNameThePassword() async throws {
        var settings = PostgresSettings()
        settings.recoveryTime = .milliseconds(50)
        let pool = try PostgresPool(
            url: "postgres://user:\(Self.secret)@127.0.0.1:9/\(Self.secret)", settings: settings,
            logger: TestDatabase.quiet)
        let error = try await storageError { _ = try await pool.query("SELECT 1") }
        #expect(error.code == .unavailable)
        expectNoSecret(error)
        var dumped = ""
        dump(pool, to: &dumped)
        #expect(!dumped.contains(":\(Self.secret)@"))
        await pool.close()
    }

    @Test(
        .enabled(if: TestDatabase.isPresent),
        arguments: [
            "INSERT INTO t (u) VALUES ($1), ($1)", "INSERT INTO t (c) VALUES ($1)",
            "INSERT INTO t (u, n) VALUES ($1, NULL)",
            "SELECT $1::text::int", "SELECT $1::text::jsonb", "SELECT $1::text::timestamptz",
            "SELECT $1::text::regclass",
            "SELECT to_tsquery('''' || $1)", "SELECT $1::text::jsonpath", "SELECT 'x' ~ ('(' || $1)",
            "SELECT $1::text::uuid",
            "INSERT INTO t (short) VALUES ($1)", "INSERT INTO t (f) VALUES ($1)", "SELECT set_config($1, 'x', true)",
            "SELECT raise_it($1)",
        ])
    func noValueIsInAnError(sql: String) async throws {
        try await TestDatabase.withPool(size: 1) { pool in
            try await pool.transaction {
                try await $0.script(
                    """
                    CREATE TABLE p (u text PRIMARY KEY);
                    CREATE TABLE t (u text UNIQUE, c text CHECK (c = 'a'), n int NOT NULL DEFAULT 1, short varchar(3),
                        f text REFERENCES p);
                    CREATE FUNCTION raise_it(v text) RETURNS void LANGUAGE plpgsql AS
                        $$ BEGIN RAISE WARNING 'bad "%"', v; RAISE EXCEPTION 'bad "%"', v; END $$;
                    """)
            }
            let error = try await storageError { _ = try await pool.query(sql, [.text(Self.secret)]) }
            expectNoSecret(error)
            #expect(error.sqlState != nil)
        }
    }

    @Test(.enabled(if: TestDatabase.isPresent)) func noticesAreLoggedWithoutValues() async throws {
        let lines = Gathered<String>()
        var logger = Logger(label: "test") { _ in RecordingLogHandler { lines.append($0) } }
        logger.logLevel = .debug
        try await TestDatabase.withPool(size: 1, logger: logger) { pool in
            try await pool.transaction {
                try await $0.script(
                    """
                    CREATE FUNCTION warn(v text) RETURNS void LANGUAGE plpgsql AS
                        $$ BEGIN RAISE WARNING 'look at "%"', v; END $$;
                    """)
            }
            _ = try await pool.query("SELECT warn($1)", [.text(Self.secret)])
        }
        let text = lines.values.joined(separator: "\n")
        #expect(text.contains("look at \"…\""))
        #expect(!text.contains(Self.secret))
    }
}

struct RecordingLogHandler: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.debug
    let record: @Sendable (String) -> Void

    init(record: @escaping @Sendable (String) -> Void) { self.record = record }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        record("\(event.level) \(event.message) \(event.metadata ?? [:])")
    }
}
