import Domain
import Metrics
import ServiceKit
import Storage

/// The core's metrics. Names and labels are constants; a label is never an id.
enum CoreMetrics {
    static let offers = Counter(label: "offers_total")
    static let pickTime = Timer(label: "pick_seconds")
    static let captureTime = Timer(label: "capture_batch_seconds")
    static let captureToOffer = Timer(label: "capture_to_offer_seconds")

    static func captured(_ result: String, _ count: Int) {
        if count > 0 { Counter(label: "capture_commands_total", dimensions: [("result", result)]).increment(by: count) }
    }

    static func offerEnded(_ outcome: String) {
        Counter(label: "offers_ended_total", dimensions: [("outcome", outcome)]).increment()
    }

    static func finished(_ status: String) {
        Counter(label: "items_finished_total", dimensions: [("status", status)]).increment()
    }

    static func dead(_ count: Int) {
        Counter(label: "dead_letters_total", dimensions: [("reason", "malformed")]).increment(by: count)
    }

    /// Counts what a transaction changed.
    static func note(_ changes: [WorkItemChange], at now: Instant) {
        for change in changes {
            switch change.action {
            case .offer:
                offers.increment()
                if change.after.revision == 2 {
                    captureToOffer.recordMilliseconds(max(0, now - change.after.receivedAt))
                }
            case .accept, .decline, .miss, .recall: offerEnded(change.action.rawValue)
            default: break
            }
            if change.after.status.isFinal { finished(change.after.status.rawValue) }
        }
    }

    /// Gauges that are read when they are asked for.
    static func register(
        _ metrics: PrometheusMetrics, tenants: TenantDirectory, pool: PostgresPool, kafka: WatchKafka
    ) {
        metrics.describe("offers_total", "Offers made.")
        metrics.describe("offers_ended_total", "Offers ended, by how.")
        metrics.describe("items_finished_total", "Work items that reached a final status.")
        metrics.describe("capture_commands_total", "Submitted bodies, by what became of them.")
        metrics.describe("dead_letters_total", "Messages laid aside.")
        metrics.gauge("database_connections_busy", help: "PostgreSQL connections in use.") {
            Double(pool.statistics.leased)
        }
        metrics.gauge("database_connections_waited_for", help: "Callers that wait for a PostgreSQL connection.") {
            Double(pool.statistics.waiting)
        }
        metrics.gauge("kafka_topics_short", help: "Topics with fewer partitions than configured.") {
            kafka.shortTopics.map(Double.init)
        }
        metrics.gauge("tenants", help: "Tenants served by this instance.") { Double(tenants.all.count) }
        metrics.gauge("lease_held", help: "Tenants whose lease this instance holds.", labels: [("lease", "tenant")]) {
            Double(tenants.all.filter { $0.stewardship.isHeld }.count)
        }
        metrics.gauge(
            "search_text_lag_events", help: "Events whose items' words are still to be written by this instance."
        ) { Double(tenants.all.reduce(0) { $0 + $1.textIndexed.behind }) }
        MailGauges.describe(metrics)
        for (label, help, key) in QueueGauges.all {
            metrics.gauge(label, help: help) { Double(tenants.all.reduce(0) { $0 + $1.queueGauges.value(key) }) }
        }
    }
}
