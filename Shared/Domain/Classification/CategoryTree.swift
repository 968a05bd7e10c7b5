/// Where an item belongs, and why.
public struct Classification: Sendable {
    /// The category that takes it, with everything settled.
    public let category: ResolvedCategory
    /// What matched, from the outermost category inwards.
    public let rules: [MatchedRule]

    /// The condition of one category on the way, and the tests that made it hold.
    public struct MatchedRule: Sendable, Hashable {
        /// The category's path: `Incidents/Major`.
        public let category: String
        /// Its tests that held, in words; empty when it takes all.
        public let reasons: [String]
    }
}

/// The categories of a tenant, ready to classify.
///
/// At each level the first sibling, in order, that an item satisfies takes it, and its children are tried next; the
/// item belongs to the deepest one reached. A category without an endpoint of its own or from around it only groups:
/// it takes what one of its children takes, and else its next sibling is tried.
public struct CategoryTree: Sendable {
    /// Every category that can take items, outer before inner, in order.
    public let categories: [ResolvedCategory]
    private let roots: [Node]

    private struct Node: Sendable {
        let name: String
        let condition: Condition?
        let category: ResolvedCategory?
        let children: [Node]
    }

    /// A tree of these categories.
    public init(_ categories: [Category]) {
        var resolved: [ResolvedCategory] = []
        roots = Self.nodes(categories, path: [], conditions: [], settings: CategorySettings(), into: &resolved)
        self.categories = resolved
    }

    /// The category that takes an item with these attributes, and why; nil when none does.
    public func classify(_ attributes: JSONObject) -> Classification? {
        guard let category = Self.find(in: roots, attributes) else { return nil }
        return Classification(category: category, rules: Self.rules(category, attributes))
    }

    /// The category that takes an item with these attributes, without the reasons.
    public func category(for attributes: JSONObject) -> ResolvedCategory? { Self.find(in: roots, attributes) }

    /// The category of that path, such as `Incidents/Major`.
    public func category(named name: String) -> ResolvedCategory? { categories.first { $0.name == name } }

    private static func find(in nodes: [Node], _ attributes: JSONObject) -> ResolvedCategory? {
        for node in nodes where node.condition?.matches(attributes) ?? true {
            if let found = find(in: node.children, attributes) ?? node.category { return found }
        }
        return nil
    }

    private static func rules(_ category: ResolvedCategory, _ attributes: JSONObject) -> [Classification.MatchedRule] {
        category.conditions.map {
            Classification.MatchedRule(category: $0.category, reasons: $0.condition.reasons(attributes) ?? [])
        }
    }

    private static func nodes(
        _ categories: [Category], path: [String], conditions: [(category: String, condition: Condition)],
        settings outer: CategorySettings, into resolved: inout [ResolvedCategory]
    ) -> [Node] {
        categories.map { category in
            let path = path + [category.name]
            let name = path.joined(separator: "/")
            let conditions = conditions + (category.condition.map { [(category: name, condition: $0)] } ?? [])
            let settings = category.settings.inheriting(from: outer)
            let own = ResolvedCategory(path: path, conditions: conditions, settings: settings)
            if let own { resolved.append(own) }
            let children = nodes(
                category.children, path: path, conditions: conditions, settings: settings, into: &resolved)
            return Node(name: category.name, condition: category.condition, category: own, children: children)
        }
    }
}
