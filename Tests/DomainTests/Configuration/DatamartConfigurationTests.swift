import Domain
import Testing

/// The section `datamart` of a tenant's document.
struct DatamartConfigurationTests {
    private let now = Instant(milliseconds: 1_767_225_600_000)

    private func document(_ mart: JSONValue) -> JSONValue {
        [
            "tenant": "demo", "endpoints": [["name": "desk"]],
            "schemas": [["name": "s", "unit": "hours", "sla": 8, "points": [[0, 1]]]],
            "categories": [
                [
                    "name": "All", "endpoint": "desk", "schema": "s",
                    "children": [["name": "Part", "when": ["attribute": "a", "is": "b"]]],
                ]
            ],
            "datamart": mart,
        ]
    }

    @Test func theDocumentReadsBackAsItself() throws {
        let mart: JSONValue = [
            "url": "postgresql://mart@db.example.com:5433/mart_demo", "secret": "mart-db",
            "timeZone": "Europe/Stockholm", "timeZones": ["UTC", "America/New_York"],
            "retention": ["events": "400d", "intraday": "5w", "history": "5y"],
            "attributes": ["customer": "organisation"], "custom": ["country", "impact"],
            "slaTargets": [["category": "All/Part", "percent": 95.5, "from": "2026-01-01"]],
            "directory": [
                "kind": "infomart", "url": "postgres://im@im.example.com/infomart", "secret": "im", "every": "2h",
            ],
        ]
        let configuration = try TenantConfiguration.validate(document(mart), now: now).get()
        let read = try #require(configuration.datamart)
        #expect(read.retention.intraday == 35 && read.retention.history == 1825)
        #expect(read.attributes.customer == "organisation" && read.attributes.segment == "segment")
        #expect(read.directory.every == 7_200_000)
        #expect(read.secrets == ["mart-db", "im"])
        #expect(read.allTimeZones == ["Europe/Stockholm", "UTC", "America/New_York"])
        let again = try TenantConfiguration.validate(configuration.document, now: now).get()
        #expect(again == configuration)
        #expect(try DatamartConfiguration(settings: read.document) == read)
    }

    @Test func aTenantWithoutTheSectionHasNoMart() throws {
        var object = try #require(document([:]).objectValue)
        object["datamart"] = nil
        let configuration = try TenantConfiguration.validate(.object(object), now: now).get()
        #expect(configuration.datamart == nil)
        #expect(configuration.document["datamart"] == nil)
    }

    @Test func everyMistakeIsReportedAtItsPath() {
        let mart: JSONValue = [
            "url": "postgresql://mart:pw@db/mart", "timeZone": "Nowhere", "retention": ["events": "1d", "what": "2d"],
            "custom": ["a", "a"], "slaTargets": [["category": "Nothing", "percent": -1, "from": "2026-02-30"]],
            "directory": ["kind": "infomart"],
        ]
        guard case .failure(let problems) = TenantConfiguration.validate(document(mart), now: now) else {
            Issue.record("it was taken")
            return
        }
        #expect(
            Set(problems.problems.map(\.path)) == [
                "/datamart/url", "/datamart/timeZone", "/datamart/retention/events", "/datamart/retention/what",
                "/datamart/custom/1", "/datamart/slaTargets/0/category", "/datamart/slaTargets/0/percent",
                "/datamart/slaTargets/0/from", "/datamart/directory/url",
            ])
    }

    /// PostgreSQL reads them otherwise than we do, or not at all.
    @Test(arguments: [
        "GMT+2", "GMT+02:00", "GMT", "EST", "CET", "EST5EDT", "<+02>-2", "Z", "europe/stockholm", "posix/Europe/Paris",
        "right/Europe/Paris", "SystemV/AST4", "Etc/Unknown", "Europe/", "/", "UTC/1",
    ])
    func aZoneThatMeansAnotherThingElsewhereIsRefused(_ zone: String) throws {
        for (mart, path) in [
            (["timeZone": .string(zone)], "/datamart/timeZone"),
            (["timeZones": ["UTC", .string(zone)]], "/datamart/timeZones/1"),
        ] as [(JSONObject, String)] {
            var object = mart
            object["url"] = "postgresql://mart@db/mart"
            guard case .failure(let problems) = TenantConfiguration.validate(document(.object(object)), now: now) else {
                Issue.record("\(zone) was taken")
                continue
            }
            #expect(problems.problems.map(\.path) == [path])
            #expect(problems.problems[0].message.contains("Europe/Stockholm"))
        }
        // A section that an earlier version took can be read, and says so.
        let old = try DatamartConfiguration(settings: ["url": "postgresql://mart@db/mart", "timeZone": .string(zone)])
        #expect(old.unknownTimeZones == [zone])
    }

    @Test(arguments: [
        "UTC", "Europe/Stockholm", "Asia/Kolkata", "Asia/Calcutta", "Etc/GMT+2", "US/Pacific", "America/Indiana/Knox",
    ])
    func zonesOfTheDatabaseAreTaken(_ zone: String) throws {
        let mart: JSONValue = ["url": "postgresql://mart@db/mart", "timeZone": .string(zone), "timeZones": ["UTC"]]
        let read = try TenantConfiguration.validate(document(mart), now: now).get()
        #expect(read.datamart?.unknownTimeZones == [])
    }

    @Test func aChangeIsToldAtItsPlace() throws {
        let before = try TenantConfiguration.validate(
            document(["url": "postgresql://mart@db/mart"]), now: now
        ).get()
        let after = try TenantConfiguration.validate(
            document(["url": "postgresql://mart@db/mart", "timeZone": "Europe/Paris"]), now: now
        ).get()
        let changes = ConfigurationDifference.changes(from: before, to: after)
        #expect(changes.map(\.path) == ["/datamart/timeZone"])
    }

    @Test(arguments: [
        ("postgresql://a@b/c", "b", 5432), ("postgres://a@10.0.0.1:6432/c-d.e_f", "10.0.0.1", 6432),
        ("postgresql://a@[::1]:5433/c", "::1", 5433), ("postgresql://a@[fe80::2]/c", "fe80::2", 5432),
    ])
    func addressesAreTakenApart(_ url: String, host: String, port: Int) {
        let address = DatabaseAddress(url)
        #expect(address?.host == host)
        #expect(address?.port == port)
    }

    @Test(arguments: [
        "", "postgresql://", "postgresql://b/c", "postgresql://a@b", "postgresql://a@b/", "postgresql://a:p@b/c",
        "postgresql://a@b/c?host=d", "postgresql://a@b:0/c", "postgresql://a@b:70000/c", "postgresql://a@b c/d",
        "postgresql://a@b,c/d", "mysql://a@b/c", "postgresql://a@/c", "postgresql://%61@b/c",
    ])
    func whatIsNoAddressIsRefused(_ url: String) { #expect(DatabaseAddress(url) == nil) }
}
