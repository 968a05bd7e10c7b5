import Datamart
import Domain
import ServiceKit
import Testing

/// The document says what is served.
@Suite struct DatamartAPITests {
    @Test func everyRouteIsDescribed() {
        let api = DatamartAPI(marts: { _ in nil }, cursor: PageCursor(secret: "test"))
        #expect(DatamartOpenAPI.differences(from: api.routes.listing).isEmpty)
    }

    @Test func everyReferenceLeadsSomewhere() {
        var missing: [String] = []
        func look(_ value: JSONValue) {
            if let reference = value["$ref"]?.stringValue {
                var place: JSONValue? = DatamartOpenAPI.value
                for name in reference.split(separator: "/").dropFirst() { place = place?[String(name)] }
                if place == nil { missing.append(reference) }
            }
            for (_, member) in value.objectValue?.members ?? [] { look(member) }
            for element in value.arrayValue ?? [] { look(element) }
        }
        look(DatamartOpenAPI.value)
        #expect(missing.isEmpty)
    }
}
