import Domain
import Foundation
import Logging
import Storage
import Synchronization

/// The runs of one tenant's jobs: told to the mart's table `job_run`, to the metrics and, should the database not take
/// them, kept in memory for the job view. That a run cannot be told of never stops the run.
public final class JobLog: Sendable {
    /// The tenant's name, a label of metrics.
    public let tenant: String
    private let instance: String
    private let pool: PostgresPool
    private let logger: Logger
    /// What the database has not taken, newest last.
    private let untold = Mutex<[UUID: JobReport]>([:])

    /// - Parameters:
    ///   - pool: of the tenant's mart, with the mart's schema in its `search_path`.
    ///   - instance: this instance's name.
    public init(pool: PostgresPool, tenant: String, instance: String, logger: Logger) {
        self.pool = pool
        self.tenant = tenant
        self.instance = instance
        self.logger = logger
    }

    /// Runs a job and tells of it: when it begins, every few seconds while it goes on, and how it ends.
    /// - Parameters:
    ///   - job: its name, a constant.
    ///   - term: of the lease that it is run under.
    /// - Throws: what the job throws. A job that was cancelled has succeeded as far as it came.
    @discardableResult
    public func run<Value: Sendable>(
        _ job: String, term: Int64? = nil, every: Duration = .seconds(5),
        _ body: @Sendable @escaping (JobRun) async throws -> Value
    ) async throws -> Value {
        let run = JobRun(
            JobReport(id: UUIDv7.next(), job: job, instance: instance, term: term, startedAt: .now), tenant: tenant)
        await begin(run.report)
        do {
            let value = try await withThrowingTaskGroup(of: Value?.self) { group in
                group.addTask { try await body(run) }
                group.addTask {
                    while true {
                        do { try await Task.sleep(for: every) } catch { return nil }
                        await self.tell(run.report)
                    }
                }
                defer { group.cancelAll() }
                while let ended = try await group.next() { if let value = ended { return value } }
                throw CancellationError()
            }
            await end(run, .succeeded, error: nil)
            return value
        } catch {
            let wasStopped = error is CancellationError || Task.isCancelled
            await end(run, wasStopped ? .succeeded : .failed, error: wasStopped ? nil : Self.words(error))
            throw error
        }
    }

    /// Runs that the database did not take, newest first.
    public var untoldRuns: [JobReport] {
        untold.withLock { $0.values.sorted { $0.id.hexText > $1.id.hexText } }
    }

    private func begin(_ report: JobReport) async {
        JobMetrics.began(report, tenant: tenant)
        // What an instance of this name, or the holder of an older term, left running has not gone on.
        _ = try? await pool.query(
            """
            UPDATE job_run SET outcome = 'interrupted', ended_at = told_at
            WHERE job = $1 AND outcome = 'running' AND id <> $2
                AND (instance = $3 OR ($4::bigint IS NOT NULL AND (term IS NULL OR term < $4)))
            """, [.text(report.job), .uuid(report.id), .text(instance), SQLValue(report.term)])
        await tell(report)
    }

    private func end(_ run: JobRun, _ outcome: JobOutcome, error: String?) async {
        let report = run.end(outcome, error: error, at: .now)
        JobMetrics.ended(report, tenant: tenant)
        if let error {
            logger.warning(
                "job failed", metadata: ["job": "\(report.job)", "tenant": "\(tenant)", "cause": "\(error)"])
        }
        // Not stopped by the cancellation that may have ended the job.
        await Task { await self.tell(report) }.value
    }

    /// Writes the run down as it is; a run whose beginning was not taken is made.
    private func tell(_ report: JobReport) async {
        let reports = untold.withLock { $0.values.filter { $0.id != report.id } } + [report]
        do {
            _ = try await pool.batch(idempotent: true, reports.map(Self.statement))
            untold.withLock { untold in for told in reports { untold[told.id] = nil } }
        } catch {
            untold.withLock { untold in
                untold[report.id] = report
                if untold.count > 100, let oldest = untold.keys.min(by: { $0.hexText < $1.hexText }) {
                    untold[oldest] = nil
                }
            }
        }
    }

    private static func statement(_ report: JobReport) -> SQLStatement {
        SQLStatement(
            """
            INSERT INTO job_run AS j (id, job, instance, term, started_at, ended_at, told_at, outcome, rows_read,
                rows_written, dimension_rows, pending_events, error, detail)
            VALUES ($1, $2, $3, $4, $5, $6, now(), $7, $8, $9, $10, $11, $12, $13)
            ON CONFLICT (id) DO UPDATE SET ended_at = excluded.ended_at, told_at = excluded.told_at,
                outcome = excluded.outcome, rows_read = excluded.rows_read, rows_written = excluded.rows_written,
                dimension_rows = excluded.dimension_rows, pending_events = excluded.pending_events,
                error = excluded.error, detail = excluded.detail
            """,
            [
                .uuid(report.id), .text(report.job), .text(report.instance), SQLValue(report.term),
                .timestamp(milliseconds: report.startedAt.milliseconds),
                report.endedAt.map { .timestamp(milliseconds: $0.milliseconds) } ?? .null,
                .text(report.outcome.rawValue), .int8(report.rowsRead), .int8(report.rowsWritten),
                .int8(report.dimensionRows), SQLValue(report.pendingEvents), SQLValue(report.error),
                .jsonb(JSONValue.object(report.detail).bytes),
            ])
    }

    /// What failed, for people: errors of the storage hold no values, others only say their kind unless they are made
    /// to be read.
    private static func words(_ error: any Error) -> String {
        switch error {
        case let error as StorageError: String(error.description.prefix(500))
        case let error as any CustomStringConvertible: String(error.description.prefix(500))
        default: "\(type(of: error))"
        }
    }
}
