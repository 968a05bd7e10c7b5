import CRdKafka

/// What a turn of queueing messages led to.
struct ProducerTurn: Sendable {
    /// Sends that ended because all their messages were refused at once.
    var settled: [ProducerLane.Settled] = []
    /// Nothing more can be queued now.
    var isOver = false
    /// The library's queue is full; the rest follows when reports come in.
    var isFull = false
}

extension ProducerLane.State {
    /// Gives up to 256 waiting messages to the library.
    mutating func takeTurn(createsTopics: Bool) -> ProducerTurn {
        var turn = ProducerTurn()
        guard mayProduce, let client else {
            turn.isOver = true
            return turn
        }
        let arguments = ProduceArguments()
        for _ in 0..<256 {
            guard let (send, index) = ledger.next(),
                let topic = topicHandle(send.messages[index].topic, client, createsTopics)
            else {
                turn.isOver = true
                return turn
            }
            let token = MessageToken(send: send.number, index: index)
            switch arguments.produce(send.messages[index], to: topic, token: token, on: client) {
            case RD_KAFKA_RESP_ERR_NO_ERROR:
                ledger.taken(send, index)
            case RD_KAFKA_RESP_ERR__QUEUE_FULL:
                turn.isFull = true
                turn.isOver = true
                return turn
            case let code:
                let outcome = SendLedger.Outcome(code, topic: send.messages[index].topic)
                if let done = ledger.settle(send, index, outcome) {
                    turn.settled.append(ProducerLane.outcome(of: done))
                }
                if case .again = outcome {
                    mustRenew = true
                    mayProduce = false
                    client.wake()
                    turn.isOver = true
                    return turn
                }
            }
        }
        return turn
    }

    /// The library's handle of a topic; `nil` when the producer's thread has to see to the topic first.
    private mutating func topicHandle(_ name: String, _ client: RdKafkaClient, _ createsTopics: Bool) -> OpaquePointer?
    {
        if let handle = topicHandles[name] { return handle }
        if createsTopics, !knownTopics.contains(name) {
            wantedTopics.insert(name)
            mayProduce = false
            client.wake()
            return nil
        }
        let handle = rd_kafka_topic_new(client.handle, name, nil)
        topicHandles[name] = handle
        return handle
    }
}
