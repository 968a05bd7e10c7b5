import Foundation
import Logging
import Messaging

/// What the tests find around them, and names that no other test uses.
enum TestEnvironment {
    static let bootstrap = ProcessInfo.processInfo.environment["MILLRACE_TEST_KAFKA_BOOTSTRAP"]
    static let hasBroker = bootstrap != nil
    /// The broker's own binary, to be killed at will.
    static let brokerBinary = ProcessInfo.processInfo.environment["MILLRACE_TEST_NOIDA_DB"]
    static let hasBrokerBinary = brokerBinary.map { FileManager.default.isExecutableFile(atPath: $0) } ?? false

    static var connection: KafkaConfiguration { connection(to: bootstrap ?? "127.0.0.1:1") }

    static func connection(to servers: String, partitions: Int32 = 1) -> KafkaConfiguration {
        KafkaConfiguration(
            bootstrapServers: servers, clientIdentifier: "millrace-test",
            topicDefaults: TopicSpecification(name: "", partitions: partitions))
    }

    static func name(_ subject: String) -> String {
        "test.\(subject).\(UUID().uuidString.lowercased().prefix(8))"
    }

    static var logger: Logger {
        var logger = Logger(label: "messaging-tests")
        logger.logLevel =
            ProcessInfo.processInfo.environment["MILLRACE_TEST_LOG_LEVEL"].flatMap { Logger.Level(rawValue: $0) }
            ?? .critical
        return logger
    }
}

func text(_ message: IncomingMessage) -> String { String(decoding: message.value, as: UTF8.self) }

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }
