import Metrics

/// What lies in mailboxes' folders, compared with what was taken.
extension EmailMetrics {
    static func difference(_ count: Int, _ labels: Labels) {
        Gauge(label: "email_mailbox_difference", dimensions: labels).record(count)
    }

    static func missed(_ count: Int, _ labels: Labels) {
        if count > 0 { Counter(label: "email_inbound_missed_total", dimensions: labels).increment(by: count) }
    }
}
