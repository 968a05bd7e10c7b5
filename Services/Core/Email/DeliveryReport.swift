import Domain

extension ReceivedEmail.DeliveryStatus {
    /// A message of ours after the notification. It has the same revision when that is no step of it.
    func told(of sent: Email, at now: Instant) -> Email {
        var after = sent
        after.reason = summary.isEmpty ? nil : summary
        let action: EmailAction? = failed ? .bounce : delivered ? .deliver : nil
        if let action, let next = EmailTransition.next(from: sent.state, action: action) {
            after.state = next
            after.revision += 1
            after.updatedAt = now
        }
        return after
    }
}
