import Domain
import Storage

/// New rows of dimensions.
enum WriteDimensions {
    static func statements(_ keys: DimensionKeys) -> [SQLStatement] {
        Dimension.allCases.compactMap { dimension in
            let rows = keys.new[dimension.rawValue]
            guard !rows.isEmpty else { return nil }
            switch dimension {
            case .category: return categories(rows)
            case .custom: return customs(rows)
            default:
                var insert = UnnestInsert(into: dimension.table)
                insert.add(dimension.keyColumn, .int4s(rows.map(\.key)))
                insert.add(dimension.nameColumn, .texts(rows.map(\.name)))
                if dimension == .queue { insert.add("valid_from", .timestamps(milliseconds: rows.map(\.at))) }
                return insert.statement()
            }
        }
    }

    private static func categories(_ rows: [DimensionKeys.NewRow]) -> SQLStatement {
        let levels = rows.map { CategoryLevels(path: $0.name) }
        var insert = UnnestInsert(into: "dim_category")
        insert.add("category_key", .int4s(rows.map(\.key)))
        insert.add("path", .texts(rows.map(\.name)))
        insert.add("name", .texts(levels.map(\.name)))
        insert.add("depth", .int4s(levels.map { Int32($0.depth) }))
        for level in 0..<10 {
            insert.add("level_\(level + 1)", .textsOptional(levels.map { $0.level(level) }))
        }
        insert.add("valid_from", .timestamps(milliseconds: rows.map(\.at)))
        return insert.statement()
    }

    private static func customs(_ rows: [DimensionKeys.NewRow]) -> SQLStatement {
        let values = rows.map { CustomValue(name: $0.name) }
        var insert = UnnestInsert(into: "dim_custom")
        insert.add("custom_key", .int4s(rows.map(\.key)))
        insert.add("slot", .int4s(values.map { Int32(clamping: $0?.slot ?? 0) }))
        insert.add("attribute", .texts(values.map { $0?.attribute ?? "" }))
        insert.add("value", .texts(values.map { $0?.value ?? "" }))
        return insert.statement()
    }
}

/// A category's path by its levels; what lies deeper than ten is in the tenth, with its slashes.
package struct CategoryLevels: Sendable, Hashable {
    private let levels: [String]

    package init(path: String) {
        levels = path.split(separator: "/", maxSplits: 9, omittingEmptySubsequences: false).map(String.init)
    }

    /// The innermost level.
    package var name: String { levels.last ?? "" }
    package var depth: Int { levels.count }
    package func level(_ index: Int) -> String? { index < levels.count ? levels[index] : nil }
}
