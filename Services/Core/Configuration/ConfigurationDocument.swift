import Domain
import Yams

/// Reads a configuration document from JSON or YAML bytes.
public enum ConfigurationDocument {
    /// YAML as a JSON value. Dates and everything quoted stay text; anchors are followed, but no further than
    /// `JSONLimits.configuration` allows, so that a document cannot unfold without end.
    public static func parse(yaml bytes: [UInt8]) throws(DocumentProblems) -> JSONValue {
        let limits = JSONLimits.configuration
        guard bytes.count <= limits.bytes else {
            throw DocumentProblems(path: "", message: "Expected at most \(limits.bytes) bytes, found \(bytes.count).")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw DocumentProblems(path: "", message: "Expected UTF-8.")
        }
        let node: Node?
        do { node = try Yams.compose(yaml: text) } catch {
            throw DocumentProblems(path: "", message: "Not acceptable as YAML: \(error)")
        }
        guard let node else { throw DocumentProblems(path: "", message: "Expected a document, found nothing.") }
        // Counted down: anchors may unfold a small document, but not without measure.
        var elements = limits.elements - min(limits.elements, max(20_000, bytes.count))
        return try value(of: node, at: "", depth: 0, elements: &elements)
    }

    /// JSON as sent.
    public static func parse(json bytes: [UInt8]) throws(DocumentProblems) -> JSONValue {
        do { return try JSONValue(parsing: bytes, limits: .configuration) } catch {
            throw DocumentProblems(path: error.path, message: "\(error.message) (at byte \(error.offset))")
        }
    }

    private static func value(
        of node: Node, at path: String, depth: Int, elements: inout Int
    ) throws(DocumentProblems) -> JSONValue {
        elements += 1
        let limits = JSONLimits.configuration
        guard depth <= limits.depth, elements <= limits.elements else {
            throw DocumentProblems(
                path: "", message: "The document is too deep or too large; an anchor may refer to what contains it.")
        }
        switch node {
        case .scalar(let scalar):
            guard !scalar.string.utf8.contains(0) else {
                throw DocumentProblems(path: path, message: "A text holds the character U+0000; leave it out.")
            }
            return self.scalar(node, scalar)
        case .sequence(let sequence):
            var values: [JSONValue] = []
            for (index, element) in sequence.enumerated() {
                values.append(try value(of: element, at: "\(path)/\(index)", depth: depth + 1, elements: &elements))
            }
            return .array(values)
        case .mapping(let mapping):
            var object = JSONObject()
            for (key, element) in mapping {
                guard let name = key.scalar?.string else {
                    throw DocumentProblems(path: "", message: "Expected names as keys, found a list or a mapping.")
                }
                guard object[name] == nil else {
                    throw DocumentProblems(path: "\(path)/\(name)", message: "The key is there twice.")
                }
                object[name] = try value(of: element, at: "\(path)/\(name)", depth: depth + 1, elements: &elements)
            }
            return .object(object)
        case .alias:
            throw DocumentProblems(path: "", message: "An alias refers to an anchor that is not there.")
        }
    }

    private static func scalar(_ node: Node, _ scalar: Node.Scalar) -> JSONValue {
        guard scalar.style == .any || scalar.style == .plain else { return .string(scalar.string) }
        switch node.tag {
        case Tag(.null): return .null
        case Tag(.bool): return Bool.construct(from: scalar).map { .bool($0) } ?? .string(scalar.string)
        case Tag(.int):
            // 08:00 would be a number in base 60; what is not plain decimal stays text.
            return Int64(scalar.string).map { .integer($0) } ?? .string(scalar.string)
        case Tag(.float):
            guard let number = Double(scalar.string), number.isFinite else { return .string(scalar.string) }
            return .number(number)
        default: return .string(scalar.string)
        }
    }
}
