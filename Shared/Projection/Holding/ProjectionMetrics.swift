import Metrics
import ServiceKit

/// What projections report. Labels are the projection's kind and the tenant's name.
public struct ProjectionMetrics: Sendable {
    private let lag: Gauge
    private let lagSeconds: Gauge
    private let holder: Gauge
    private let position: Gauge
    private let missed: Gauge
    private let fromTopic: Counter
    private let fromFeed: Counter
    private let asks: Counter
    private let holes: Counter
    private let failures: Counter
    private let took: Timer

    init(projection: String, tenant: String) {
        let labels = [("projection", projection), ("tenant", tenant)]
        lag = Gauge(label: "projection_lag_events", dimensions: labels)
        lagSeconds = Gauge(label: "projection_lag_seconds", dimensions: labels)
        holder = Gauge(label: "projection_holder", dimensions: labels)
        position = Gauge(label: "projection_position", dimensions: labels)
        missed = Gauge(label: "projection_missed_events", dimensions: labels)
        fromTopic = Counter(label: "projection_applied_events_total", dimensions: labels + [("source", "topic")])
        fromFeed = Counter(label: "projection_applied_events_total", dimensions: labels + [("source", "feed")])
        asks = Counter(label: "projection_feed_requests_total", dimensions: labels)
        holes = Counter(label: "projection_passed_over_events_total", dimensions: labels)
        failures = Counter(label: "projection_failures_total", dimensions: labels)
        took = Timer(label: "projection_apply_seconds", dimensions: labels)
    }

    func stands(_ snapshot: ProjectionState.Snapshot) {
        lag.record(snapshot.lag)
        lagSeconds.record(Double(snapshot.lagMilliseconds) / 1000)
        holder.record(snapshot.isHolder ? 1 : 0)
        position.record(snapshot.position)
        missed.record(snapshot.missed)
    }

    func applied(topic: Int, feed: Int, in duration: Duration) {
        if topic > 0 { fromTopic.increment(by: topic) }
        if feed > 0 { fromFeed.increment(by: feed) }
        let (seconds, attoseconds) = duration.components
        took.recordNanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    }

    func asked() { asks.increment() }
    func passedOver(_ count: Int64) { holes.increment(by: count) }
    func failed() { failures.increment() }

    /// Says what they mean.
    public static func describe(_ metrics: PrometheusMetrics) {
        for (name, help) in [
            ("projection_lag_events", "Events that there are, up to the feed's last, and that are not applied yet."),
            ("projection_lag_seconds", "Age of the oldest known event that is not applied yet."),
            ("projection_holder", "Whether this instance applies (1) or stands by (0)."),
            ("projection_position", "Position of the last event that is applied, by whichever instance."),
            ("projection_applied_events_total", "Events that this instance applied, by where they came from."),
            ("projection_feed_requests_total", "Questions to the feed."),
            ("projection_passed_over_events_total", "Events that neither topic nor feed hold any longer."),
            ("projection_missed_events", "Events that are missing in the target until it is rebuilt."),
            ("projection_failures_total", "Failed attempts to apply."),
            ("projection_apply_seconds", "Time that applying a batch took."),
        ] { metrics.describe(name, help) }
    }
}
