import CoreMetrics
import Synchronization

/// A backend of swift-metrics that is read in the Prometheus text format.
///
/// Labels become valid names; counters end in `_total` and timers in `_seconds`; timers and aggregating recorders are
/// histograms. A metric has at most `seriesLimit` series: what comes above is counted nowhere and reported once in
/// `metrics_series_refused_total`.
public final class PrometheusMetrics: MetricsFactory {
    private let registry: Mutex<MetricRegistry>
    private let timerBuckets: [Double]
    private let recorderBuckets: [Double]

    /// Upper bounds for times in seconds, from half a millisecond to ten seconds.
    public static let defaultTimerBuckets = [
        0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
    ]
    /// Upper bounds for sizes and counts, from one to a million.
    public static let defaultRecorderBuckets: [Double] = [
        1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 100_000, 1_000_000,
    ]

    /// - Parameters:
    ///   - constantLabels: labels that every series has, for example `service` and `instance`.
    ///   - seriesLimit: series of one metric at most.
    public init(
        constantLabels: [(String, String)] = [], timerBuckets: [Double] = defaultTimerBuckets,
        recorderBuckets: [Double] = defaultRecorderBuckets, seriesLimit: Int = 2_000
    ) {
        registry = Mutex(MetricRegistry(constantLabels: constantLabels, seriesLimit: seriesLimit))
        self.timerBuckets = timerBuckets
        self.recorderBuckets = recorderBuckets
    }

    /// Says what a metric means; becomes its HELP line. Give the name as the metric's label is written in code.
    public func describe(_ label: String, _ help: String) {
        registry.withLock { $0.help[MetricName.valid(label)] = help }
    }

    /// Adds a value that is read when the metrics are: uptime, memory, the depth of a queue in memory.
    public func gauge(
        _ label: String, help: String, labels: [(String, String)] = [], _ read: @escaping @Sendable () -> Double?
    ) {
        describe(label, help)
        registry.withLock { $0.add(ReadGauge(read), MetricName.valid(label), labels, .gauge) }
    }

    /// All series in text format 0.0.4.
    public func text() -> [UInt8] { registry.withLock { $0.text() } }

    /// The content type of ``text()``.
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// Adds `GET /metrics`, open to everyone.
    public func addRoute(to routes: inout Routes) {
        routes.get("/metrics", access: .everyone) { _ in
            .bytes(self.text(), contentType: Self.contentType)
        }
    }

    /// A counter of whole numbers.
    public func makeCounter(label: String, dimensions: [(String, String)]) -> CounterHandler {
        make(MetricName.valid(label, suffix: "_total"), dimensions, .counter, IntegerCounter())
    }

    /// A counter of fractions.
    public func makeFloatingPointCounter(label: String, dimensions: [(String, String)]) -> FloatingPointCounterHandler {
        make(MetricName.valid(label, suffix: "_total"), dimensions, .counter, FloatingCounter())
    }

    /// A gauge.
    public func makeMeter(label: String, dimensions: [(String, String)]) -> MeterHandler {
        make(MetricName.valid(label), dimensions, .gauge, Gauge())
    }

    /// A histogram when it aggregates, else a gauge of the last value.
    public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> RecorderHandler {
        if aggregate {
            return make(MetricName.valid(label), dimensions, .histogram, Histogram(bounds: recorderBuckets, scale: 1))
        }
        return make(MetricName.valid(label), dimensions, .gauge, Gauge())
    }

    /// A histogram in seconds.
    public func makeTimer(label: String, dimensions: [(String, String)]) -> TimerHandler {
        make(
            MetricName.valid(label, suffix: "_seconds"), dimensions, .histogram,
            Histogram(bounds: timerBuckets, scale: 1e-9))
    }

    /// Takes the series out.
    public func destroyCounter(_ handler: CounterHandler) { remove(handler) }
    /// Takes the series out.
    public func destroyFloatingPointCounter(_ handler: FloatingPointCounterHandler) { remove(handler) }
    /// Takes the series out.
    public func destroyMeter(_ handler: MeterHandler) { remove(handler) }
    /// Takes the series out.
    public func destroyRecorder(_ handler: RecorderHandler) { remove(handler) }
    /// Takes the series out.
    public func destroyTimer(_ handler: TimerHandler) { remove(handler) }

    private func make<Handler: MetricSeries>(
        _ name: String, _ labels: [(String, String)], _ kind: MetricKind, _ new: @autoclosure () -> Handler
    ) -> Handler {
        registry.withLock { registry in
            if let known = registry.series(name, labels) as? Handler { return known }
            let series = new()
            registry.add(series, name, labels, kind)
            return series
        }
    }

    private func remove(_ handler: AnyObject) { registry.withLock { $0.remove(handler) } }
}
