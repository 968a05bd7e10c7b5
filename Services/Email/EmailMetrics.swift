import Domain
import Metrics
import ServiceKit

/// The service's metrics. Names and labels are constants; labels are names out of configurations.
enum EmailMetrics {
    typealias Labels = [(String, String)]

    static func processed(_ outcome: String, _ labels: Labels) {
        Counter(label: "email_inbound_processed_total", dimensions: labels + [("outcome", outcome)]).increment()
    }

    static func failed(_ labels: Labels) {
        Counter(label: "email_inbound_failed_total", dimensions: labels).increment()
    }

    static func toRetry(_ labels: Labels) {
        Counter(label: "email_inbound_retries_total", dimensions: labels).increment()
    }

    static func blocked(_ count: Int, _ labels: Labels) {
        if count > 0 { Counter(label: "email_inbound_blocked_total", dimensions: labels).increment(by: count) }
    }

    static func size(_ bytes: Int, _ labels: Labels) {
        Counter(label: "email_inbound_bytes_total", dimensions: labels).increment(by: bytes)
    }

    static func unread(_ count: Int, _ labels: Labels) {
        Gauge(label: "email_mailbox_unread", dimensions: labels).record(count)
    }

    static func waited(_ milliseconds: Int64) {
        Timer(label: "email_inbound_waiting_seconds").recordMilliseconds(max(0, milliseconds))
    }

    static func took(_ duration: Duration) {
        Timer(label: "email_inbound_processing_seconds").recordMilliseconds(duration.milliseconds)
    }

    static func connected(_ isConnected: Bool, _ direction: String, _ labels: Labels) {
        Gauge(label: "email_server_connected", dimensions: labels + [("direction", direction)]).record(
            isConnected ? 1 : 0)
    }

    static func sent(_ outcome: String, _ labels: Labels) {
        Counter(label: "email_outbound_attempts_total", dimensions: labels + [("outcome", outcome)]).increment()
        if outcome == "sent" { Counter(label: "email_outbound_sent_total", dimensions: labels).increment() }
        if outcome == "failed" { Counter(label: "email_outbound_failed_total", dimensions: labels).increment() }
    }

    static func inHand(_ count: Int, _ labels: Labels) {
        Gauge(label: "email_outbound_in_hand", dimensions: labels).record(count)
    }

    static func error(_ code: String, _ direction: String) {
        Counter(label: "email_errors_total", dimensions: [("code", code), ("direction", direction)]).increment()
    }

    static func renewed(_ outcome: String) {
        Counter(label: "email_token_renewals_total", dimensions: [("outcome", outcome)]).increment()
    }

    @Sendable static func coreAnswered(_ status: String) {
        Counter(label: "email_core_requests_total", dimensions: [("status", status)]).increment()
    }

    /// Says what they mean, and adds gauges that are read when they are asked for.
    static func register(_ metrics: PrometheusMetrics, held: @escaping @Sendable () -> Int) {
        for (name, help) in [
            ("email_inbound_processed_total", "Messages taken, by what became of them."),
            ("email_inbound_failed_total", "Messages that could not be read and were kept for people to look at."),
            ("email_inbound_retries_total", "Messages that core did not take and that are handed over again."),
            ("email_inbound_blocked_total", "Attachments that were not taken because of their name or type."),
            ("email_inbound_bytes_total", "Bytes of messages taken."),
            ("email_mailbox_unread", "Unread messages in the mailbox's folder."),
            (
                "email_mailbox_difference",
                "Messages in the mailbox's folder that were not taken, at the last comparison."
            ),
            ("email_inbound_missed_total", "Messages that only the comparison with the folder has found."),
            ("email_inbound_waiting_seconds", "Time from a message's arrival in the mailbox until it was taken."),
            ("email_inbound_processing_seconds", "Time that reading and handing over a message took."),
            ("email_server_connected", "Whether the mailbox's server is connected (1) or not (0)."),
            ("email_outbound_attempts_total", "Attempts to send, by outcome."),
            ("email_outbound_sent_total", "Messages that servers took over."),
            ("email_outbound_failed_total", "Messages that servers refused for good."),
            ("email_outbound_in_hand", "Messages being sent."),
            ("email_errors_total", "Failures of mail servers, by kind."),
            ("email_token_renewals_total", "Renewals of access tokens, by outcome."),
            ("email_core_requests_total", "Requests to core, by status."),
        ] { metrics.describe(name, help) }
        metrics.gauge("email_mailboxes_held", help: "Mailboxes that this instance holds.") { Double(held()) }
    }
}

extension Duration {
    var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}
