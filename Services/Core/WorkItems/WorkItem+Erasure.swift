import Domain

/// Erasure: the item stays for the counts and tells nothing of the customer.
extension WorkItem {
    /// The number that an erased item has instead of its source's: unique, and telling nothing.
    private var erasedCaptureId: String { "erased:\(id.dashedText)" }

    /// Whether its content has been erased. It may have got new content since.
    var isErased: Bool { captureId == erasedCaptureId }

    /// Without anything that source or people wrote. Status, place and times stay. A source that submits the same again
    /// makes a new item.
    mutating func erase() {
        captureId = erasedCaptureId
        contentHash = []
        attributes = "{}"
        (customer, reason, result) = (nil, nil, nil)
    }
}
