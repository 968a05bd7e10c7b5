import Domain
import ServiceKit
import Testing

@Suite struct RequestPartsTests {
    private enum Colour: String, CaseIterable { case red, green }

    @Test func queriesAreReadWithTheirTypes() throws {
        let query = try QueryParameters(
            query: "limit=5&q=a+b%26&colour=red,green&wide=true&at=2026-01-02T03:04:05Z&one=green")
        #expect(try query.integer("limit", default: 10, in: 1...100) == 5)
        #expect(try query.integer("other", default: 10, in: 1...100) == 10)
        #expect(try query.string("q") == "a b&")
        #expect(try query.choices("colour", of: Colour.self) == [.red, .green])
        #expect(try query.choice("one", of: Colour.self) == .green)
        #expect(try query.bool("wide") == true)
        #expect(try query.instant("at")?.milliseconds == 1_767_323_045_000)
        #expect(try query.string("absent") == nil)
    }

    @Test func wrongQueriesNameTheParameter() throws {
        let query = try QueryParameters(query: "limit=0&colour=blue&wide=maybe&at=now&a=1&a=2")
        func place(_ body: () throws -> Void) -> String? {
            do {
                try body()
                return nil
            } catch { return (error as? Problem)?.errors.first?.path }
        }
        #expect(place { _ = try query.integer("limit", default: 1, in: 1...9) } == "limit")
        #expect(place { _ = try query.choice("colour", of: Colour.self) } == "colour")
        #expect(place { _ = try query.bool("wide") } == "wide")
        #expect(place { _ = try query.instant("at") } == "at")
        #expect(place { _ = try query.string("a") } == "a")
        #expect(place { try query.refuseOthers(than: "limit", "colour", "wide", "at") } == "a")
        #expect(throws: Problem.self) { try QueryParameters(query: "a=%zz") }
        #expect(throws: Problem.self) { try QueryParameters(query: "a=%00") }
    }

    @Test func cursorsComeBackAndCannotBeForged() throws {
        let cursors = PageCursor(secret: "s")
        let text = cursors.encode([17, "a"], list: "workitems?status=queued")
        #expect(try cursors.decode(text, list: "workitems?status=queued") == [17, "a"])
        #expect(try PageCursor(secret: "s").decode(text, list: "workitems?status=queued") == [17, "a"])
        #expect(throws: Problem.self) { try cursors.decode(text, list: "workitems") }
        #expect(throws: Problem.self) { try PageCursor(secret: "t").decode(text, list: "workitems?status=queued") }
        var bytes = try #require(Base64URL.decode(text))
        for index in bytes.indices {
            bytes[index] ^= 1
            #expect(throws: Problem.self) {
                try cursors.decode(Base64URL.encode(bytes), list: "workitems?status=queued")
            }
            bytes[index] ^= 1
        }
        for junk in ["", "a", "%%%", String(repeating: "A", count: 5000)] {
            #expect(throws: Problem.self) { try cursors.decode(junk, list: "workitems") }
        }
    }

    @Test func base64URLGoesThereAndBack() {
        for count in 0..<70 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 11) }
            #expect(Base64URL.decode(Base64URL.encode(bytes)) == bytes)
        }
        #expect(Base64URL.encode([251, 255]) == "-_8")
        #expect(Base64URL.decode("-_9") == nil)
        #expect(Base64URL.decode("-_8=") == nil)
        #expect(Base64URL.decode("A") == nil)
    }

    @Test func tracesAreTakenOrMade() {
        let given = TraceContext("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
        #expect(given?.traceID == "4bf92f3577b34da6a3ce929d0e0e4736")
        #expect(given?.description == "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
        #expect(TraceContext("00-00000000000000000000000000000000-00f067aa0ba902b7-01") == nil)
        #expect(TraceContext("00-4BF92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01") == nil)
        #expect(TraceContext("nonsense") == nil)
        let made = TraceContext(seed: 5, number: 1)
        #expect(TraceContext(made.description) == made)
        #expect(made != TraceContext(seed: 5, number: 2))
    }

    @Test func conditionsMatchRevisions() async throws {
        var routes = Routes()
        routes.patch("/thing") { request in
            let condition = try request.requiredIfMatch
            guard condition.matches(17) else { throw Problem.preconditionFailed("The thing is at 17.") }
            return .json(
                ["key": try request.idempotencyKey.map { .string($0) } ?? .null], etag: EntityTag.of(revision: 18))
        }
        try await withServer(routes) { port, _ async throws in
            #expect(try await send("PATCH", port, "/thing").isProblem(428, "precondition-required"))
            #expect(
                try await send("PATCH", port, "/thing", headers: [("If-Match", "\"16\"")]).isProblem(
                    412, "precondition-failed"))
            #expect(
                try await send("PATCH", port, "/thing", headers: [("If-Match", "17")]).isProblem(400, "invalid-request")
            )
            #expect(
                try await send("PATCH", port, "/thing", headers: [("If-Match", "W/\"17\"")]).isProblem(
                    400, "invalid-request"))
            #expect(try await send("PATCH", port, "/thing", headers: [("If-Match", "*")]).status == 200)
            let done = try await send(
                "PATCH", port, "/thing", headers: [("If-Match", "\"1\", \"17\""), ("Idempotency-Key", "k1")])
            #expect(done.header("etag") == "\"18\"")
            #expect(done.json?["key"] == "k1")
            let key = [("If-Match", "*"), ("Idempotency-Key", "a b")]
            #expect(try await send("PATCH", port, "/thing", headers: key).isProblem(400, "invalid-request"))
        }
    }
}
