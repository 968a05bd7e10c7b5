import Domain
import Metrics
import ServiceKit

/// Metrics of jobs. Names and labels are constants; a label is a tenant's or a job's name.
enum JobMetrics {
    private static func labels(_ report: JobReport, _ tenant: String) -> [(String, String)] {
        [("tenant", tenant), ("job", report.job)]
    }

    private static func seconds(_ instant: Instant) -> Double { Double(instant.milliseconds) / 1000 }

    static func began(_ report: JobReport, tenant: String) {
        let labels = labels(report, tenant)
        Gauge(label: "datamart_job_active", dimensions: labels).record(1)
        Gauge(label: "datamart_job_last_start_seconds", dimensions: labels).record(seconds(report.startedAt))
    }

    /// Events that wait, as each instance knows them, whether it holds the mart or stands by.
    static func waiting(_ events: Int64, tenant: String) {
        Gauge(label: "datamart_pending_events", dimensions: [("tenant", tenant)]).record(events)
    }

    /// Numbers that the check found to differ; none when another instance checks.
    static func differing(_ numbers: Int, tenant: String) {
        Gauge(label: "datamart_check_differences", dimensions: [("tenant", tenant)]).record(numbers)
    }

    /// As they are counted: some runs go on for as long as their term.
    static func counted(_ report: JobReport, tenant: String, written: Int, dimensionRows: Int) {
        let labels = labels(report, tenant)
        Counter(label: "datamart_job_rows_total", dimensions: labels).increment(by: written)
        Counter(label: "datamart_dimension_rows_total", dimensions: labels).increment(by: dimensionRows)
    }

    static func ended(_ report: JobReport, tenant: String) {
        let labels = labels(report, tenant)
        Gauge(label: "datamart_job_active", dimensions: labels).record(0)
        Counter(
            label: "datamart_job_runs_total", dimensions: labels + [("outcome", report.outcome.rawValue)]
        ).increment()
        guard let end = report.endedAt else { return }
        Timer(label: "datamart_job_duration_seconds", dimensions: labels).recordMilliseconds(end - report.startedAt)
        if report.outcome == .succeeded { succeeded(report, tenant: tenant, at: end) }
    }

    /// A run ended well, or one that only ends with its term goes well.
    static func succeeded(_ report: JobReport, tenant: String, at now: Instant) {
        Gauge(label: "datamart_job_last_success_seconds", dimensions: labels(report, tenant)).record(seconds(now))
    }

    /// Says what they mean.
    static func register(_ metrics: PrometheusMetrics) {
        for (name, help) in [
            ("datamart_job_active", "Whether the job runs on this instance (1) or not (0)."),
            ("datamart_job_last_start_seconds", "When the job last began here, in seconds since 1970."),
            (
                "datamart_job_last_success_seconds",
                "When the job last ended well here, or as the projection was up to date, in seconds since 1970."
            ),
            ("datamart_job_duration_seconds", "How long the job ran."),
            ("datamart_job_runs_total", "Runs of the job that ended here, by outcome."),
            ("datamart_job_rows_total", "Rows that the job made or changed."),
            ("datamart_pending_events", "Events that are known and not in the mart yet; told by each instance."),
            ("datamart_check_differences", "Numbers of which mart and core differ, as the holder last found."),
            ("datamart_dimension_rows_total", "Rows that were new in dimensions."),
        ] { metrics.describe(name, help) }
    }
}
