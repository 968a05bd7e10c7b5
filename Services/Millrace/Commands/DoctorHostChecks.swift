import Domain
import Foundation
import Messaging

/// Whether the file with the keys is as it should be.
enum CredentialChecks {
    static func file(_ credentials: Credentials) -> Finding {
        let attributes = try? FileManager.default.attributesOfItem(atPath: credentials.origin)
        guard let mode = (attributes?[.posixPermissions] as? NSNumber)?.intValue else {
            return Finding("credentials", .well, credentials.origin)
        }
        return mode & 0o077 == 0
            ? Finding("credentials", .well, "\(credentials.origin), tenant \(credentials.tenant ?? "unknown")")
            : Finding("credentials", .warning, "\(credentials.origin) can be read by others; chmod 600 it")
    }
}

/// Whether Kafka can be reached from here, with the topics that Millrace needs.
struct KafkaChecks: Sendable {
    let credentials: Credentials

    func perform() async -> [Finding] {
        guard let brokers = credentials.kafka else {
            return [Finding("kafka from here", .warning, "\(credentials.origin) names no Kafka; submit over REST")]
        }
        let admin = KafkaAdmin(
            connection: KafkaConfiguration(
                bootstrapServers: brokers, clientIdentifier: "millrace-doctor", createsTopics: false),
            logger: .quiet)
        let topics: [String: TopicDescription]
        do { topics = try await admin.topics() } catch {
            return [
                Finding(
                    "kafka from here", .failed,
                    "\(brokers): \(error.message) Check that the broker runs and that this address is right from here")
            ]
        }
        var findings = [Finding("kafka from here", .well, "\(brokers) answers, \(topics.count) topics")]
        for name in [
            "workitems.commands", "workitems.commands.dead", "workitems.replies", "workitems.events", "agents.events",
        ] {
            findings.append(topic(credentials.kafkaPrefix + name, topics))
        }
        return findings
    }

    private func topic(_ name: String, _ topics: [String: TopicDescription]) -> Finding {
        guard let topic = topics[name] else {
            return Finding(
                "topic", .failed,
                "\(name) is missing; a core creates it when it starts, or create it with 12 partitions")
        }
        return topic.available == topic.partitions
            ? Finding("topic", .well, "\(name), \(topic.partitions) partitions")
            : Finding(
                "topic", .failed,
                "\(name): only \(topic.available) of \(topic.partitions) partitions have a leader; see the broker")
    }
}

/// Whether this machine has room.
enum HostChecks {
    static func perform() -> [Finding] {
        var findings = [disk(of: ".", named: "disk here")]
        findings.append(disk(of: NSTemporaryDirectory(), named: "disk for temporary files"))
        return findings
    }

    private static func disk(of path: String, named name: String) -> Finding {
        guard let attributes = try? FileManager.default.attributesOfFileSystem(forPath: path),
            let free = (attributes[.systemFreeSize] as? NSNumber)?.int64Value,
            let size = (attributes[.systemSize] as? NSNumber)?.int64Value, size > 0
        else { return Finding(name, .warning, "its size cannot be found out") }
        return DiskSpace.finding(name, free: free, size: size)
    }
}

/// How much room is enough.
public enum DiskSpace {
    /// Less than 1 GiB stops a database soon; less than 5 GiB and a tenth is a warning.
    public static func finding(_ name: String, free: Int64, size: Int64) -> Finding {
        let text =
            "\(TextFormats.number(Double(free) / 1_073_741_824)) GiB of \(TextFormats.number(Double(size) / 1_073_741_824)) GiB free"
        if free < 1 << 30 { return Finding(name, .failed, text + "; make room before the servers stop") }
        if free < 5 << 30, free < size / 10 { return Finding(name, .warning, text + "; make room soon") }
        return Finding(name, .well, text)
    }
}
