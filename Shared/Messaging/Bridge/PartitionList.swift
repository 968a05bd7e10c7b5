import CRdKafka

/// Calls C with a list of partitions and their offsets, and releases the list.
func withPartitionList<Result>(
    _ partitions: some Collection<(key: TopicPartition, value: Int64)>,
    _ body: (UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?) -> Result
) -> Result {
    let list = rd_kafka_topic_partition_list_new(Int32(partitions.count))
    defer { rd_kafka_topic_partition_list_destroy(list) }
    for (name, offset) in partitions {
        rd_kafka_topic_partition_list_add(list, name.topic, name.partition).pointee.offset = offset
    }
    return body(list)
}

/// The same for partitions without offsets.
func withPartitionList<Result>(
    _ partitions: some Collection<TopicPartition>,
    _ body: (UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?) -> Result
) -> Result {
    withPartitionList(partitions.map { (key: $0, value: Int64(-1001)) }, body)
}
