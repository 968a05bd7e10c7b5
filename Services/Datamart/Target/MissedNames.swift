/// Names that looking up did not find and the database has all the same.
///
/// Texts that look alike (é as one character or as two) are one to Swift and two to PostgreSQL: a batch that has both looks
/// for the first and may write the second.
struct MissedNames: Sendable {
    var customers: [String] = []
    var customs: [CustomValue] = []

    init() {}

    /// What a batch was going to add to dimensions that are not held in memory whole.
    init(of keys: DimensionKeys) {
        customers = keys.new[Dimension.customer.rawValue].map(\.name)
        customs = keys.new[Dimension.custom.rawValue].compactMap { CustomValue(name: $0.name) }
    }

    var count: Int { customers.count + customs.count }
    var isEmpty: Bool { count == 0 }
}

/// The batch is to be tried once more, with these names read first.
struct NamesAreThere: Error {
    let missed: MissedNames
}
