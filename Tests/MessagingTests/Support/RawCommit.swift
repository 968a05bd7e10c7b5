import CRdKafka
import Messaging

/// Commits an offset as no well-behaved consumer would.
func commitRaw(group: String, _ partition: TopicPartition, offset: Int64, at servers: String) throws {
    let configuration = rd_kafka_conf_new()
    rd_kafka_conf_set(configuration, "bootstrap.servers", servers, nil, 0)
    rd_kafka_conf_set(configuration, "group.id", group, nil, 0)
    guard let client = rd_kafka_new(RD_KAFKA_CONSUMER, configuration, nil, 0) else {
        throw MessagingError(.configuration, "no client")
    }
    defer { rd_kafka_destroy(client) }
    let list = rd_kafka_topic_partition_list_new(1)
    defer { rd_kafka_topic_partition_list_destroy(list) }
    rd_kafka_topic_partition_list_add(list, partition.topic, partition.partition).pointee.offset = offset
    let code = rd_kafka_commit(client, list, 0)
    guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
        throw MessagingError(.refused, "not committed", cause: String(cString: rd_kafka_err2name(code)))
    }
}
