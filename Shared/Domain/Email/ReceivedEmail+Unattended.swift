extension ReceivedEmail {
    /// What the service says of a message that a machine sent by itself: `Auto-Submitted` says so, or nothing comes back to it.
    public static let unattended = ["auto-submitted", "null-return-path"]
    /// What the service says of a message that carries the mark of Millrace's messages.
    public static let marked = "own-mark"

    /// Whether nobody wrote it to us: a delivery report, a machine's answer, or a message of our own that comes back. Mailing
    /// lists and other installations of Millrace pass on what people write; no machine answers it, and it is read all the same.
    /// - Parameter isOwn: whether a mark is that of a message of this tenant.
    public func isUnattended(_ isOwn: (String) -> Bool) -> Bool {
        if deliveryStatus != nil { return true }
        guard let automatic else { return false }
        if Self.unattended.contains(automatic) { return true }
        // A service that does not tell the marks yet leaves it open whose they are.
        return automatic == Self.marked && (marks.isEmpty || marks.contains(where: isOwn))
    }
}
