import CRdKafka
import Logging

extension ConsumerLoop {
    // MARK: Rebalance

    /// The group gives partitions or wants them back. Giving them up waits, bounded, for the handler.
    /// Assignment is eager: it is always given and taken back whole.
    mutating func rebalance(_ event: borrowing RdKafkaEvent) {
        guard event.error == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS else {
            let isLost = rd_kafka_assignment_lost(client.handle) != 0
            let owned = Array(progress.owned.keys)
            plan.measure?(.revoked(partitions: owned.count, lost: isLost))
            plan.logger.info(
                "Kafka partitions revoked",
                metadata: ["partitions": .stringConvertible(owned.count), "lost": .stringConvertible(isLost)])
            revocation = Revocation(
                partitions: owned, bound: isLost ? 0 : Monotonic.now() + plan.finishWithin)
            return
        }
        guard closingBound == nil else {
            rd_kafka_assign(client.handle, nil)
            return
        }
        check(rd_kafka_assign(client.handle, rd_kafka_event_topic_partition_list(event.pointer)))
        let partitions = event.partitions
        progress.assigned(partitions)
        plan.measure?(.assigned(partitions: partitions.count))
        plan.logger.info("Kafka partitions assigned", metadata: ["partitions": .stringConvertible(partitions.count)])
    }

    /// Gives the partitions up as soon as the handler has none of their messages, or the bound has passed. A batch
    /// that failed is not tried again first: the next owner will.
    mutating func settleRevocation(_ now: UInt64) {
        guard let pending = revocation else { return }
        guard now >= pending.bound || !progress.isHandling(pending.partitions) else { return }
        revocation = nil
        if pending.bound > 0 { commitNow(milliseconds: 2000) }
        // The library keeps a pause beyond the assignment; the next one would never fetch.
        setPaused(false)
        holdUntil = 0
        progress.revoked(pending.partitions)
        continuity.forget(pending.partitions)
        rd_kafka_assign(client.handle, nil)
    }

    // MARK: Commit

    /// Commits what was handled, one request at a time and not too often; nobody waits for it.
    mutating func commit(_ now: UInt64) {
        guard commitUnderWay == nil, now >= commitAt, case .member = plan.role else { return }
        let offsets = progress.commitsDue
        guard !offsets.isEmpty else { return }
        commitAt = now + plan.commitInterval
        let code = withPartitionList(offsets) {
            rd_kafka_commit_queue(client.handle, $0, client.answers, nil, nil)
        }
        if code == RD_KAFKA_RESP_ERR_NO_ERROR { commitUnderWay = offsets }
    }

    mutating func committed(_ event: borrowing RdKafkaEvent) {
        let offsets = commitUnderWay
        commitUnderWay = nil
        settle(event, offsets ?? [:])
    }

    /// Removes from the debts what is committed, or can no longer be because the partition went to another member.
    private mutating func settle(_ event: borrowing RdKafkaEvent, _ offsets: [TopicPartition: Int64]) {
        switch event.error {
        case RD_KAFKA_RESP_ERR_NO_ERROR, RD_KAFKA_RESP_ERR__NO_OFFSET:
            progress.settled(offsets)
            plan.measure?(.committed(partitions: offsets.count))
        case RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION, RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID,
            RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
            progress.settled(offsets)
            plan.logger.info(
                "Kafka offsets not committed, the group has moved on",
                metadata: ["error": .string(errorName(event.error))])
        default:
            let now = Monotonic.now()
            commitAt = now + 200_000_000
            // The partitions are about to be taken back: what was started now might have to be done twice.
            if event.error == RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS { holdUntil = now + 1_000_000_000 }
            plan.logger.debug(
                "Kafka offsets not committed yet", metadata: ["error": .string(errorName(event.error))])
        }
    }

    /// Commits what was handled and waits for it, bounded: before partitions are given up.
    private mutating func commitNow(milliseconds: Int32) {
        guard case .member = plan.role else { return }
        let offsets = progress.commitsDue
        guard !offsets.isEmpty else { return }
        let queue = rd_kafka_queue_new(client.handle)
        defer { rd_kafka_queue_destroy(queue) }
        let code = withPartitionList(offsets) { rd_kafka_commit_queue(client.handle, $0, queue, nil, nil) }
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR,
            let pointer = rd_kafka_queue_poll(queue, milliseconds)
        else { return }
        settle(RdKafkaEvent(pointer: pointer), offsets)
    }

    // MARK: Leaving

    /// Commits, leaves the group at once and gives everything up.
    mutating func leave() {
        serveAnswers(0)
        guard case .member = plan.role, hasJoined else { return }
        commitNow(milliseconds: 2000)
        // A revocation that was still waiting for the handler holds the library up until it is answered.
        if revocation != nil { rd_kafka_assign(client.handle, nil) }
        let queue = rd_kafka_queue_new(client.handle)
        defer { rd_kafka_queue_destroy(queue) }
        if let error = rd_kafka_consumer_close_queue(client.handle, queue) {
            rd_kafka_error_destroy(error)
            return
        }
        let bound = Monotonic.now() + 5_000_000_000
        while rd_kafka_consumer_closed(client.handle) == 0, Monotonic.now() < bound {
            guard let pointer = rd_kafka_queue_poll(queue, 20) else { continue }
            let event = RdKafkaEvent(pointer: pointer)
            if event.type == RD_KAFKA_EVENT_REBALANCE { rd_kafka_assign(client.handle, nil) }
        }
        plan.logger.info("Kafka group left")
    }
}
