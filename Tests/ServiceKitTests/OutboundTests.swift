import Domain
import Hummingbird
import ServiceKit
import Testing

@Suite struct OutboundTests {
    private func entries(_ texts: String...) -> [AddressGuard.Entry] { texts.compactMap(AddressGuard.Entry.init) }

    private func guarded(_ allow: [AddressGuard.Entry], _ addresses: [String: String] = [:]) -> AddressGuard {
        AddressGuard(allow: allow) { host in addresses[host].flatMap(IPAddress.init).map { [$0] } ?? [] }
    }

    @Test(arguments: [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1", "255.255.255.255", "198.18.0.1", "::1", "::", "fe80::1", "fd00::1", "ff02::1", "::ffff:127.0.0.1",
        "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1", "2002:7f00:1::", "2001:db8::1", "::127.0.0.1",
        "4000::1",
    ])
    func innerAddressesAreNotPublic(text: String) throws {
        #expect(try #require(IPAddress(text)).isPublic == false)
    }

    @Test(arguments: ["1.1.1.1", "8.8.8.8", "172.32.0.1", "2606:4700::1111", "64:ff9b::808:808", "2002:808:808::"])
    func outerAddressesArePublic(text: String) throws { #expect(try #require(IPAddress(text)).isPublic) }

    @Test func addressesHaveOneSpelling() {
        for text in ["0x7f.1", "2130706433", "127.1", "0177.0.0.1", "", "a", "1.2.3.4.5", "::g"] {
            #expect(IPAddress(text) == nil)
        }
        #expect(IPAddress("::ffff:10.0.0.1")?.description == "10.0.0.1")
        #expect(IPAddress("FE80:0::1")?.description == "fe80::1")
    }

    @Test func urlsThatTwoParsersCouldReadDifferentlyAreRefused() {
        for text in [
            "http://a@b/", "http://a\\b/", "ftp://a/", "http://", "http://a b/", "http://a:0/", "http://a:99999/",
            "http://a:/",
            "http://[::1/", "http://a#b", "http:/a", "http://%61/", "http://ä/", "http://[1.2.3.4]/",
        ] { #expect(OutboundURL(text) == nil, "\(text)") }
        #expect(OutboundURL("HTTPS://Example.COM/Path")?.host == "example.com")
        #expect(OutboundURL("https://example.com")?.port == 443)
        #expect(OutboundURL("http://[::1]:8080/x")?.host == "::1")
    }

    @Test func namesAdmitPublicAddressesOnly() async throws {
        let resolved = [
            "hooks.example": "1.1.1.1", "inside.example": "10.0.0.5", "a.b.org": "8.8.8.8", "b.org": "8.8.8.8",
        ]
        let guarded = guarded(entries("hooks.example", "inside.example", "*.b.org:443"), resolved)
        #expect(try await guarded.address(host: "Hooks.Example.", port: 80).description == "1.1.1.1")
        #expect(try await guarded.address(host: "a.b.org", port: 443).description == "8.8.8.8")
        for (host, port) in [("inside.example", 80), ("a.b.org", 80), ("b.org", 443), ("other", 80), ("1.1.1.1", 80)] {
            await #expect(throws: AddressGuard.Refusal.self, "\(host)") {
                try await guarded.address(host: host, port: port)
            }
        }
    }

    @Test func rangesAdmitWhatTheyHold() async throws {
        let guarded = guarded(
            entries("10.0.0.0/8", "[::1]:9000", "127.0.0.1:8080"),
            ["inside.example": "10.0.0.5", "out.example": "1.1.1.1"])
        #expect(try await guarded.address(host: "inside.example", port: 1).description == "10.0.0.5")
        #expect(try await guarded.address(host: "::1", port: 9000).description == "::1")
        #expect(try await guarded.address(host: "127.0.0.1", port: 8080).description == "127.0.0.1")
        for (host, port) in [("::1", 9001), ("127.0.0.1", 80), ("out.example", 80), ("11.0.0.1", 80)] {
            await #expect(throws: AddressGuard.Refusal.self, "\(host)") {
                try await guarded.address(host: host, port: port)
            }
        }
        #expect(
            AddressGuard.Entry("a:b") == nil && AddressGuard.Entry("10.0.0.0/33") == nil
                && AddressGuard.Entry("") == nil)
    }

    @Test func callsGoToTheCheckedAddress() async throws {
        var routes = Routes()
        routes.post("/hook", access: .everyone) { request in
            .json([
                "host": .string(request.header("host") ?? request.raw.head.authority ?? ""),
                "n": .integer(Int64(try await request.body().count)),
            ])
        }
        routes.get("/big", access: .everyone) { _ in
            .bytes([UInt8](repeating: 65, count: 5000), contentType: "text/plain")
        }
        routes.get("/slow", access: .everyone) { _ in
            try await Task.sleep(for: .seconds(1))
            return .noContent
        }
        routes.get("/away", access: .everyone) { _ in
            Response(status: .found, headers: [.location: "http://10.0.0.1/"])
        }
        try await withServer(routes) { port, _ async throws in
            // The name exists in no resolver: only the address that the guard gave can have been used.
            let http = OutboundHTTP(guard: guarded(entries("127.0.0.0/8"), ["hook.invalid": "127.0.0.1"]))
            let hook = try await http.send(
                "POST", "http://Hook.Invalid:\(port)/hook", headers: [("Content-Type", "application/json")],
                body: [123, 125])
            #expect(try JSONValue(parsing: hook.body) == ["host": .string("hook.invalid:\(port)"), "n": 2])
            func failure(_ path: String, timeout: Duration = .seconds(5)) async -> OutboundHTTP.Failure.Code? {
                do {
                    _ = try await http.get("http://hook.invalid:\(port)\(path)", timeout: timeout, limit: 1000)
                    return nil
                } catch { return (error as? OutboundHTTP.Failure)?.code }
            }
            #expect(await failure("/big") == .tooLarge)
            #expect(await failure("/slow", timeout: .milliseconds(200)) == .timedOut)
            #expect(await failure("/away") == .status)
            #expect(await failure("/hook") == .status)
            await #expect(throws: OutboundHTTP.Failure.self) { try await http.get("http://other.invalid/") }
            await #expect(throws: OutboundHTTP.Failure.self) { try await http.get("file:///etc/passwd") }
            await http.close()
            #expect(await failure("/big") == .closed)
        }
    }
}
