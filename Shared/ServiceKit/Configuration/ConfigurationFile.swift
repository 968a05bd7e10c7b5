import Domain
import Foundation
import Yams

/// A YAML or JSON file of keys, nested (`http: {port: 4024}`) or dotted (`http.port: 4024`).
enum ConfigurationFile {
    static func read(
        _ path: String, keys: [ConfigurationKeyDescription]
    ) -> (values: [(name: String, text: String)], problems: [String]) {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            return (
                [],
                ["\(ConfigurationKeys.file.description.environment) must be the path of a readable file, not \(path)"]
            )
        }
        let root: Node?
        do { root = try Yams.compose(yaml: text) } catch {
            return ([], ["\(path) is neither YAML nor JSON: \(error)"])
        }
        guard let root else { return ([], []) }
        guard root.mapping != nil else { return ([], ["\(path) must hold keys and values"]) }
        var reading = Reading(path: path, names: Set(keys.map(\.name)))
        reading.walk(root, at: "")
        return (reading.values, reading.problems)
    }

    private struct Reading {
        let path: String
        let names: Set<String>
        var values: [(name: String, text: String)] = []
        var problems: [String] = []

        mutating func walk(_ node: Node, at place: String) {
            if names.contains(place), node.mapping == nil || !names.contains(where: { $0.hasPrefix(place + ".") }) {
                guard !values.contains(where: { $0.name == place }) else {
                    problems.append("\(path): \(place) is there twice")
                    return
                }
                let text = ConfigurationFile.text(node)
                if !text.isEmpty { values.append((place, text)) }
                return
            }
            guard let mapping = node.mapping else {
                problems.append("\(path): \(place) is not a key of this version")
                return
            }
            for (key, value) in mapping {
                let name = key.string ?? "?"
                walk(value, at: place.isEmpty ? name : place + "." + name)
            }
        }
    }

    private static func text(_ node: Node) -> String {
        if let scalar = node.scalar { return node.tag == Tag(.null) || scalar.string == "null" ? "" : scalar.string }
        if let sequence = node.sequence, sequence.allSatisfy({ $0.scalar != nil }), !sequence.isEmpty {
            return sequence.compactMap { $0.scalar?.string }.joined(separator: ",")
        }
        return json(node).text
    }

    private static func json(_ node: Node) -> JSONValue {
        if let mapping = node.mapping {
            return .object(JSONObject(mapping.map { ($0.key.string ?? "?", json($0.value)) }))
        }
        if let sequence = node.sequence { return .array(sequence.map(json)) }
        return .string(node.scalar?.string ?? "")
    }
}
