import Coordination
import Core
import Domain
import Logging
import Messaging
import ServiceKit
import Storage
import Testing

struct OpenAPITests {
    @Test func everyRouteIsDescribedAndEveryDescriptionIsServed() async throws {
        let away = try ServersThatAreAway()
        let differences = OpenAPIDocument.differences(from: CoreAPI.listing(with: away.dependencies))
        #expect(differences.isEmpty, "\(differences.joined(separator: "\n"))")
        await away.close()
    }

    @Test func whatIsMissingOnEitherSideIsNamed() {
        let described = OpenAPIDocument.differences(from: []).filter { $0.hasSuffix("is described and not served") }
        #expect(described.contains("GET /iwd/v3/openapi.json is described and not served"))
        let served = OpenAPIDocument.differences(from: [("GET", "/iwd/v3/secret"), ("GET", "/health/live")])
        #expect(served.contains("GET /iwd/v3/secret is served and not described"))
        #expect(!served.contains { $0.contains("/health/") })
    }

    @Test func everyReferenceLeadsToAComponentAndEveryComponentIsUsed() throws {
        var used: Set<String> = []
        collect(OpenAPIDocument.value, into: &used)
        let components = try #require(OpenAPIDocument.value["components"]?.objectValue)
        var known: Set<String> = []
        for (section, entries) in components.members where section != "securitySchemes" {
            for name in entries.objectValue?.keys ?? [] { known.insert("#/components/\(section)/\(name)") }
        }
        #expect(used.subtracting(known).isEmpty)
        #expect(known.subtracting(used).isEmpty)
    }

    @Test func everyOperationHasANameOfItsOwnAndSaysHowItFails() throws {
        var names: [String] = []
        for (path, item) in OpenAPIDocument.value["paths"]?.objectValue?.members ?? [] {
            for (method, operation) in item.objectValue?.members ?? [] {
                let name = try #require(operation["operationId"]?.stringValue, "\(method) \(path)")
                names.append(name)
                let responses = try #require(operation["responses"]?.objectValue, "\(name)")
                guard operation["security"] == nil else { continue }
                #expect(Set(responses.keys).isSuperset(of: ["400", "401", "403", "503"]), "\(name)")
                #expect((operation["requestBody"] != nil) == responses.keys.contains("413"), "\(name)")
            }
        }
        #expect(names.count > 50)
        #expect(Set(names).count == names.count)
    }

    private func collect(_ value: JSONValue, into references: inout Set<String>) {
        if let reference = value["$ref"]?.stringValue { references.insert(reference) }
        for element in value.arrayValue ?? [] { collect(element, into: &references) }
        for (_, member) in value.objectValue?.members ?? [] { collect(member, into: &references) }
    }
}

/// Clients of servers that nobody needs to find: enough to make routes with.
private struct ServersThatAreAway {
    let dependencies: CoreDependencies

    init() throws {
        var logger = Logger(label: "away")
        logger.logLevel = .critical
        let nowhere = "redis://127.0.0.1:1"
        dependencies = CoreDependencies(
            pool: try PostgresPool(url: "postgres://nobody@127.0.0.1:1/nothing", logger: logger),
            redis: try RedisClient(url: nowhere, connections: 1, logger: logger),
            subscriber: try RedisSubscriber(url: nowhere, logger: logger),
            producer: try KafkaProducer(
                configuration: ProducerConfiguration(
                    connection: KafkaConfiguration(bootstrapServers: "127.0.0.1:1", clientIdentifier: "away")),
                logger: logger),
            topics: Topics(prefix: ""), outbound: OutboundHTTP(guard: AddressGuard(allow: [])), instance: "away",
            redisPrefix: "away:", leaseTime: .seconds(3), defaultQuota: nil,
            agentSilence: .seconds(60), webhookSecrets: [:], logger: logger)
    }

    func close() async {
        await dependencies.producer.close()
        await dependencies.subscriber.close()
        await dependencies.redis.close()
        await dependencies.pool.close()
    }
}
