/// A lease's term, which every write made under the lease carries.
///
/// `nextTerm` increments the lease's row. The fence takes a share lock on that row and compares: while a
/// transaction that passed its fence is open, no newer term can come to be, and once a newer one exists the
/// fence fails with `.staleTerm`. So of a paused holder either nothing is written, or its transaction was
/// complete before the new term began. A holder paused inside its transaction loses its lock when the server
/// ends the transaction (`idle_in_transaction_session_timeout`).
public struct TermFence: Sendable, Hashable {
    /// The lease.
    public let lease: String
    /// The term that its holder was given.
    public let term: Int64

    /// A fence for writes made under a term of a lease.
    public init(lease: String, term: Int64) {
        self.lease = lease
        self.term = term
    }

    /// Fails the transaction with `.staleTerm` unless this is the lease's newest term.
    public var statement: SQLStatement {
        SQLStatement("SELECT fence_term($1, $2)", [.text(lease), .int8(term)])
    }

    /// The SQLSTATE that `fence_term` raises.
    static let sqlState = "MR001"

    /// The table and the function, for the first migration of a database. The roles that use a fence need
    /// SELECT, INSERT and UPDATE on `lease`.
    public static let schema = """
        CREATE TABLE lease (
            name text PRIMARY KEY,
            term bigint NOT NULL CHECK (term > 0),
            holder text NOT NULL,
            taken_at timestamptz NOT NULL DEFAULT now()
        );
        CREATE FUNCTION fence_term(lease_name text, held_term bigint) RETURNS void LANGUAGE plpgsql AS $$
        DECLARE
            newest bigint;
        BEGIN
            SELECT l.term INTO newest FROM lease l WHERE l.name = lease_name FOR SHARE;
            IF newest IS DISTINCT FROM held_term THEN
                RAISE EXCEPTION 'a newer term of the lease exists' USING ERRCODE = 'MR001';
            END IF;
        END $$;
        """
}

extension PostgresPool {
    /// Begins a new term of a lease for a holder and returns it; the winner of the election calls this before
    /// it holds. Waits for transactions that passed the fence of the term before.
    public func nextTerm(_ lease: String, holder: String) async throws(StorageError) -> Int64 {
        let statement = SQLStatement(
            """
            INSERT INTO lease AS l (name, term, holder) VALUES ($1, 1, $2)
            ON CONFLICT (name) DO UPDATE SET term = l.term + 1, holder = excluded.holder, taken_at = clock_timestamp()
            RETURNING term
            """, [.text(lease), .text(holder)])
        // A term that nobody uses harms nothing, so it is safe to ask again when an answer was lost.
        let results = try await batch([statement], idempotent: true)
        return try results[0][0, 0].int64
    }
}
