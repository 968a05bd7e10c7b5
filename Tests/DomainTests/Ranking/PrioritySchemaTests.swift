import Domain
import Testing

@Suite("Anchors and due dates")
struct PrioritySchemaTests {
    private let office: BusinessCalendar
    private let schema: PrioritySchema

    /// Weekdays from 08:00 to 17:00 in Stockholm; eight hours to finish, thirty until autocomplete.
    init() throws {
        var definition = try daily("Europe/Stockholm", "08:00-17:00")
        definition.weekly[.sat] = []
        definition.weekly[.sun] = []
        office = try definition.compile(from: instant("2020-01-01T00:00:00Z"), through: instant("2030-01-01T00:00:00Z"))
        schema = PrioritySchema(
            curve: try curve((0, 100), (6 * oneHour, 300), (8 * oneHour, 1000)), sla: 8 * oneHour,
            autocompleteAfter: 30 * oneHour)
    }

    private func age(_ time: String, anchor: Int64) throws -> Int64 {
        office.businessTime(at: try instant(time)) - anchor
    }

    @Test("age counts from activation, in opening hours")
    func activation() throws {
        let friday = try instant("2026-05-08T13:00:00Z")
        let anchor = schema.anchor(activation: friday, calendar: office)
        #expect(try age("2026-05-08T13:00:00Z", anchor: anchor) == 0)
        #expect(try age("2026-05-10T13:00:00Z", anchor: anchor) == 2 * oneHour)
        #expect(try age("2026-05-11T07:00:00Z", anchor: anchor) == 3 * oneHour)
        #expect(try age("2026-05-08T12:00:00Z", anchor: anchor) == -oneHour)
    }

    @Test("with a due date the curve reaches the SLA when the item is due")
    func due() throws {
        let due = try instant("2026-05-12T10:00:00Z")
        let anchor = schema.anchor(activation: try instant("2026-05-01T10:00:00Z"), due: due, calendar: office)
        #expect(office.businessTime(at: due) - anchor == schema.sla)
    }

    @Test("a head start in seconds makes the item older")
    func headStart() throws {
        let monday = try instant("2026-05-11T08:00:00Z")
        let plain = schema.anchor(activation: monday, calendar: office)
        #expect(schema.anchor(activation: monday, headStart: 90.5, calendar: office) == plain - 90_500)
        #expect(schema.anchor(activation: monday, headStart: -1, calendar: office) == plain + 1000)
        #expect(schema.anchor(activation: monday, headStart: .nan, calendar: office) == plain)
        #expect(schema.anchor(activation: monday, headStart: .infinity, calendar: office) >= -(1 << 52))
        #expect(schema.anchor(activation: monday, headStart: -1e300, calendar: office) == 1 << 52)
        #expect(
            schema.anchor(activation: monday, due: monday, headStart: 60, calendar: office) == plain - 8 * oneHour
                - 60_000)
    }

    @Test("due and autocomplete dates count business time from activation")
    func dates() throws {
        let friday = try instant("2026-05-08T13:00:00Z")
        #expect(schema.dueDate(activation: friday, calendar: office) == (try instant("2026-05-11T12:00:00Z")))
        #expect(schema.autocompleteDate(activation: friday, calendar: office) == (try instant("2026-05-14T07:00:00Z")))
        let morning = try instant("2026-05-11T06:00:00Z")
        let nineHours = PrioritySchema(curve: schema.curve, sla: 9 * oneHour)
        #expect(nineHours.dueDate(activation: morning, calendar: office) == (try instant("2026-05-11T15:00:00Z")))
        #expect(nineHours.autocompleteDate(activation: morning, calendar: office) == nil)
    }

    @Test("with no time at all an item is due when it is activated, also while it is closed")
    func zero() throws {
        let sunday = try instant("2026-05-10T13:00:00Z")
        let none = PrioritySchema(curve: schema.curve, sla: 0, autocompleteAfter: 0)
        #expect(none.dueDate(activation: sunday, calendar: office) == sunday)
        #expect(none.autocompleteDate(activation: sunday, calendar: office) == sunday)
    }

    @Test("beyond the end of the calendar there is no date")
    func horizon() throws {
        #expect(schema.dueDate(activation: try instant("2029-12-31T15:00:00Z"), calendar: office) == nil)
        let endless = PrioritySchema(curve: schema.curve, sla: .max, autocompleteAfter: .max)
        #expect(endless.dueDate(activation: try instant("2026-05-08T13:00:00Z"), calendar: office) == nil)
        #expect(endless.dueDate(activation: try instant("2026-05-08T13:00:00Z"), calendar: .alwaysOpen) == nil)
    }
}
