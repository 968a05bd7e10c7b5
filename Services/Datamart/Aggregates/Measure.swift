/// What is counted of work items, in the order of the columns of the aggregates. deploy/datamart/measures.md defines each.
///
/// All are additive: over intervals, categories, queues, agents, and over the parts of a batch.
package enum Measure: Int, CaseIterable, Sendable {
    case entered, adopted, activated, offered, accepted, pulled, given, missed, declined, recalled, withdrawn, held
    case parked, transferred, reopened, failed, completed, autocompleted, canceled, rejected
    case becameOverdue, finishedOverdue, slaEligible, slaMet, waits, handled, holdsEnded
    case waitTime, handleTime, holdTime, finishTime, finishBusinessTime

    /// Its column.
    package var column: String {
        switch self {
        case .becameOverdue: "became_overdue"
        case .finishedOverdue: "finished_overdue"
        case .slaEligible: "sla_eligible"
        case .slaMet: "sla_met"
        case .holdsEnded: "holds_ended"
        case .waitTime: "wait_ms"
        case .handleTime: "handle_ms"
        case .holdTime: "hold_ms"
        case .finishTime: "finish_ms"
        case .finishBusinessTime: "finish_business_ms"
        default: "\(self)"
        }
    }
}

/// What agents' time goes to, in milliseconds; the columns of the agents' aggregates.
package enum AgentMeasure: Int, CaseIterable, Sendable {
    /// At least one item assigned.
    case busy
    /// Ready, none assigned.
    case idle
    /// Not ready, none assigned.
    case away
    /// Items assigned, times how long.
    case item

    /// Its column.
    package var column: String { "\(self)_ms" }
}

/// What is counted of messages; the columns of their aggregates.
package enum EmailMeasure: Int, CaseIterable, Sendable {
    case received, drafted, awaitingApproval, queued, sending, sent, delivered, bounced, failed, uncertain, canceled
    case rejected, sends, sendTime

    /// Its column.
    package var column: String {
        switch self {
        case .awaitingApproval: "awaiting_approval"
        case .sendTime: "send_ms"
        default: "\(self)"
        }
    }
}

/// Values of measures by their numbers; those that an aggregate does not have stay 0.
package struct Measures: Sendable {
    /// As many as any aggregate has.
    package static let capacity = 32
    private var values = InlineArray<32, Int64>(repeating: 0)

    package init() {}

    package subscript(index: Int) -> Int64 {
        get { values[index] }
        set { values[index] = newValue }
    }

    package subscript(measure: Measure) -> Int64 {
        get { values[measure.rawValue] }
        set { values[measure.rawValue] = newValue }
    }

    package static func += (left: inout Measures, right: Measures) {
        for index in 0..<capacity { left.values[index] &+= right.values[index] }
    }

    /// Whether nothing is counted.
    package var isZero: Bool {
        for index in 0..<Measures.capacity where values[index] != 0 { return false }
        return true
    }
}
