import Domain
import Logging
import ServiceKit
import Synchronization
import Testing

@Suite struct LoggingAndHealthTests {
    private final class Lines: Sendable {
        let lines = Mutex<[[UInt8]]>([])
        var output: LogOutput { LogOutput { line in self.lines.withLock { $0.append(line) } } }
        var all: [JSONValue] { lines.withLock { $0 }.compactMap { try? JSONValue(parsing: Array($0.dropLast())) } }
    }

    private struct Odd: Error, CustomStringConvertible { let description = "token s3cr3t-token" }

    @Test func aRecordIsOneLineOfJSON() throws {
        let lines = Lines()
        let secrets = KnownSecrets()
        secrets.add("s3cr3t-token")
        secrets.add("abc")
        var logger = Logger(label: "core") {
            JSONLogHandler(label: $0, level: .info, output: lines.output, secrets: secrets)
        }
        logger[metadataKey: "tenant"] = "demo"
        logger.debug("not written")
        logger.info(
            "captured\nand more",
            metadata: ["count": .stringConvertible(3), "list": ["a", "b"], "time": "own", "url": "x?k=s3cr3t-token"])
        logger.error("failed with s3cr3t-token", error: Odd())
        #expect(lines.lines.withLock { $0.allSatisfy { $0.last == 10 && $0.dropLast().allSatisfy { $0 != 10 } } })
        let first = try #require(lines.all.first)
        #expect(first["message"] == "captured\nand more" && first["level"] == "info" && first["logger"] == "core")
        #expect(first["tenant"] == "demo" && first["count"] == 3 && first["list"] == ["a", "b"])
        #expect(first["metadata.time"] == "own" && first["url"] == "x?k=[redacted]")
        #expect(first["time"]?.stringValue.flatMap { Instant(rfc3339: $0) } != nil)
        let second = try #require(lines.all.last)
        #expect(second["message"] == "failed with [redacted]")
        #expect(!second.text.contains("s3cr3t"))
        #expect(lines.all.count == 2)
    }

    @Test func requestsAreLoggedWithTheirIDs() async throws {
        let lines = Lines()
        let logger = Logger(label: "http") { JSONLogHandler(label: $0, level: .debug, output: lines.output) }
        var routes = Routes()
        routes.get("/items/{id}") { request in
            request.logger.info("handled")
            return .noContent
        }
        try await withServer(routes, logger: logger) { port, _ async throws in
            let trace = ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
            _ = try await send("GET", port, "/items/1", headers: [("X-Request-Id", "r-1"), trace])
        }
        let handled = try #require(lines.all.first { $0["message"] == "handled" })
        #expect(handled["request"] == "r-1" && handled["trace"] == "4bf92f3577b34da6a3ce929d0e0e4736")
        #expect(handled["route"] == "/items/{id}" && handled["tenant"] == "demo")
        let access = try #require(lines.all.first { $0["message"] == "request answered" })
        #expect(access["request"] == "r-1" && access["status"] == 204 && access["level"] == "debug")
    }

    @Test func readinessNamesWhatIsMissing() async throws {
        let calls = Mutex(0)
        let isDown = Mutex(true)
        let health = HealthChecks(
            [
                HealthCheck("database") { calls.withLock { $0 += 1 } },
                HealthCheck("kafka", timeout: .milliseconds(50)) {
                    if isDown.withLock({ $0 }) { try await Task.sleep(for: .seconds(30)) }
                },
                HealthCheck("redis") { if isDown.withLock({ $0 }) { throw Odd() } },
            ], keepFor: .seconds(2))
        var routes = Routes()
        health.addRoutes(to: &routes)
        try await withServer(routes, authenticator: nil) { port, _ async throws in
            #expect(try await send("GET", port, "/health/live", key: nil).json == ["status": "alive"])
            let down = try await send("GET", port, "/health/ready", key: nil)
            #expect(down.status == 503 && down.json?["checks"]?["database"]?["ok"] == true)
            #expect(down.json?["checks"]?["kafka"]?["problem"]?.stringValue?.hasPrefix("no answer within") == true)
            #expect(down.json?["checks"]?["redis"]?["ok"] == false)
            isDown.withLock { $0 = false }
            #expect(try await send("GET", port, "/health/ready", key: nil).status == 503)
            #expect(calls.withLock { $0 } == 1, "an answer is given again while it is fresh")
            try await Task.sleep(for: .milliseconds(2050))
            let up = try await send("GET", port, "/health/ready", key: nil)
            #expect(up.status == 200 && up.json?["status"] == "ready")
        }
    }

    @Test(arguments: [(true, 200, "degraded"), (false, 503, "notReady")])
    func whatIsNotRequiredDegradesOnly(hasDatabase: Bool, status: Int, name: String) async throws {
        let health = HealthChecks([
            HealthCheck("database") { guard hasDatabase else { throw Odd() } },
            HealthCheck("kafka", isRequired: false) { throw Odd() },
            HealthCheck("topics", isRequired: false) {},
        ])
        var routes = Routes()
        health.addRoutes(to: &routes)
        try await withServer(routes, authenticator: nil) { port, _ async throws in
            let answer = try await send("GET", port, "/health/ready", key: nil)
            #expect(answer.status == status && answer.json?["status"]?.stringValue == name)
            let checks = answer.json?["checks"]
            #expect(checks?["kafka"]?["required"] == false && checks?["kafka"]?["ok"] == false)
            #expect(checks?["topics"]?["required"] == false && checks?["topics"]?["ok"] == true)
            #expect(checks?["database"]?["required"] == nil && checks?["database"]?["ok"]?.boolValue == hasDatabase)
        }
    }
}
