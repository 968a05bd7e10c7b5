/// Those who wait for a connection, first come, first served.
struct WaitingLine {
    typealias Answer = Result<PostgresConnection, StorageError>
    typealias Waiter = CheckedContinuation<Answer, Never>

    private var order: [UInt64] = []
    /// Everything before it in `order` is done with.
    private var head = 0
    private var waiters: [UInt64: Waiter] = [:]
    private var tickets: UInt64 = 0

    /// How many wait.
    var count: Int { waiters.count }

    mutating func nextTicket() -> UInt64 {
        tickets += 1
        return tickets
    }

    mutating func join(_ ticket: UInt64, _ waiter: Waiter) {
        order.append(ticket)
        waiters[ticket] = waiter
    }

    /// The one who has waited longest, taken out of the line.
    mutating func removeFirst() -> Waiter? {
        while head < order.count {
            let ticket = order[head]
            head += 1
            if let waiter = waiters.removeValue(forKey: ticket) {
                compact()
                return waiter
            }
        }
        order.removeAll(keepingCapacity: true)
        head = 0
        return nil
    }

    mutating func remove(_ ticket: UInt64) -> Waiter? { waiters.removeValue(forKey: ticket) }

    mutating func removeAll() -> [Waiter] {
        var all: [Waiter] = []
        while let waiter = removeFirst() { all.append(waiter) }
        return all
    }

    private mutating func compact() {
        if head > 1024, head * 2 > order.count {
            order.removeFirst(head)
            head = 0
        }
    }
}
