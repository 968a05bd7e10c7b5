import Core
import Testing

@Suite("Whose a source's own topic is")
struct TopicBindingsTests {
    private func claim(_ tenant: Int32, _ source: String, _ topic: String) -> TopicBindings.Claim {
        TopicBindings.Claim(tenant: tenant, tenantName: "t\(tenant)", source: source, topic: topic)
    }

    @Test("Of tenants that name the same topic the earliest has it, in whatever order they are met")
    func earliest() {
        let claims = [claim(2, "crm", "orders"), claim(1, "web", "orders"), claim(3, "app", "orders")]
        for rotation in claims.indices {
            let bindings = TopicBindings(Array(claims[rotation...] + claims[..<rotation])) { _ in false }
            #expect(bindings.owners == ["orders": claims[1]])
            #expect(bindings.refused == [claims[0], claims[2]])
        }
    }

    @Test("What is the service's own is nobody's")
    func reserved() {
        let claims = [claim(1, "crm", "workitems.commands"), claim(1, "web", "orders")]
        let bindings = TopicBindings(claims) { $0 == "workitems.commands" }
        #expect(bindings.owners == ["orders": claims[1]])
        #expect(bindings.refused == [claims[0]])
    }
}
