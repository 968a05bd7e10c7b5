import Domain
import Testing

@Suite("Configuration: the search server")
struct SearchConfigurationTests {
    private func read(_ section: JSONValue) -> Result<TenantConfiguration, ConfigurationProblems> {
        TenantConfiguration.validate(
            ["tenant": "demo", "search": section], now: Instant(milliseconds: 1_795_000_000_000))
    }

    @Test("Everything but the address has a default, and the agreed form reads back")
    func defaults() throws {
        let search = try #require(try read(["url": "https://es.example.com:9200/"]).get().search)
        #expect(search.url == "https://es.example.com:9200")
        #expect(search.alias == "millrace-demo")
        #expect(search.answersWithin == 1000)
        #expect(SearchConfiguration(search.document) == search)
        let full: JSONValue = [
            "url": "http://es:9200", "user": "u", "secret": "es", "alias": "work-items", "replicas": 2,
            "answersWithin": "250ms",
        ]
        let other = try #require(try read(full).get().search)
        #expect(SearchConfiguration(other.document) == other)
        #expect(other.document == full)
    }

    @Test(
        "What cannot be is refused at its path",
        arguments: [
            ([:], "/search/url"), (["url": "ftp://x"], "/search/url"), (["url": "https://user:pass@x"], "/search/url"),
            (["url": "https://x", "alias": "Upper"], "/search/alias"),
            (["url": "https://x", "alias": "_x"], "/search/alias"),
            (["url": "https://x", "alias": "millrace-control"], "/search/alias"),
            (["url": "https://x", "user": "u"], "/search/secret"),
            (["url": "https://x", "answersWithin": "1h"], "/search/answersWithin"),
            (["url": "https://x", "replicas": 99], "/search/replicas"),
            (["url": "https://x", "more": 1], "/search/more"),
        ] as [(JSONValue, String)])
    func refused(_ section: JSONValue, _ path: String) {
        guard case .failure(let problems) = read(section) else {
            Issue.record("nothing was wrong")
            return
        }
        #expect(problems.problems.map { "\($0.path)" }.contains(path))
    }
}
