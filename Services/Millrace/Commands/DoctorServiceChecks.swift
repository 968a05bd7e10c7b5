import Domain
import Foundation

/// Whether the service answers, is ready, lets us in, and shows nothing odd.
struct ServiceChecks: Sendable {
    let credentials: Credentials

    func perform() async -> [Finding] {
        let client = APIClient(address: credentials.api, key: credentials.adminKey)
        let asked = Instant.now
        let answer: APIClient.Answer
        do {
            answer = try await client.send(.GET, url: client.address.origin + "/health/ready", timeout: .seconds(15))
        } catch {
            return [
                Finding(
                    "API", .failed,
                    "no answer from \(client.address.origin): \(error). Start it (`make up`), or correct baseUrl in \(credentials.origin)"
                )
            ]
        }
        var findings = [Finding("API", .well, "answers at \(client.address.text)")]
        findings.append(clock(answer, asked: asked, answered: .now))
        findings += readiness(answer)
        findings += await keys(client)
        guard !findings.contains(where: { $0.state == .failed }) else { return findings }
        findings.append(await version(client))
        findings += await work(client)
        do {
            findings += try await MailChecks(client: client).perform()
        } catch {
            findings.append(Finding("mail", .failed, "\(error)"))
        }
        return findings
    }

    /// Every dependency of the service, as it says itself.
    private func readiness(_ answer: APIClient.Answer) -> [Finding] {
        let advice = [
            "database": "check that PostgreSQL runs and MILLRACE_DATABASE_URL is right",
            "redis": "check that Redis runs and MILLRACE_REDIS_URL is right; its data is rebuilt by itself",
            "kafka": "check that the broker runs and MILLRACE_KAFKA_BOOTSTRAP is right; events wait until then",
            "topics": "until then fewer instances share the load",
        ]
        let report = (try? answer.json()) ?? .null
        let checks = report["checks"]?.objectValue?.members ?? []
        if checks.isEmpty {
            let status = report["status"]?.stringValue ?? "HTTP status \(answer.status)"
            return [Finding("readiness", answer.isSuccess ? .well : .failed, status)]
        }
        return checks.map { name, check in
            let time = check["milliseconds"]?.integerValue.map { " (\($0) ms)" } ?? ""
            if check["ok"]?.boolValue == true { return Finding(name, .well, "ready\(time)") }
            let problem = check["problem"]?.stringValue ?? "not ready"
            let state: Finding.State = check["required"]?.boolValue == false ? .warning : .failed
            return Finding(name, state, "\(problem)\(time); \(advice[name] ?? "see the service's log")")
        }
    }

    /// Offers have deadlines: clocks that differ make agents miss them.
    private func clock(_ answer: APIClient.Answer, asked: Domain.Instant, answered: Domain.Instant) -> Finding {
        guard let header = answer.headers.first(name: "Date"), let seconds = HTTPDate.seconds(header) else {
            return Finding("clock", .warning, "the service sends no Date header to compare with")
        }
        let skew = ClockSkew.seconds(serverDate: seconds, asked: asked, answered: answered)
        return skew.magnitude > 2
            ? Finding(
                "clock", .warning,
                "this machine's clock differs from the service's by \(TextFormats.number(skew)) s; let both follow NTP")
            : Finding("clock", .well, "differs by less than \(skew.magnitude < 1 ? 1 : 2) s")
    }

    private func keys(_ client: APIClient) async -> [Finding] {
        var findings: [Finding] = []
        for (name, key, path) in [
            ("admin key", credentials.adminKey, "/keys"),
            ("source key", credentials.sourceKey ?? "", "/workitems?limit=1"),
        ] where !key.isEmpty {
            do {
                try await APIClient(address: client.address, key: key).call(.GET, path)
                findings.append(Finding(name, .well, "is taken"))
            } catch {
                findings.append(Finding(name, .failed, "\(error)"))
            }
        }
        return findings
    }

    private func version(_ client: APIClient) async -> Finding {
        guard let document = try? await client.call(.GET, "/openapi.json"),
            let version = document["info"]?["version"]?.stringValue
        else { return Finding("version", .warning, "the service serves no openapi.json") }
        return Finding("version", .well, "the service's interface is version \(version)")
    }

    /// Dead letters, and work that waits although somebody is free for it.
    private func work(_ client: APIClient) async -> [Finding] {
        var findings: [Finding] = []
        do {
            let answer = try await client.call(.GET, "/queues")
            findings.append(QueueChecks.waiting(QueueRow.read(answer), now: .now))
            var dead = 0
            try await client.forEach("/dead", query: [("limit", "500"), ("contents", "false")]) { letter in
                if letter["outcome"]?.stringValue != "accepted" { dead += 1 }
                return dead < 500
            }
            findings.append(
                dead == 0
                    ? Finding("dead letters", .well, "none")
                    : Finding(
                        "dead letters", .warning,
                        "\(dead) wait; see `millrace dead list`, mend their cause, `millrace dead retry`"))
        } catch {
            findings.append(Finding("work", .failed, "\(error)"))
        }
        return findings
    }
}

/// Whether what waits looks right.
public enum QueueChecks {
    /// Items that wait long although agents of their endpoint are free hint at skills that nobody has.
    public static func waiting(_ rows: [QueueRow], now: Domain.Instant) -> Finding {
        let depth = rows.reduce(0) { $0 + $1.depth }
        if let stuck = rows.first(where: { row in
            row.depth > 0 && row.agentsFree > 0 && row.oldest.map { now - $0 > 30_000 } == true
        }) {
            return Finding(
                "queues", .warning,
                "\(stuck.depth) of \(stuck.category) wait at \(stuck.endpoint) although \(stuck.agentsFree) of its agents are free: "
                    + "do they have the skills? `millrace explain` an item, `millrace agents list`")
        }
        if let alone = rows.first(where: { $0.depth > 0 && $0.agentsReady == 0 }) {
            return Finding("queues", .warning, "\(alone.depth) wait at \(alone.endpoint), where no agent is ready")
        }
        return Finding("queues", .well, "\(depth) wait, \(rows.reduce(0) { $0 + $1.overdue }) of them overdue")
    }
}

/// Dates of HTTP headers (RFC 9110): `Tue, 15 Nov 1994 08:12:31 GMT`.
public enum HTTPDate {
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// Seconds since 1970; nil when it is no such date.
    public static func seconds(_ text: String) -> Int64? {
        let parts = text.split(separator: " ")
        guard parts.count == 6, parts[5] == "GMT", let month = months.firstIndex(of: String(parts[2])) else {
            return nil
        }
        func padded(_ number: Int) -> String { (number < 10 ? "0" : "") + String(number) }
        let day = parts[1].count == 1 ? "0\(parts[1])" : String(parts[1])
        return Instant(rfc3339: "\(parts[3])-\(padded(month + 1))-\(day)T\(parts[4])Z").map { $0.milliseconds / 1000 }
    }
}

/// How far two clocks are apart.
public enum ClockSkew {
    /// Seconds by which the server's clock is ahead. The server's date has whole seconds and was made at some time between
    /// question and answer: anything that this explains counts as 0.
    public static func seconds(serverDate: Int64, asked: Domain.Instant, answered: Domain.Instant) -> Double {
        let low = serverDate * 1000
        if low > answered.milliseconds { return Double(low - answered.milliseconds) / 1000 }
        if low + 1000 < asked.milliseconds { return Double(low + 1000 - asked.milliseconds) / 1000 }
        return 0
    }
}
