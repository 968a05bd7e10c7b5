import CoreMetrics
import ServiceKit
import Testing

@Suite struct MetricsTests {
    private func text(_ metrics: PrometheusMetrics) -> [String] {
        String(decoding: metrics.text(), as: UTF8.self).split(separator: "\n").map(String.init)
    }

    @Test func countersAndGauges() {
        let metrics = PrometheusMetrics(constantLabels: [("service", "core")])
        metrics.describe("captured", "Items captured.\nSecond \\ line")
        metrics.makeCounter(label: "captured", dimensions: [("source", "a\"b\\c\nd")]).increment(by: 2)
        metrics.makeCounter(label: "captured", dimensions: [("source", "a\"b\\c\nd")]).increment(by: 1)
        metrics.makeFloatingPointCounter(label: "work.done", dimensions: []).increment(by: 1.5)
        let meter = metrics.makeMeter(label: "depth", dimensions: [])
        meter.set(5.0)
        meter.decrement(by: 2)
        metrics.makeRecorder(label: "last", dimensions: [], aggregate: false).record(Int64(9))
        metrics.gauge("up", help: "Up.") { 1 }
        let lines = text(metrics)
        #expect(lines.contains(#"captured_total{service="core",source="a\"b\\c\nd"} 3"#))
        #expect(lines.contains(#"# HELP captured_total Items captured.\nSecond \\ line"#))
        #expect(lines.contains("# TYPE captured_total counter"))
        #expect(lines.contains(#"work_done_total{service="core"} 1.5"#))
        #expect(lines.contains(#"depth{service="core"} 3"#))
        #expect(lines.contains(#"last{service="core"} 9"#))
        #expect(lines.contains("# TYPE depth gauge") && lines.contains(#"up{service="core"} 1"#))
    }

    @Test func histogramsAreCumulative() {
        let metrics = PrometheusMetrics(timerBuckets: [0.1, 1])
        let timer = metrics.makeTimer(label: "pick", dimensions: [("kind", "pull")])
        for milliseconds in [50, 100, 500, 5_000] { timer.recordNanoseconds(Int64(milliseconds) * 1_000_000) }
        let lines = text(metrics)
        #expect(lines.contains("# TYPE pick_seconds histogram"))
        #expect(lines.contains(#"pick_seconds_bucket{kind="pull",le="0.1"} 2"#))
        #expect(lines.contains(#"pick_seconds_bucket{kind="pull",le="1"} 3"#))
        #expect(lines.contains(#"pick_seconds_bucket{kind="pull",le="+Inf"} 4"#))
        #expect(lines.contains(#"pick_seconds_count{kind="pull"} 4"#))
        #expect(lines.contains(#"pick_seconds_sum{kind="pull"} 5.65"#))
    }

    @Test func seriesAreBoundedAndRemoved() {
        let metrics = PrometheusMetrics(seriesLimit: 3)
        for number in 0..<10 { metrics.makeCounter(label: "many", dimensions: [("n", "\(number)")]).increment(by: 1) }
        metrics.makeMeter(label: "many_total", dimensions: []).set(1.0)
        let lines = text(metrics)
        #expect(lines.filter { $0.hasPrefix("many_total") }.count == 3)
        #expect(lines.contains("metrics_series_refused_total 8"))
        let counter = metrics.makeCounter(label: "once", dimensions: [])
        #expect(text(metrics).contains("once_total 0"))
        metrics.destroyCounter(counter)
        #expect(!text(metrics).contains { $0.contains("once") })
    }

    @Test func namesBecomeValid() {
        let metrics = PrometheusMetrics()
        metrics.makeMeter(label: "9 lives/ä", dimensions: [("a-b", "x")]).set(1.0)
        #expect(text(metrics).contains(#"_9_lives__{a_b="x"} 1"#))
    }

    @Test func processAndRouteAreServed() async throws {
        let metrics = PrometheusMetrics()
        ProcessMetrics.add(to: metrics)
        var routes = Routes()
        metrics.addRoute(to: &routes)
        try await withServer(routes, authenticator: nil) { port, _ async throws in
            let answer = try await send("GET", port, "/metrics", key: nil)
            #expect(answer.header("content-type") == "text/plain; version=0.0.4; charset=utf-8")
            let text = String(decoding: answer.body, as: UTF8.self)
            #expect(text.contains("\nprocess_resident_memory_bytes ") && text.contains("\nprocess_open_fds "))
        }
    }

    @Test func requestsAreCountedByTemplate() async throws {
        let metrics = PrometheusMetrics()
        var routes = Routes()
        routes.get("/items/{id}") { _ in .noContent }
        try await withMetricsFactory(metrics) {
            try await withServer(routes) { port, _ async throws in
                for id in 0..<3 { _ = try await send("GET", port, "/items/secret-\(id)") }
                _ = try await send("GET", port, "/other")
            }
        }
        let lines = text(metrics)
        #expect(
            lines.contains(
                #"http_server_request_duration_seconds_count{method="GET",route="/items/{id}",status="204"} 3"#))
        #expect(
            lines.contains(
                #"http_server_request_duration_seconds_count{method="other",route="unmatched",status="404"} 1"#))
        #expect(!lines.contains { $0.contains("secret") })
    }
}
