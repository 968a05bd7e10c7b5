import Domain

/// A submitted body that has been validated, on its way to becoming a work item.
struct CaptureRequest: Sendable {
    var source: Int32
    var submit: SubmitCommand
    /// SHA-256 of the body as sent, before the source's defaults.
    var contentHash: [UInt8]
    var actor: Actor
}

/// What became of a submitted body.
enum CaptureOutcome: Sendable {
    case created(WorkItem)
    /// The same content came before: the same item, no effect.
    case existing(WorkItem)
    case refused(Refusal)
}
