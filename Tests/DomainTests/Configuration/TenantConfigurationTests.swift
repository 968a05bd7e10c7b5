import Domain
import Testing

@Suite("A tenant's configuration, read")
struct TenantConfigurationTests {
    @Test("The example is valid")
    func example() throws {
        let configuration = try TenantConfiguration.validate(
            SampleConfiguration.parsed(SampleConfiguration.text), now: SampleConfiguration.now
        ).get()
        #expect(configuration.tenant == "demo")
        #expect(configuration.calendars.first?.definition?.weekly[.mon]?.count == 2)
        #expect(configuration.schemas.first?.schema.sla == 28_800_000)
        #expect(configuration.schemas.first?.schema.autocompleteAfter == 259_200_000)
        #expect(configuration.schemas.first?.schema.curve.priority(atAge: 6 * 3_600_000) == 300)
        #expect(configuration.endpoints.first?.missedOffersUntilNotReady == 3)
        #expect(configuration.endpoints.first?.acceptWithin == 30_000)
        #expect(configuration.endpoints.first?.returnAfter == 300_000)
        #expect(configuration.agents.first?.capacity == 3)
        #expect(configuration.sources.first?.defaults == ["channel": "incident"])
        #expect(configuration.retention.finalItems == 90)
        #expect(configuration.weight(ofChannel: "incident") == 1)
        let major = configuration.categoryTree().classify(["channel": "incident", "impact": "High"])
        #expect(major?.category.name == "Incidents/Major")
        #expect(major?.category.schema == "urgent")
        #expect(major?.category.requiredSkills == ["java"])
    }

    @Test("Every setting is read")
    func everything() throws {
        let configuration = try TenantConfiguration.validate(
            SampleConfiguration.parsed(SampleConfiguration.everything), now: SampleConfiguration.now
        ).get()
        #expect(configuration.calendars.last?.definition == nil)
        #expect(configuration.endpoints.first?.acceptWithin == 45_000)
        #expect(configuration.endpoints.first?.returnAfter == 90_000)
        #expect(configuration.weight(ofChannel: "call") == 4)
        #expect(configuration.quota == QuotaConfiguration(perSecond: 500, perDay: 1_000_000))
        #expect(configuration.retention.events == 60)
        #expect(configuration.customerAttribute == "account")
        #expect(configuration.agents.first?.name == "bo")
        #expect(configuration.agents.first?.subject == "auth|7")
        let source = configuration.sources.first
        #expect(source?.topic == "crm.commands")
        #expect(source?.replies?.webhook?.secretRef == "crm")
        let calls = configuration.categoryTree().category(for: ["size": 3])
        #expect(calls?.headStart == -1_800_000)
        #expect(calls?.preferredAgentFor == 600_000)
        #expect(calls?.calendar == nil)
        #expect(calls?.rejectWhenOverdue == true)
        #expect(configuration.categoryTree().category(for: ["size": 9.5])?.name == "All/Rest")
    }

    @Test("A source hears of what it chose, or of every change of status")
    func replies() throws {
        let chosen = RepliesConfiguration(events: ["completed", "assign"])
        #expect(chosen.wants(action: .complete, from: .assigned, to: .completed))
        #expect(chosen.wants(action: .assign, from: .assigned, to: .assigned))
        #expect(!chosen.wants(action: .hold, from: .queued, to: .held))
        #expect(!chosen.wants(action: .update, from: .completed, to: .completed))
        #expect(RepliesConfiguration().wants(action: .submit, from: nil, to: .captured))
        #expect(!RepliesConfiguration().wants(action: .update, from: .queued, to: .queued))
    }

    @Test("A calendar that is over is read where it was applied, and is not applied again")
    func agedCalendar() throws {
        let coming = try SampleConfiguration.replacing(
            #""weekly": {"mon": ["08:00-12:00", "13:00-17:00"], "tue": ["08:00-17:00"]}"#,
            with: #""special": [{"date": "2026-02-03", "openings": ["08:00-12:00"]}]"#)
        let applied = try TenantConfiguration.validate(coming, now: SampleConfiguration.now).get()
        let later = SampleConfiguration.now + 400 * 86_400_000
        guard case .failure(let failure) = TenantConfiguration.validate(applied.document, now: later) else {
            Issue.record("A calendar that never opens again was applied.")
            return
        }
        #expect(failure.problems.map(\.path) == ["/calendars/0"])
        #expect(try TenantConfiguration.applied(applied.document) == applied)
        // Everything else is read as strictly as ever.
        #expect(throws: ConfigurationProblems.self) { try TenantConfiguration.applied(["tenant": 5]) }
    }

    @Test(
        "The service's own topics are no tenant's; who named one before goes on",
        arguments: [
            "workitems.commands", "workitems.events", "emails.outbound", "crm.commands.dead", "__consumer_offsets",
        ])
    func ownTopics(topic: String) throws {
        func document(_ source: String) throws -> JSONValue {
            try SampleConfiguration.replacing(
                #""sources": [{"name": "vinst","#, with: #""sources": [{"name": "web"}, {"name": "vinst", \#(source),"#)
        }
        let commands = try document(#""topic": "\#(topic)""#)
        #expect(SampleConfiguration.problems(commands).map(\.path) == ["/sources/1/topic"])
        #expect(try TenantConfiguration.applied(commands).namedTopics.map(\.topic) == [topic])
        let replies = try document(#""replies": {"topic": "\#(topic)"}"#)
        #expect(SampleConfiguration.problems(replies).map(\.path) == ["/sources/1/replies/topic"])
    }

    @Test("A tenant alone is a configuration")
    func least() throws {
        let configuration = try TenantConfiguration.validate(["tenant": "x"], now: SampleConfiguration.now).get()
        #expect(configuration.categoryTree().classify(["a": 1]) == nil)
    }

    @Test(
        "The agreed form reads back as the same", arguments: [SampleConfiguration.text, SampleConfiguration.everything])
    func document(text: String) throws {
        let first = try TenantConfiguration.validate(
            SampleConfiguration.parsed(text), now: SampleConfiguration.now
        ).get()
        let second = try TenantConfiguration.validate(
            SampleConfiguration.parsed(first.document.text), now: SampleConfiguration.now
        ).get()
        #expect(second.document.bytes == first.document.bytes)
        #expect(second.calendars == first.calendars)
        #expect(second.schemas == first.schemas)
        #expect(second.categories.count == first.categories.count)
        #expect(second.endpoints == first.endpoints)
        #expect(second.agents == first.agents)
        #expect(second.sources == first.sources)
    }

    @Test(
        "Durations",
        arguments: [
            ("30s", 30_000), ("5m", 300_000), ("2h", 7_200_000), ("1d", 86_400_000), ("1h30m", 5_400_000),
            ("500ms", 500), ("1.5s", 1500), ("PT30S", 30_000), ("PT1H30M", 5_400_000), ("P1DT12H", 129_600_000),
            ("P1W", 604_800_000), ("PT0.5S", 500), ("0s", 0), ("", nil), ("30", nil), ("s", nil), ("5 m", nil),
            ("-5m", nil), ("m5", nil), ("30m1h", nil), ("1..5s", nil), ("P1M", nil), ("PT", nil), ("P", nil),
            ("P1DT", nil), ("9999999d", nil), ("1e3s", nil), ("٣s", nil),
        ] as [(String, Int64?)])
    func durations(text: String, milliseconds: Int64?) {
        #expect(DurationText.milliseconds(text) == milliseconds)
        if let milliseconds {
            #expect(DurationText.milliseconds(DurationText.text(milliseconds: milliseconds)) == milliseconds)
        }
    }
}
