/// A priority schema of a tenant by its name, with ages in the unit in which it was written.
public struct SchemaConfiguration: Sendable, Hashable {
    /// What one unit of age is, in business time: a day is 24 open hours.
    public enum Unit: String, Sendable, CaseIterable {
        case seconds, minutes, hours, days

        /// Milliseconds in one.
        public var milliseconds: Double {
            switch self {
            case .seconds: 1000
            case .minutes: 60_000
            case .hours: 3_600_000
            case .days: 86_400_000
            }
        }
    }

    /// One point as written: the age in units, and the priority.
    public struct Point: Sendable, Hashable {
        /// Business age in units.
        public var age: Double
        /// The priority at that age.
        public var priority: Double
    }

    /// Its name.
    public var name: String
    /// The unit of every age here.
    public var unit: Unit
    /// The business age within which an item should be done, in units.
    public var sla: Double
    /// The curve's points, by age that does not fall.
    public var points: [Point]
    /// The business age after which an item completes by itself, in units; nil never does that.
    public var autocompleteAfter: Double?
    /// The same in milliseconds, ready to rank.
    public var schema: PrioritySchema

    static func read(_ value: JSONValue, at pointer: JSONPointer, problems: ProblemCollector) -> SchemaConfiguration? {
        let known = ["name", "unit", "sla", "points", "autocompleteAfter"]
        guard let reader = ObjectReader(value, at: pointer, known: known, problems: problems) else { return nil }
        let name = reader.requiredText("name", .name)
        let unit = unit(reader)
        reader.require("sla", "the business age within which an item should be done, in units")
        let longest = 1e9 / (unit ?? .seconds).milliseconds * 1000
        let sla = reader.number("sla", in: 0...longest)
        let autocompleteAfter = reader.number("autocompleteAfter", in: 0...longest)
        let points = points(reader)
        guard let unit, let points, let curve = curve(points, unit, reader), let name, let sla else { return nil }
        let milliseconds = { (units: Double) in Int64((units * unit.milliseconds).rounded()) }
        return SchemaConfiguration(
            name: name, unit: unit, sla: sla, points: points, autocompleteAfter: autocompleteAfter,
            schema: PrioritySchema(
                curve: curve, sla: milliseconds(sla), autocompleteAfter: autocompleteAfter.map(milliseconds)))
    }

    var document: JSONValue {
        var object: JSONObject = [
            "name": .string(name), "unit": .string(unit.rawValue), "sla": .number(sla),
            "points": .array(points.map { [.number($0.age), .number($0.priority)] }),
        ]
        object["autocompleteAfter"] = autocompleteAfter.map(JSONValue.number)
        return JSONValue.object(object)
    }

    private static func unit(_ reader: ObjectReader) -> Unit? {
        let names = Unit.allCases.map(\.rawValue)
        reader.require("unit", "one of \(names.joined(separator: ", "))")
        guard let text = reader.text("unit", .name) else { return nil }
        guard let unit = Unit(rawValue: text) else {
            reader.report("unit", NearestName.complaint(about: text, what: "unit", known: names))
            return nil
        }
        return unit
    }

    private static func points(_ reader: ObjectReader) -> [Point]? {
        reader.require("points", "a list of [age, priority]")
        let elements = reader.list("points")
        var points: [Point] = []
        for (element, place) in elements {
            guard let pair = element.arrayValue, pair.count == 2, let age = pair[0].numberValue,
                let priority = pair[1].numberValue
            else {
                reader.problems.add(place, "Expected two numbers: [age, priority].")
                continue
            }
            if let last = points.last, age < last.age {
                reader.problems.add(
                    place, "The age \(age) comes before the previous point's \(last.age); list points by rising age.")
            }
            points.append(Point(age: age, priority: priority))
        }
        let inOrder = zip(points, points.dropFirst()).allSatisfy { $0.age <= $1.age }
        return points.count == elements.count && inOrder && reader.value("points") != nil ? points : nil
    }

    private static func curve(_ points: [Point], _ unit: Unit, _ reader: ObjectReader) -> Curve? {
        let largest = Double(Curve.largestAge)
        let place = reader.pointer.appending("points")
        do throws(CurveError) {
            return try Curve(
                points: points.map {
                    // An age beyond the range stays beyond it, so that the curve refuses it.
                    let age = min(max($0.age * unit.milliseconds, -2 * largest), 2 * largest)
                    return CurvePoint(age: Int64(age.rounded()), priority: $0.priority)
                })
        } catch {
            reader.problems.add(error.index.map { place.appending($0) } ?? place, error.description)
            return nil
        }
    }
}
