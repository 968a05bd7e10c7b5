/// In which part of an item a word stands. The zones order what is found: a word in the number tells more than the same
/// word somewhere in a long message.
public enum SearchZone: Int, Sendable, Hashable, CaseIterable {
    /// The source's own number of the item.
    case captureId
    /// The subjects of its messages.
    case subject
    /// Its attributes.
    case attributes
    /// The texts and addresses of its messages.
    case messages

    /// What a term that occurs in the zone counts. An item's score is the sum over terms and zones, so it depends on the
    /// item alone: it is the same in every index, and a page's place does not move when other items come.
    public var weight: Int {
        switch self {
        case .captureId: 8
        case .subject: 4
        case .attributes: 2
        case .messages: 1
        }
    }

    /// What a caller may search who may not read messages.
    public static let withoutMessages: Set<SearchZone> = [.captureId, .attributes]
}
