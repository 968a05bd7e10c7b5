import Hummingbird

/// A tree of path segments. Hummingbird's own router answers 404 where 405 with `Allow` belongs and describes the
/// template anew for every request, so this is ours.
struct RouteTable: Sendable {
    /// What a path led to.
    enum Match {
        case route(Route, captured: [Substring])
        case otherMethods([String])
        case nothing
    }

    private struct Node: Sendable {
        var literals: [Substring: Int] = [:]
        var capture: Int?
        var routes: [Route] = []
    }

    private var nodes: [Node] = [Node()]

    static func captureName(_ segment: Substring) -> String? {
        segment.hasPrefix("{") && segment.hasSuffix("}") ? String(segment.dropFirst().dropLast()) : nil
    }

    mutating func add(_ route: Route) {
        var node = 0
        for segment in Self.segments(route.template) {
            let next: Int?
            let isCapture = Self.captureName(segment) != nil
            next = isCapture ? nodes[node].capture : nodes[node].literals[segment]
            if let next {
                node = next
                continue
            }
            nodes.append(Node())
            let added = nodes.count - 1
            if isCapture { nodes[node].capture = added } else { nodes[node].literals[segment] = added }
            node = added
        }
        precondition(
            !nodes[node].routes.contains { $0.method == route.method },
            "The route \(route.method.rawValue) \(route.template) is there twice.")
        nodes[node].routes.append(route)
    }

    var listing: [(method: String, template: String)] {
        nodes.flatMap { $0.routes.map { ($0.method.rawValue, $0.template) } }.sorted { $0 < $1 }
    }

    func match(_ method: HTTPRequest.Method, _ path: String) -> Match {
        guard path.utf8.first == UInt8(ascii: "/") else { return .nothing }
        let segments = Self.segments(path)
        guard segments.count <= 32 else { return .nothing }
        var captured: [Substring] = []
        guard let node = descend(0, segments[...], &captured) else { return .nothing }
        let routes = nodes[node].routes
        if let route = routes.first(where: { $0.method == method })
            ?? (method == .head ? routes.first(where: { $0.method == .get }) : nil)
        {
            return .route(route, captured: captured)
        }
        var allowed = routes.map(\.method.rawValue)
        if allowed.contains("GET"), !allowed.contains("HEAD") { allowed.append("HEAD") }
        return .otherMethods(allowed.sorted())
    }

    private func descend(_ index: Int, _ rest: ArraySlice<Substring>, _ captured: inout [Substring]) -> Int? {
        let node = nodes[index]
        guard let segment = rest.first else { return node.routes.isEmpty ? nil : index }
        if let next = node.literals[segment], let found = descend(next, rest.dropFirst(), &captured) { return found }
        guard let next = node.capture, !segment.isEmpty else { return nil }
        captured.append(segment)
        if let found = descend(next, rest.dropFirst(), &captured) { return found }
        captured.removeLast()
        return nil
    }

    private static func segments(_ path: String) -> [Substring] {
        var segments: [Substring] = []
        segments.reserveCapacity(8)
        let bytes = path.utf8
        var start = bytes.index(after: bytes.startIndex)
        var index = start
        while index != bytes.endIndex {
            if bytes[index] == UInt8(ascii: "/") {
                segments.append(Substring(bytes[start..<index]))
                start = bytes.index(after: index)
            }
            index = bytes.index(after: index)
        }
        segments.append(Substring(bytes[start...]))
        return segments
    }
}
