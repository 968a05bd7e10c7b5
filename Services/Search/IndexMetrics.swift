import Metrics
import ServiceKit

/// What the search service reports besides what every projection does.
enum IndexMetrics {
    static func written(_ count: Int, _ outcome: String) {
        guard count > 0 else { return }
        Counter(label: "search_documents_total", dimensions: [("outcome", outcome)]).increment(by: count)
    }

    static func checked(_ found: CheckIndex.Found, tenant: String) {
        Gauge(label: "search_index_documents", dimensions: [("tenant", tenant)]).record(found.documents)
        Gauge(label: "search_items", dimensions: [("tenant", tenant)]).record(found.items)
        for (kind, count) in [("missing", found.missing), ("stale", found.stale), ("extra", found.extra)]
        where count > 0 {
            Counter(label: "search_repaired_documents_total", dimensions: [("kind", kind)]).increment(by: count)
        }
    }

    static func coreAnswered(_ kind: String) {
        Counter(label: "search_core_requests_total", dimensions: [("outcome", kind)]).increment()
    }

    static func register(_ metrics: PrometheusMetrics, tenants: @escaping @Sendable () -> Int) {
        metrics.describe("search_documents_total", "Documents written, by what became of them.")
        metrics.describe("search_index_documents", "Documents of the index at the last check.")
        metrics.describe("search_items", "Items that there were at the last check.")
        metrics.describe("search_repaired_documents_total", "Documents that a check found wrong and mended, by how.")
        metrics.describe("search_core_requests_total", "Requests to core, by their outcome.")
        metrics.gauge("search_tenants", help: "Tenants whose items this instance indexes or stands by for.") {
            Double(tenants())
        }
    }
}
