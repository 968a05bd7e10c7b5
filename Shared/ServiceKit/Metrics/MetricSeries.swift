import CoreMetrics
import Synchronization

/// Writes `name{labels} value`.
func metricLine(_ name: String, _ labels: String, _ value: String, into text: inout String) {
    text += name
    if !labels.isEmpty { text += "{\(labels)}" }
    text += " \(value)\n"
}

/// A number as the text format writes it.
func metricNumber(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    if value == value.rounded(), abs(value) < 1e15 { return String(Int64(value)) }
    return "\(value)"
}

final class IntegerCounter: MetricSeries, CounterHandler {
    private let value = Atomic<Int64>(0)

    func increment(by amount: Int64) { value.wrappingAdd(amount, ordering: .relaxed) }
    func reset() { value.store(0, ordering: .relaxed) }

    func write(name: String, labels: String, into text: inout String) {
        metricLine(name, labels, String(value.load(ordering: .relaxed)), into: &text)
    }
}

final class FloatingCounter: MetricSeries, FloatingPointCounterHandler {
    private let value = Mutex(0.0)

    func increment(by amount: Double) { value.withLock { $0 += amount } }
    func reset() { value.withLock { $0 = 0 } }

    func write(name: String, labels: String, into text: inout String) {
        metricLine(name, labels, metricNumber(value.withLock { $0 }), into: &text)
    }
}

final class Gauge: MetricSeries, MeterHandler, RecorderHandler {
    private let value = Mutex(0.0)

    func set(_ new: Int64) { set(Double(new)) }
    func set(_ new: Double) { value.withLock { $0 = new } }
    func increment(by amount: Double) { value.withLock { $0 += amount } }
    func decrement(by amount: Double) { value.withLock { $0 -= amount } }
    func record(_ new: Int64) { set(Double(new)) }
    func record(_ new: Double) { set(new) }

    func write(name: String, labels: String, into text: inout String) {
        metricLine(name, labels, metricNumber(value.withLock { $0 }), into: &text)
    }
}

/// A gauge whose value is asked for when it is written.
final class ReadGauge: MetricSeries {
    private let read: @Sendable () -> Double?

    init(_ read: @escaping @Sendable () -> Double?) { self.read = read }

    func write(name: String, labels: String, into text: inout String) {
        if let value = read() { metricLine(name, labels, metricNumber(value), into: &text) }
    }
}

/// Counts by upper bound. `scale` turns what is recorded into the unit of the bounds (nanoseconds to seconds).
final class Histogram: MetricSeries, TimerHandler, RecorderHandler {
    private struct State {
        var counts: [Int64]
        var sum = 0.0
    }

    private let bounds: [Double]
    private let scale: Double
    private let state: Mutex<State>

    init(bounds: [Double], scale: Double) {
        self.bounds = bounds.sorted()
        self.scale = scale
        state = Mutex(State(counts: Array(repeating: 0, count: bounds.count + 1)))
    }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration)) }
    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        let scaled = value * scale
        let bucket = bounds.firstIndex { scaled <= $0 } ?? bounds.count
        state.withLock { state in
            state.counts[bucket] += 1
            state.sum += scaled
        }
    }

    func write(name: String, labels: String, into text: inout String) {
        let (counts, sum) = state.withLock { ($0.counts, $0.sum) }
        let before = labels.isEmpty ? "" : labels + ","
        var total: Int64 = 0
        for (index, count) in counts.enumerated() {
            total += count
            let bound = index < bounds.count ? metricNumber(bounds[index]) : "+Inf"
            metricLine(name + "_bucket", "\(before)le=\"\(bound)\"", String(total), into: &text)
        }
        metricLine(name + "_sum", labels, metricNumber(sum), into: &text)
        metricLine(name + "_count", labels, String(total), into: &text)
    }
}
