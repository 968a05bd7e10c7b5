import Domain

/// Why items are in their categories: the conditions on the way, as the version says by which they were classified.
struct ClassificationRules {
    let store: ConfigurationStore
    let snapshot: TenantSnapshot
    /// Of versions that were looked up; nil of those that are gone.
    private var trees: [Int32: CategoryTree?]

    init(store: ConfigurationStore, snapshot: TenantSnapshot) {
        self.store = store
        self.snapshot = snapshot
        trees = [snapshot.version: snapshot.tree]
    }

    mutating func rule(category: String?, attributes: JSONObject, version: Int32?) async throws -> JSONObject {
        let classification = try await tree(of: version)?.classify(attributes)
        var rule = JSONObject()
        rule["configurationVersion"] = version.map { .integer(Int64($0)) } ?? .null
        rule["category"] = category.map { .string($0) } ?? .null
        rule["rules"] = .array(
            (classification?.rules ?? []).map { matched in
                var entry = JSONObject()
                entry["category"] = .string(matched.category)
                entry["because"] = .array(matched.reasons.map { .string($0) })
                return .object(entry)
            })
        return rule
    }

    private mutating func tree(of version: Int32?) async throws -> CategoryTree? {
        guard let version else { return nil }
        if let known = trees[version] { return known }
        let tree = try await store.configuration(tenant: snapshot.tenant, version: version)?.categoryTree()
        trees[version] = .some(tree)
        return tree
    }
}
