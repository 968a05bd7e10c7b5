import Messaging
import ServiceKit

extension ServiceConfiguration.Kafka {
    /// How a service reaches the brokers.
    /// - Parameter instance: the client's name in the brokers' logs.
    public func connection(instance: String) -> KafkaConfiguration {
        KafkaConfiguration(
            bootstrapServers: bootstrap, clientIdentifier: instance, properties: clientProperties,
            topicDefaults: TopicSpecification(
                name: "", partitions: Int32(partitions), replication: Int32(replication)))
    }
}
