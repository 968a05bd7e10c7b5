import Domain
import Hummingbird
import ServiceKit
import Testing

@Suite struct BodyTests {
    private var routes: Routes {
        var routes = Routes()
        routes.post("/object") { request in .json(.object(try await request.object())) }
        routes.post("/optional") { request in .json(.object(try await request.objectIfPresent())) }
        routes.post("/small", bodyLimit: 16) { request in
            .json(["bytes": .integer(Int64(try await request.body().count))])
        }
        routes.put("/yaml", mediaTypes: ["application/json", "application/yaml"]) { request in
            .json([
                "yaml": .bool(request.isMediaType("application/yaml")),
                "n": .integer(Int64(try await request.body().count)),
            ])
        }
        routes.post("/unread") { _ in .noContent }
        return routes
    }

    @Test func jsonGoesThrough() async throws {
        try await withServer(routes) { port, _ async throws in
            for type in [
                "application/json", "application/json; charset=utf-8", "application/merge-patch+json",
                "APPLICATION/JSON",
            ] {
                let answer = try await send(
                    "POST", port, "/object", headers: [("Content-Type", type)], body: #"{"a":1}"#)
                #expect(answer.json == ["a": 1])
            }
            #expect(try await send("POST", port, "/object", body: #"{"a":1}"#).status == 200)
            #expect(try await send("POST", port, "/optional").json == JSONValue.object([:]))
        }
    }

    @Test(arguments: [
        (#"{"a":"#, "invalid-json"), (#"{"a":1,"a":2}"#, "invalid-json"), (#"{"a":"\u0000"}"#, "invalid-json"),
        (#"{"a":1e400}"#, "invalid-json"), (#"{"a":"\ud800"}"#, "invalid-json"), ("[]", "invalid-request"),
        ("", "missing-body"),
    ])
    func badBodiesAreProblems(body: String, code: String) async throws {
        try await withServer(routes) { port, _ async throws in
            let answer = try await send("POST", port, "/object", body: body)
            #expect(answer.isProblem(400, code))
            if code == "invalid-json" { #expect(answer.json?["errors"]?.arrayValue?.count == 1) }
        }
    }

    @Test func otherMediaTypesAreRefused() async throws {
        try await withServer(routes) { port, _ async throws in
            let form = [("Content-Type", "application/x-www-form-urlencoded")]
            let refused = try await send("POST", port, "/object", headers: form, body: "{}")
            #expect(refused.isProblem(415, "unsupported-media-type"))
            #expect(refused.header("accept") == "application/json")
            let yaml = try await send(
                "PUT", port, "/yaml", headers: [("Content-Type", "application/yaml")], body: "a: 1")
            #expect(yaml.json == ["yaml": true, "n": 4])
        }
    }

    @Test func largeBodiesAreRefused() async throws {
        try await withServer(routes, bodyLimit: 1000) { port, _ async throws in
            #expect(try await send("POST", port, "/small", body: "1234567890123456").json == ["bytes": 16])
            let refused = try await send("POST", port, "/small", body: "12345678901234567")
            #expect(refused.isProblem(413, "content-too-large"))
            #expect(refused.json?["limit"] == 16)
            #expect(try await send("POST", port, "/object", body: String(repeating: " ", count: 1001)).status == 413)
            let chunked = try await exchange(
                port,
                "POST /small HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer mr_admin\r\nTransfer-Encoding: chunked\r\n"
                    + "Connection: close\r\n\r\n20\r\n\(String(repeating: "a", count: 32))\r\n0\r\n\r\n")
            #expect(chunked.hasPrefix("HTTP/1.1 413"))
        }
    }

    @Test func aBodyIsAwaitedOnlyAfter100Continue() async throws {
        try await withServer(routes) { port, _ async throws in
            let answer = try await exchange(
                port,
                "POST /small HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer mr_admin\r\nContent-Length: 2\r\n"
                    + "Expect: 100-continue\r\nConnection: close\r\n\r\nhi")
            #expect(answer.hasPrefix("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200"))
        }
    }

    @Test func anUnreadBodyDoesNotDisturbTheNextRequest() async throws {
        try await withServer(routes) { port, _ async throws in
            for _ in 0..<3 {
                #expect(
                    try await send("POST", port, "/unread", body: String(repeating: "x", count: 100_000)).status == 204)
                #expect(try await send("POST", port, "/object", body: "{}").status == 200)
            }
        }
    }
}
