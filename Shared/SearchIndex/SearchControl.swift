public import Domain

/// Where the document stands that says how far a tenant's index has come. The search service writes it; whoever searches
/// looks whether the index follows.
public enum SearchControl {
    /// The index of these documents; a document's id is the alias of the tenant's index.
    public static let index = SearchConfiguration.reservedAlias

    /// So many events that change no document may have happened since the position that is noted.
    public static let unnoted: Int64 = 1000

    /// Whose index it is, of a document as it was got; nil in one from before there were owners.
    public static func owner(in answer: JSONValue) -> String? { answer["_source"]?["owner"]?.stringValue }

    /// The last event that the index which serves holds, of a document as it was got.
    public static func position(in answer: JSONValue) -> Int64? {
        answer["_source"]?["serving"]?["position"]?.integerValue
    }
}
