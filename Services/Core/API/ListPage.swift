import Domain
import ServiceKit

/// One page of a list that is neither filtered nor sorted by the caller: where it begins, and how many it may hold.
struct ListPage {
    /// Items at most.
    let limit: Int
    /// Where the page before ended; nil at the beginning.
    let after: JSONValue?
    private let list: String
    private let cursor: PageCursor

    /// Callers that know nothing of pages see the whole of a usual list on the first.
    static let usualLimit = 500
    static let highestLimit = 5000

    /// - Parameter list: names the list, so that a cursor of another one is refused.
    init(_ query: QueryParameters, of list: String, _ cursor: PageCursor) throws(Problem) {
        try query.refuseOthers(than: "limit", "cursor")
        limit = try query.integer("limit", default: Self.usualLimit, in: 1...Self.highestLimit)
        var after: JSONValue?
        if let text = try query.string("cursor") { after = try cursor.decode(text, list: list) }
        self.after = after
        self.list = list
        self.cursor = cursor
    }

    /// Reads where the page before ended.
    /// - Throws: 400 when it is not what this version of the service writes.
    func position<Position>(_ read: (JSONValue) -> Position?) throws(Problem) -> Position? {
        guard let after else { return nil }
        guard let position = read(after) else {
            throw .badRequest(at: "cursor", "must be the value of next from a page of this list")
        }
        return position
    }

    /// What the page holds of `found`, which was asked for with one more than the limit, and the cursor behind it.
    func cut<Element>(
        _ found: [Element], at position: (Element) throws -> JSONValue
    ) rethrows -> (items: ArraySlice<Element>, next: String?) {
        let items = found.prefix(limit)
        guard found.count > limit, let last = items.last else { return (items, nil) }
        return (items, cursor.encode(try position(last), list: list))
    }
}

extension JSONWriter {
    /// `next` of a list: null on the last page.
    mutating func next(_ cursor: String?) {
        if let cursor { member("next", cursor) } else { nullMember("next") }
    }
}

extension Sequence where Element: Comparable {
    /// The smallest of them in order, without sorting all.
    func smallest(_ count: Int) -> [Element] {
        var kept: [Element] = []
        var bound: Element?
        for element in self {
            if let bound, element >= bound { continue }
            kept.append(element)
            guard kept.count >= 2 * count else { continue }
            kept.sort()
            kept.removeLast(kept.count - count)
            bound = kept.last
        }
        return Array(kept.sorted().prefix(count))
    }
}
