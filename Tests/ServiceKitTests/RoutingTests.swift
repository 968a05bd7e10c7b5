import Domain
import Hummingbird
import ServiceKit
import Testing

@Suite struct RoutingTests {
    private var routes: Routes {
        var routes = Routes(prefix: "/iwd/v3")
        routes.get("/workitems/{id}") { request in .json(["id": .string(try request.capture("id"))]) }
        routes.patch("/workitems/{id}") { _ in .noContent }
        routes.post("/workitems/bulk") { _ in .json(["bulk": true]) }
        routes.get("/workitems/by-capture/{source}/{captureId}") { request in
            .json(["source": .string(try request.capture("source")), "id": .string(try request.capture("captureId"))])
        }
        routes.get("/workitems/{id}/history") { request in .json(["history": .string(try request.capture("id"))]) }
        routes.get("/open", access: .everyone) { request in .json(["caller": .bool(request.caller != nil)]) }
        routes.post("/submit", access: .anyOf(.source)) { _ in .noContent }
        routes.get("/fail") { _ in throw Odd() }
        routes.get("/mapped") { _ in throw Mapped() }
        return routes
    }

    private struct Odd: Error, CustomStringConvertible { let description = "password hunter2" }
    private struct Mapped: ProblemConvertible { var problem: Problem { .conflict("The item is final.") } }

    @Test func capturesAndLiteralsAreFound() async throws {
        try await withServer(routes) { port, _ async throws in
            #expect(try await send("GET", port, "/iwd/v3/workitems/7").json?["id"] == "7")
            #expect(try await send("POST", port, "/iwd/v3/workitems/bulk").json?["bulk"] == true)
            #expect(try await send("GET", port, "/iwd/v3/workitems/7/history").json?["history"] == "7")
            let capture = try await send("GET", port, "/iwd/v3/workitems/by-capture/vinst/a%2Fb%C3%A4").json
            #expect(capture?["source"] == "vinst")
            #expect(capture?["id"] == "a/bä")
        }
    }

    @Test func everythingElseIsAProblem() async throws {
        try await withServer(routes) { port, _ async throws in
            #expect(try await send("GET", port, "/nothing").isProblem(404, "not-found"))
            #expect(try await send("GET", port, "/iwd/v3/workitems/").isProblem(404, "not-found"))
            let method = try await send("DELETE", port, "/iwd/v3/workitems/7")
            #expect(method.isProblem(405, "method-not-allowed"))
            #expect(method.header("allow") == "GET, HEAD, PATCH")
            #expect(try await send("TRACE", port, "/iwd/v3/workitems/bulk").header("allow") == "POST")
            #expect(try await send("GET", port, "/iwd/v3/workitems/%00").isProblem(400, "invalid-request"))
            // The client would mend these two.
            for path in ["%ff", "%zz"] {
                let answer = try await exchange(
                    port,
                    "GET /iwd/v3/workitems/\(path) HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer mr_admin\r\n"
                        + "Connection: close\r\n\r\n")
                #expect(answer.hasPrefix("HTTP/1.1 400") && answer.contains("invalid-request"))
            }
        }
    }

    @Test func errorsOfHandlersSayNothingOfTheInside() async throws {
        try await withServer(routes) { port, _ async throws in
            let failed = try await send("GET", port, "/iwd/v3/fail", headers: [("X-Request-Id", "abc-1")])
            #expect(failed.isProblem(500, "internal"))
            #expect(!String(decoding: failed.body, as: UTF8.self).contains("hunter2"))
            #expect(failed.json?["instance"] == "urn:millrace:request:abc-1")
            #expect(failed.header("x-request-id") == "abc-1")
            #expect(try await send("GET", port, "/iwd/v3/mapped").isProblem(409, "conflict"))
        }
    }

    @Test func errorsOfOtherModulesAreMapped() async throws {
        try await withServer(
            routes, problems: { $0 is Odd ? .unavailable("The database is away.", retryAfter: 3) : nil }
        ) { port, _ async throws in
            let answer = try await send("GET", port, "/iwd/v3/fail")
            #expect(answer.isProblem(503, "unavailable"))
            #expect(answer.header("retry-after") == "3")
        }
    }

    @Test func rolesAreChecked() async throws {
        try await withServer(routes) { port, _ async throws in
            let none = try await send("GET", port, "/iwd/v3/workitems/7", key: nil)
            #expect(none.isProblem(401, "unauthorized"))
            #expect(none.header("www-authenticate") == #"Bearer realm="millrace""#)
            let wrong = try await send("GET", port, "/iwd/v3/workitems/7", key: "mr_nobody")
            #expect(wrong.isProblem(401, "unauthorized"))
            #expect(wrong.header("www-authenticate")?.contains("invalid_token") == true)
            let basic = try await send(
                "GET", port, "/iwd/v3/workitems/7", key: nil, headers: [("Authorization", "Basic eA==")])
            #expect(basic.isProblem(401, "unauthorized"))
            #expect(try await send("POST", port, "/iwd/v3/submit", key: "mr_reader").isProblem(403, "forbidden"))
            #expect(try await send("POST", port, "/iwd/v3/submit", key: "mr_source").status == 204)
            #expect(try await send("POST", port, "/iwd/v3/submit", key: "mr_admin").status == 204)
            #expect(try await send("GET", port, "/iwd/v3/open", key: nil).json?["caller"] == false)
        }
    }

    @Test func headAnswersLikeGetWithoutABody() async throws {
        try await withServer(routes) { port, _ async throws in
            let head = try await send("HEAD", port, "/iwd/v3/workitems/7")
            #expect(head.status == 200)
            #expect(head.body.isEmpty)
            #expect(head.header("content-length") == "10")
            #expect(head.header("date")?.hasSuffix(" GMT") == true)
        }
    }

    @Test func unreadableHTTPIsAProblem() async throws {
        try await withServer(routes) { port, _ async throws in
            let answer = try await exchange(port, "GARBAGE\r\n\r\n")
            #expect(answer.hasPrefix("HTTP/1.1 400"))
            #expect(answer.contains("application/problem+json"))
            #expect(answer.contains("malformed-http"))
        }
    }

    @Test func aPortThatIsTakenStopsTheStart() async throws {
        try await withServer(routes) { port, _ async throws in
            let second = HTTPService(
                configuration: HTTPServiceConfiguration(host: "127.0.0.1", port: port), routes: Routes(), logger: quiet)
            let runner = ServiceRunner(
                [ServiceComponent("http", second) { await second.waitUntilListening() }], stopWithin: .seconds(5),
                logger: quiet)
            await #expect(throws: (any Error).self) { try await runner.run(trapsSignals: false) }
            #expect(await second.waitUntilListening() == nil)
        }
    }

    @Test func routesAreListed() {
        #expect(routes.listing.contains { $0 == ("GET", "/iwd/v3/workitems/{id}/history") })
        #expect(routes.listing.count == 9)
    }
}
