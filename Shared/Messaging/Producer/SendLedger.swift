import CRdKafka

/// The calls of `send` that have no outcome yet, and where each of their messages is. Plain bookkeeping: the producer's
/// lock is around it, and it never calls the library.
struct SendLedger {
    /// Where a message is.
    enum Place: UInt8 { case waiting, underWay, delivered, failed }

    /// One call of `send`.
    final class Send {
        let number: UInt32
        let messages: [OutgoingMessage]
        let started: UInt64
        let deadline: UInt64
        let continuation: CheckedContinuation<MessagingError?, Never>
        var places: [Place]
        var cursor = 0
        var open: Int
        var underWay = 0
        /// The first message that failed for good.
        var failure: MessagingError?
        /// Why a message had to be sent again, for the error when time runs out.
        var lastTrouble: MessagingError?

        /// The indices of the messages that were not confirmed.
        var undelivered: [Int] { places.indices.filter { places[$0] != .delivered } }

        init(
            number: UInt32, messages: [OutgoingMessage], started: UInt64, deadline: UInt64,
            continuation: CheckedContinuation<MessagingError?, Never>
        ) {
            self.number = number
            self.messages = messages
            self.started = started
            self.deadline = deadline
            self.continuation = continuation
            places = Array(repeating: .waiting, count: messages.count)
            open = messages.count
        }
    }

    private(set) var sends: [UInt32: Send] = [:]
    /// Sends with messages still waiting, in order; those before `head` are done with.
    private var line: [UInt32] = []
    private var head = 0
    private var lastNumber: UInt32 = 0
    /// Messages that the library has and has not reported on.
    private(set) var underWay = 0

    var isEmpty: Bool { sends.isEmpty }

    mutating func add(
        _ messages: [OutgoingMessage], now: UInt64, timeout: UInt64,
        continuation: CheckedContinuation<MessagingError?, Never>
    ) {
        lastNumber &+= 1
        sends[lastNumber] = Send(
            number: lastNumber, messages: messages, started: now, deadline: now + timeout, continuation: continuation)
        line.append(lastNumber)
    }

    /// The next message to give to the library: its send and index.
    mutating func next() -> (send: Send, index: Int)? {
        while head < line.count {
            if let send = sends[line[head]] {
                while send.cursor < send.places.count, send.places[send.cursor] != .waiting { send.cursor += 1 }
                if send.cursor < send.places.count { return (send, send.cursor) }
            }
            head += 1
        }
        line.removeAll(keepingCapacity: true)
        head = 0
        return nil
    }

    /// The library has taken the message.
    mutating func taken(_ send: Send, _ index: Int) {
        send.places[index] = .underWay
        send.cursor = index + 1
        send.underWay += 1
        underWay += 1
    }

    /// The library reported on a message that it had.
    mutating func reported(_ token: MessageToken, _ outcome: Outcome) -> Send? {
        guard let send = sends[token.send], token.index < send.places.count, send.places[token.index] == .underWay
        else { return nil }
        underWay -= 1
        send.underWay -= 1
        return settle(send, token.index, outcome)
    }

    /// Sets a message's outcome; returns its send when that was the last one open.
    mutating func settle(_ send: Send, _ index: Int, _ outcome: Outcome) -> Send? {
        switch outcome {
        case .delivered:
            send.places[index] = .delivered
        case .failed(let error):
            send.places[index] = .failed
            send.failure = send.failure ?? error
        case .again(let error):
            send.places[index] = .waiting
            send.cursor = min(send.cursor, index)
            send.lastTrouble = error
            return nil
        }
        send.open -= 1
        guard send.open == 0 else { return nil }
        sends[send.number] = nil
        return send
    }

    /// Takes everything back from a library producer that is gone: all that is not settled waits again, in order.
    mutating func takeBack() {
        for send in sends.values {
            send.cursor = 0
            send.underWay = 0
            for index in send.places.indices where send.places[index] == .underWay { send.places[index] = .waiting }
        }
        underWay = 0
        line = sends.keys.sorted()
        head = 0
    }

    /// Removes the sends that match, for their callers to be told.
    mutating func remove(where matches: (Send) -> Bool) -> [Send] {
        let removed = sends.values.filter(matches)
        for send in removed {
            sends[send.number] = nil
            underWay -= send.underWay
        }
        return removed
    }

    enum Outcome: Sendable {
        case delivered
        case failed(MessagingError)
        /// Not stored, as far as is known: to be sent again, with the reason in case time runs out.
        case again(MessagingError)
    }
}

/// Which message a delivery report is about, carried through the library in its pointer-sized slot.
struct MessageToken: Sendable {
    var send: UInt32
    var index: Int

    init(send: UInt32, index: Int) {
        self.send = send
        self.index = index
    }

    init(_ pointer: UnsafeMutableRawPointer?) {
        let bits = UInt(bitPattern: pointer)
        send = UInt32(truncatingIfNeeded: bits >> 32)
        index = Int(UInt32(truncatingIfNeeded: bits))
    }

    var pointer: UnsafeMutableRawPointer? {
        UnsafeMutableRawPointer(bitPattern: UInt(send) << 32 | UInt(UInt32(index)))
    }
}
