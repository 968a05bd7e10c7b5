import Domain
import Foundation
import Storage
import Synchronization

/// How a run of a job ended, or that it goes on.
public enum JobOutcome: String, Sendable, CaseIterable {
    case running, succeeded, failed, interrupted
}

/// What is known of a run.
public struct JobReport: Sendable, Hashable {
    /// Its id; by time.
    public let id: UUID
    /// `projection`, `rebuild`, `directory`, …
    public let job: String
    /// The instance that runs it.
    public let instance: String
    /// The term of the lease that it is run under.
    public let term: Int64?
    /// When it began.
    public let startedAt: Instant
    /// When it ended; nil while it goes on.
    public var endedAt: Instant?
    /// How it ended.
    public var outcome: JobOutcome = .running
    /// Rows or events taken in.
    public var rowsRead: Int64 = 0
    /// Rows made or changed.
    public var rowsWritten: Int64 = 0
    /// Rows that were new in dimensions.
    public var dimensionRows: Int64 = 0
    /// Events that wait; nil where none can.
    public var pendingEvents: Int64?
    /// What went wrong, in words for an operator.
    public var error: String?
    /// What else is worth knowing.
    public var detail = JSONObject()
}

/// A run that goes on: whoever does the work counts here. Safe to use from several tasks.
public final class JobRun: Sendable {
    private let state: Mutex<JobReport>
    private let tenant: String

    init(_ report: JobReport, tenant: String) {
        state = Mutex(report)
        self.tenant = tenant
    }

    /// What is known of it now.
    public var report: JobReport { state.withLock { $0 } }

    /// Counts rows.
    public func count(read: Int = 0, written: Int = 0, dimensionRows: Int = 0) {
        let report = state.withLock { report in
            report.rowsRead += Int64(read)
            report.rowsWritten += Int64(written)
            report.dimensionRows += Int64(dimensionRows)
            return report
        }
        JobMetrics.counted(report, tenant: tenant, written: written, dimensionRows: dimensionRows)
    }

    /// Says how many events wait.
    public func pending(_ events: Int64) { state.withLock { $0.pendingEvents = events } }

    /// Says something else that is worth knowing, such as differences that a check found.
    public func note(_ name: String, _ value: JSONValue) { state.withLock { $0.detail[name] = value } }

    func end(_ outcome: JobOutcome, error: String?, at now: Instant) -> JobReport {
        state.withLock { report in
            report.endedAt = now
            report.outcome = outcome
            report.error = error
            return report
        }
    }
}
