import Metrics
import Synchronization

/// Durations of one route by status. Labels are the template and never an id.
final class RouteMetrics: Sendable {
    private let method: String
    private let template: String
    private let timers = Mutex<[Int: Metrics.Timer]>([:])

    init(method: String, template: String) {
        self.method = method
        self.template = template
    }

    func record(status: Int, duration: Duration) {
        let timer = timers.withLock { timers in
            if let timer = timers[status] { return timer }
            let timer = Metrics.Timer(
                label: "http_server_request_duration_seconds",
                dimensions: [("method", method), ("route", template), ("status", String(status))])
            timers[status] = timer
            return timer
        }
        let (seconds, attoseconds) = duration.components
        timer.recordNanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    }
}
