import Core
import Foundation
import ServiceKit

/// PostgreSQL, Redis and Kafka where the environment names them as it does for a service, and whether the lanes hold what
/// waits. It needs no running service: the first thing to know when none starts.
struct ServerChecks: Sendable {
    let environment: [String: String]
    let tenant: String?

    private static let addresses = ["MILLRACE_DATABASE_URL", "MILLRACE_REDIS_URL", "MILLRACE_KAFKA_BOOTSTRAP"]

    static func ofEnvironment(tenant: String?) -> Self {
        Self(environment: ProcessInfo.processInfo.environment, tenant: tenant)
    }

    /// What was found; nil when the environment names no server.
    struct Outcome: Sendable {
        var found: [Finding]?

        /// - Parameter serviceAnswers: whether a service tells how its servers are.
        func findings(serviceAnswers: Bool) -> [Finding] {
            if let found { return found }
            if serviceAnswers { return [] }
            return [
                Finding(
                    "servers", .warning,
                    "not looked at: \(ServerChecks.addresses.joined(separator: ", ")) are not set here; set them as the "
                        + "service has them (`. .local/env`) and ask again")
            ]
        }
    }

    func perform() async -> Outcome {
        let named = Self.addresses.filter { environment[$0]?.isEmpty == false }
        return Outcome(found: named.isEmpty ? nil : await look(at: named))
    }

    private func look(at named: [String]) async -> [Finding] {
        let configuration: ServiceConfiguration
        do {
            // What is meant for this command and for scripts is no business of a service.
            let keys = Set((ConfigurationKeys.all + CoreKeys.all).map(\.environment))
            configuration = try ServiceConfiguration.load(
                environment: environment.filter { keys.contains($0.key) }, needs: [], otherKeys: CoreKeys.all)
        } catch {
            return [Finding("configuration", .failed, "\(error)")]
        }
        let servers = DiagnoseServers(configuration: configuration)
        // All at once, told in this order.
        async let database = named.contains("MILLRACE_DATABASE_URL") ? database(servers) : []
        async let redis = named.contains("MILLRACE_REDIS_URL") ? redis(servers) : []
        async let kafka = named.contains("MILLRACE_KAFKA_BOOTSTRAP") ? kafka(servers) : []
        let findings = await database + redis + kafka
        guard named.contains("MILLRACE_DATABASE_URL"), named.contains("MILLRACE_REDIS_URL"), let tenant,
            !findings.contains(where: { $0.state == .failed })
        else { return findings }
        return findings + [await lanes(servers, tenant)]
    }

    private func database(_ servers: DiagnoseServers) async -> [Finding] {
        let answers = await look("PostgreSQL", "start it, or correct MILLRACE_DATABASE_URL") {
            try await servers.checkDatabase()
            return "answers"
        }
        guard answers.state == .well else { return [answers] }
        let schema = await look("schema", "run `millrace migrate` as the owner, with this version") {
            let newer = try await servers.checkSchema()
            return newer.first.map { "has migration \($0) of a newer version; replace the instances of this one" }
                ?? "up to date"
        }
        return [answers, schema]
    }

    private func redis(_ servers: DiagnoseServers) async -> [Finding] {
        [
            await look("Redis", "start it, or correct MILLRACE_REDIS_URL; its data is rebuilt by itself") {
                try await servers.checkRedis()
                return "answers"
            }
        ]
    }

    private func kafka(_ servers: DiagnoseServers) async -> [Finding] {
        [
            await look("Kafka", "start the broker, or correct MILLRACE_KAFKA_BOOTSTRAP") {
                "answers, \(try await servers.checkKafka()) topics"
            }
        ]
    }

    private func lanes(_ servers: DiagnoseServers, _ tenant: String) async -> Finding {
        do {
            guard let waiting = try await servers.waiting(tenant: tenant) else {
                return Finding(
                    "lanes", .failed,
                    "the database has no tenant \(tenant): is it the one of the service? Else `millrace bootstrap`")
            }
            return LaneCheck.finding(entries: waiting.entries, queued: waiting.queued)
        } catch {
            return Finding("lanes", .failed, "cannot be compared with the database: \(error)")
        }
    }

    private func look(_ name: String, _ advice: String, _ body: () async throws -> String) async -> Finding {
        do { return Finding(name, .well, try await body()) } catch {
            return Finding(name, .failed, "\(error); \(advice)")
        }
    }
}

/// The lanes against the database.
public enum LaneCheck {
    /// Items come and go between the two looks, so that a few more or less mean nothing.
    public static func finding(entries: Int, queued: Int) -> Finding {
        let text = "\(entries) in the lanes, \(queued) queued in the database"
        return abs(entries - queued) <= 100 + queued / 20
            ? Finding("lanes", .well, text)
            : Finding(
                "lanes", .warning,
                text + "; a core that runs evens this out within seconds: look again, then see its log for \"lanes\"")
    }
}
