/// One difference between two configurations.
public struct ConfigurationChange: Sendable, Hashable, CustomStringConvertible {
    /// What happened at the place.
    public enum Kind: String, Sendable {
        case added, removed, changed, reordered
    }

    /// The place, with names instead of list positions: `/categories/Incidents/children/Major/schema`.
    public var path: String
    /// What happened there.
    public var kind: Kind
    /// The value before; nil when added. For `reordered` the names in their old order.
    public var before: JSONValue?
    /// The value after; nil when removed. For `reordered` the names in their new order.
    public var after: JSONValue?

    /// One line: `changed /endpoints/second-line/limit: 3 → 5`.
    public var description: String {
        switch (before, after) {
        case (let before?, let after?): "\(kind.rawValue) \(path): \(before) → \(after)"
        case (let value?, nil), (nil, let value?): "\(kind.rawValue) \(path): \(value)"
        case (nil, nil): "\(kind.rawValue) \(path)"
        }
    }

    /// The change as JSON: path, kind, before, after.
    public var document: JSONValue {
        var object: JSONObject = ["path": .string(path), "kind": .string(kind.rawValue)]
        object["before"] = before
        object["after"] = after
        return .object(object)
    }
}

/// Finds what changes from one configuration to another.
public enum ConfigurationDifference {
    /// The changes in the order of the document; `before` is nil for a tenant without a configuration.
    public static func changes(
        from before: TenantConfiguration?, to after: TenantConfiguration
    ) -> [ConfigurationChange] {
        changes(from: before?.document ?? [:], to: after.document)
    }

    /// The changes between two documents. Elements of lists are matched by `id`, `name` or `date`, plain texts by
    /// themselves; other lists are compared as a whole.
    public static func changes(from before: JSONValue, to after: JSONValue) -> [ConfigurationChange] {
        var changes: [ConfigurationChange] = []
        compare(before, after, .root, &changes)
        return changes
    }

    private static func compare(
        _ before: JSONValue, _ after: JSONValue, _ place: JSONPointer, _ changes: inout [ConfigurationChange]
    ) {
        if before == after { return }
        if let old = before.objectValue, let new = after.objectValue {
            compare(old, new, place, &changes)
        } else if let old = before.arrayValue, let new = after.arrayValue, let first = keyed(old),
            let second = keyed(new)
        {
            compare(first, second, place, &changes)
            let common = first.keys.filter { second[$0] != nil }
            let reordered = second.keys.filter { first[$0] != nil }
            if common != reordered, old.first?.stringValue == nil {
                changes.append(
                    ConfigurationChange(
                        path: place.description, kind: .reordered, before: .array(common.map(JSONValue.string)),
                        after: .array(reordered.map(JSONValue.string))))
            }
        } else {
            changes.append(
                ConfigurationChange(path: place.description, kind: .changed, before: before, after: after))
        }
    }

    private static func compare(
        _ before: JSONObject, _ after: JSONObject, _ place: JSONPointer, _ changes: inout [ConfigurationChange]
    ) {
        let old = Dictionary(before.members.map { ($0.key, $0.value) }) { $1 }
        let new = Dictionary(after.members.map { ($0.key, $0.value) }) { $1 }
        for (key, value) in before.members where new[key] == nil {
            append(.removed, value, place.appending(key), &changes)
        }
        for (key, value) in after.members {
            if let earlier = old[key] {
                compare(earlier, value, place.appending(key), &changes)
            } else {
                append(.added, value, place.appending(key), &changes)
            }
        }
    }

    /// A list that comes or goes is told element by element; an empty one is no news.
    private static func append(
        _ kind: ConfigurationChange.Kind, _ value: JSONValue, _ place: JSONPointer,
        _ changes: inout [ConfigurationChange]
    ) {
        if let elements = value.arrayValue, let named = keyed(elements) {
            for (key, element) in named.members { append(kind, element, place.appending(key), &changes) }
            return
        }
        let isAdded = kind == .added
        changes.append(
            ConfigurationChange(
                path: place.description, kind: kind, before: isAdded ? nil : value, after: isAdded ? value : nil))
    }

    /// The elements by what names them; nil when they have no names or share one.
    private static func keyed(_ elements: [JSONValue]) -> JSONObject? {
        var names: Set<String> = []
        var members: [(key: String, value: JSONValue)] = []
        for element in elements {
            let name = element.stringValue ?? ["id", "name", "date"].lazy.compactMap { element[$0]?.stringValue }.first
            guard let name, names.insert(name).inserted else { return nil }
            members.append((name, element))
        }
        return JSONObject(uniqueMembers: members)
    }
}
