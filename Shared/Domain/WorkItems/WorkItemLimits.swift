/// The limits of what a source may send about a work item.
public enum WorkItemLimits {
    /// Attributes of one item.
    public static let attributes = 200
    /// Bytes of an attribute's name.
    public static let attributeNameBytes = 100
    /// Bytes of all attributes as JSON: 64 KiB.
    public static let attributesBytes = 65_536
    /// Seconds of head start, either way: 31 years.
    public static let headStart = 1e9
    /// Business value, either way.
    public static let businessValue = 1e12
    /// Bytes of the result that `complete` carries, as JSON.
    public static let resultBytes = 16_384
    /// Dates that an item may have: from 2000 until before 2100.
    public static let dates =
        Instant(milliseconds: 946_684_800_000)..<Instant(milliseconds: 4_102_444_800_000)
}
