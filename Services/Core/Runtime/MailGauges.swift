import Metrics
import ServiceKit
import Synchronization

/// Gauges of what each mailbox of a tenant has to send, kept by the tenant's steward: the mailbox's holder may be away, and
/// a mailbox that is switched off has none.
final class MailGauges: Sendable {
    private static let all: [(label: String, help: String, value: @Sendable (OutboundCounts) -> Double)] = [
        ("email_outbound_queued", "Messages that are to go out.", { Double($0.queued) }),
        ("email_outbound_due", "Messages whose time to go out has come.", { Double($0.due) }),
        (
            "email_outbound_oldest_due_seconds", "For how long the first of them has been due.",
            { Double($0.oldestDue) / 1000 }
        ),
        (
            "email_outbound_awaiting_approval", "Messages that a supervisor is to look at.",
            { Double($0.awaitingApproval) }
        ),
        (
            "email_outbound_uncertain", "Messages of which a person is to say whether they went out.",
            { Double($0.uncertain) }
        ),
    ]

    private let tenant: String
    private let gauges = Mutex<[String: [Gauge]]>([:])

    init(tenant: String) { self.tenant = tenant }

    /// Says what they mean.
    static func describe(_ metrics: PrometheusMetrics) {
        for (label, help, _) in all { metrics.describe(label, help) }
    }

    /// Takes new numbers, by mailbox; mailboxes that are not among them are told of no longer.
    func set(_ counts: [String: OutboundCounts]) {
        gauges.withLock { gauges in
            for (mailbox, gone) in gauges where counts[mailbox] == nil {
                for gauge in gone { gauge.destroy() }
                gauges[mailbox] = nil
            }
            for (mailbox, count) in counts {
                let labels = [("tenant", tenant), ("mailbox", mailbox)]
                let known = gauges[mailbox] ?? Self.all.map { Gauge(label: $0.label, dimensions: labels) }
                gauges[mailbox] = known
                for (gauge, kind) in zip(known, Self.all) { gauge.record(kind.value(count)) }
            }
        }
    }

    /// Another instance keeps them.
    func clear() { set([:]) }
}
