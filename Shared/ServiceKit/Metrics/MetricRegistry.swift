/// Kinds of metric in the text format.
enum MetricKind: String, Sendable {
    case counter, gauge, histogram
}

/// One series: writes its lines.
protocol MetricSeries: AnyObject, Sendable {
    /// Appends the lines of this series. `labels` is `a="b",c="d"` without braces, or empty.
    func write(name: String, labels: String, into text: inout String)
}

/// All metrics of a process and how they are written down.
struct MetricRegistry {
    private struct Metric {
        let kind: MetricKind
        var series: [String: any MetricSeries] = [:]
        var order: [String] = []
    }

    var help: [String: String] = [
        "http_server_request_duration_seconds": "Time from the request's head to the answer's head.",
        "metrics_series_refused_total": "Series that were not kept, because their metric has too many or another type.",
    ]
    private var metrics: [String: Metric] = [:]
    private var refused = 0
    private let constantLabels: [(String, String)]
    private let seriesLimit: Int

    init(constantLabels: [(String, String)], seriesLimit: Int) {
        self.constantLabels = constantLabels
        self.seriesLimit = seriesLimit
    }

    func series(_ name: String, _ labels: [(String, String)]) -> (any MetricSeries)? {
        metrics[name]?.series[MetricName.labels(constantLabels + labels)]
    }

    mutating func add(_ series: any MetricSeries, _ name: String, _ labels: [(String, String)], _ kind: MetricKind) {
        let key = MetricName.labels(constantLabels + labels)
        var metric = metrics[name] ?? Metric(kind: kind)
        guard metric.kind == kind, metric.series[key] == nil, metric.series.count < seriesLimit else {
            refused += 1
            return
        }
        metric.series[key] = series
        metric.order.append(key)
        metrics[name] = metric
    }

    mutating func remove(_ handler: AnyObject) {
        for (name, metric) in metrics {
            guard let key = metric.series.first(where: { $0.value === handler })?.key else { continue }
            metrics[name]?.series[key] = nil
            metrics[name]?.order.removeAll { $0 == key }
            if metrics[name]?.series.isEmpty == true { metrics[name] = nil }
        }
    }

    func text() -> [UInt8] {
        var text = ""
        text.reserveCapacity(16 << 10)
        for (name, metric) in metrics.sorted(by: { $0.key < $1.key }) {
            head(name, metric.kind, into: &text)
            for key in metric.order { metric.series[key]?.write(name: name, labels: key, into: &text) }
        }
        if refused > 0 {
            head("metrics_series_refused_total", .counter, into: &text)
            text += "metrics_series_refused_total \(refused)\n"
        }
        return Array(text.utf8)
    }

    private func head(_ name: String, _ kind: MetricKind, into text: inout String) {
        let base = name.hasSuffix("_total") ? String(name.dropLast(6)) : name
        if let help = help[name] ?? help[base] { text += "# HELP \(name) \(MetricName.escapedHelp(help))\n" }
        text += "# TYPE \(name) \(kind.rawValue)\n"
    }
}

/// Names and labels as the text format wants them.
enum MetricName {
    /// `label` with foreign characters replaced by `_`, and `suffix` added unless it is there.
    static func valid(_ label: String, suffix: String = "") -> String {
        var name = String(
            label.unicodeScalars.map { scalar -> Character in
                let isValid = scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar))
                return isValid || scalar == "_" || scalar == ":" ? Character(scalar) : "_"
            })
        if let first = name.unicodeScalars.first, ("0"..."9").contains(first) { name = "_" + name }
        if name.isEmpty { name = "_" }
        return name.hasSuffix(suffix) ? name : name + suffix
    }

    static func labels(_ labels: [(String, String)]) -> String {
        labels.map { "\(labelName($0.0))=\"\(escaped($0.1))\"" }.joined(separator: ",")
    }

    static func escapedHelp(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
    }

    private static func labelName(_ name: String) -> String { valid(name).replacing(":", with: "_") }

    private static func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }
}
