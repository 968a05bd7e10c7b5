/// A dimension whose rows are made by the facts: a name and its key.
package enum Dimension: Int, CaseIterable, Sendable {
    case category, queue, agent, source, channel, mediaType, segment, product, mailbox, resultCode, eventType
    // There may be millions of these two; the rest is held in memory.
    case customer, custom

    /// Those that are held in memory whole.
    package static let small = allCases.filter { $0 != .customer && $0 != .custom }

    package var table: String {
        switch self {
        case .source: "dim_capture_point"
        case .mediaType: "dim_media_type"
        case .resultCode: "dim_result_code"
        case .eventType: "dim_event_type"
        default: "dim_\(self)"
        }
    }

    package var keyColumn: String {
        switch self {
        case .source: "source_key"
        case .mediaType: "media_type_key"
        case .resultCode: "result_code_key"
        case .eventType: "event_type_key"
        default: "\(self)_key"
        }
    }

    package var nameColumn: String {
        switch self {
        case .category: "path"
        case .agent: "agent"
        default: "name"
        }
    }
}

/// Keys of dimensions by name, and the rows that are new.
///
/// Only the holder of the mart's lease writes, so it gives the keys itself; a new row is written in the transaction of the
/// first fact that needs it.
package struct DimensionKeys: Sendable {
    /// A row that is not in the database yet.
    package struct NewRow: Sendable, Hashable {
        package var key: Int32
        package var name: String
        /// Milliseconds since 1970 of the event that named it first.
        package var at: Int64
    }

    /// Names are cut to so many characters: a key of an index has its limit. A category's path is not: categories that differ
    /// far down are others, and what core takes (ten names of 100 bytes) fits.
    package static let longestName = 200

    /// Codes beyond so many are `(other)`: a result may be any text.
    package static let mostResultCodes = 5000
    /// Keys of results up to this one are there from the beginning: none, `(other)`, `autocomplete`.
    static let lastFixedResult: Int32 = 2

    private var keys: [[String: Int32]]
    private var next: [Int32]
    package private(set) var new: [[NewRow]]

    package init() {
        keys = Array(repeating: ["": 0], count: Dimension.allCases.count)
        next = Array(repeating: 1, count: Dimension.allCases.count)
        new = Array(repeating: [], count: Dimension.allCases.count)
        keys[Dimension.mediaType.rawValue] = ["": 0, "workitem": 1, "email": 2]
        next[Dimension.mediaType.rawValue] = 3
        keys[Dimension.resultCode.rawValue] = ["": 0, "(other)": 1, "autocomplete": 2]
        next[Dimension.resultCode.rawValue] = Self.lastFixedResult + 1
    }

    /// A row that the database has.
    package mutating func remember(_ dimension: Dimension, _ name: String, key: Int32) {
        keys[dimension.rawValue][name] = key
        next[dimension.rawValue] = max(next[dimension.rawValue], key + 1)
    }

    /// The highest key that the database has, of a dimension that is not held whole.
    package mutating func skip(_ dimension: Dimension, through key: Int32) {
        next[dimension.rawValue] = max(next[dimension.rawValue], key + 1)
    }

    /// The key of a name, a new one when there is none; 0 for none.
    package mutating func key(_ dimension: Dimension, _ name: String?, at milliseconds: Int64) -> Int32 {
        guard let name, !name.isEmpty else { return 0 }
        if let key = keys[dimension.rawValue][name] { return key }
        let cut = Self.stored(name, in: dimension)
        if cut != name, let key = keys[dimension.rawValue][cut] { return key }
        if dimension == .resultCode, keys[dimension.rawValue].count > Self.mostResultCodes { return 1 }
        let key = next[dimension.rawValue]
        next[dimension.rawValue] += 1
        keys[dimension.rawValue][cut] = key
        new[dimension.rawValue].append(NewRow(key: key, name: cut, at: milliseconds))
        return key
    }

    /// Whether a name's key is known here.
    package func knows(_ dimension: Dimension, _ name: String) -> Bool { keys[dimension.rawValue][name] != nil }

    /// The new rows have been written.
    package mutating func written() {
        for index in new.indices { new[index].removeAll() }
        // What is not held whole is looked up again.
        for dimension in [Dimension.customer, .custom] where keys[dimension.rawValue].count > 20_000 {
            keys[dimension.rawValue] = ["": 0]
        }
    }

    /// Names of a dimension that is not held whole are looked up again.
    package mutating func forget(_ dimension: Dimension) { keys[dimension.rawValue] = ["": 0] }

    /// How many rows are new.
    package var newCount: Int { new.reduce(0) { $0 + $1.count } }

    /// A name as a dimension's row has it, which is also how it is looked up.
    package static func stored(_ name: String, in dimension: Dimension) -> String {
        switch dimension {
        case .category: name
        // Slot and attribute are no part of the value, which is cut by itself.
        case .custom: CustomValue(name: name)?.name ?? name
        default: cut(name)
        }
    }

    package static func cut(_ name: String) -> String {
        name.utf8.count <= longestName
            ? name : String(String.UnicodeScalarView(name.unicodeScalars.prefix(longestName)))
    }
}
