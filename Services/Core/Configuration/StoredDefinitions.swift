import Crypto
import Domain
import Storage

extension SchemaConfiguration {
    /// Equal definitions have equal digests, and share a version.
    package var digest: [UInt8] { Array(SHA256.hash(data: Array(schema.stored.utf8))) }
}

extension PrioritySchema {
    /// The schema as JSON text; ages in milliseconds.
    var stored: String {
        var writer = JSONWriter(capacity: 256)
        writer.object { json in
            json.member("sla", sla)
            json.member("autocompleteAfter", autocompleteAfter)
            json.array("points") { list in
                for point in curve.points {
                    list.array {
                        $0.element(point.age)
                        $0.element(point.priority)
                    }
                }
            }
        }
        return writer.text
    }

    init(stored text: String) throws {
        let value = try JSONValue(parsing: Array(text.utf8))
        let points = try (value["points"]?.arrayValue ?? []).map { point in
            guard let pair = point.arrayValue, pair.count == 2, let age = pair[0].integerValue,
                let priority = pair[1].numberValue
            else { throw StorageError(.other, "schema_version.definition is not what was written") }
            return CurvePoint(age: age, priority: priority)
        }
        self.init(
            curve: try Curve(points: points), sla: value["sla"]?.integerValue ?? 0,
            autocompleteAfter: value["autocompleteAfter"]?.integerValue)
    }
}

extension TenantConfiguration {
    /// The calendar of that name; for categories that name none, one that is always open.
    package func calendar(named name: String?) -> CalendarConfiguration {
        name.flatMap { name in calendars.first { $0.name == name } }
            ?? CalendarConfiguration(name: "", definition: nil)
    }
}

extension CalendarConfiguration {
    /// B(t) counts from here in every version, so that extending a calendar moves no anchor.
    package static let origin = Instant(milliseconds: 946_684_800_000)
    private static let year: Int64 = 31_556_952_000
    private static let horizonYears: Int64 = 20

    /// How far openings are worked out for a configuration applied now: about twenty years, in whole years.
    package static func horizon(at now: Instant) -> Instant {
        let years = (now - origin) / year + 1 + horizonYears
        return origin + years * year
    }

    /// What identifies a version: the definition, and the horizon in the last 8 bytes, so that applying the same
    /// definition in a later year makes a version that reaches further.
    package func digest(horizon: Instant) -> [UInt8] {
        let text = document.canonical().bytes
        return Array(SHA256.hash(data: text)) + withUnsafeBytes(of: horizon.milliseconds.bigEndian, Array.init)
    }

    /// Whether a digest is of this definition, whatever its horizon.
    func isDigest(_ digest: [UInt8]) -> Bool {
        digest.prefix(32).elementsEqual(SHA256.hash(data: document.canonical().bytes))
    }
}
