import Domain
import Testing

@Suite("The category tree")
struct CategoryTreeTests {
    static let tree: CategoryTree = {
        var incidents = CategorySettings()
        incidents.endpoint = "second-line"
        incidents.schema = "standard"
        incidents.calendar = "office"
        incidents.requiredSkills = ["sap", "java"]
        incidents.businessValueWeight = 60
        incidents.holdPausesSLA = true
        var urgent = CategorySettings()
        urgent.schema = "urgent"
        urgent.headStart = 1_800_000
        urgent.requiredSkills = []
        urgent.holdPausesSLA = false
        var mail = CategorySettings()
        mail.endpoint = "mail"
        mail.schema = "standard"
        mail.channel = "email"
        return CategoryTree([
            Category(
                name: "Incidents", condition: .attribute("channel", .is("incident")), settings: incidents,
                children: [
                    Category(
                        name: "Major", condition: .attribute("impact", .in(["Major", "High"])), settings: urgent,
                        children: [Category(name: "VIP", condition: .attribute("vip", .is(true)))]),
                    Category(name: "Also major", condition: .attribute("impact", .is("Major"))),
                ]),
            Category(
                name: "Requests", condition: .attribute("kind", .exists(true)),
                children: [Category(name: "Mail", condition: .attribute("kind", .is("mail")), settings: mail)]),
            Category(name: "Rest", condition: .attribute("kind", .isNot("junk")), settings: mail),
        ])
    }()

    @Test("The first sibling takes an item, and the deepest category reached has it")
    func deepest() {
        #expect(name(["channel": "incident"]) == "Incidents")
        #expect(name(["channel": "incident", "impact": "Low", "vip": true]) == "Incidents")
        #expect(name(["channel": "incident", "impact": "Major"]) == "Incidents/Major")
        #expect(name(["channel": "incident", "impact": "High", "vip": true]) == "Incidents/Major/VIP")
    }

    @Test("A category without endpoint only groups; what no child of it takes goes on to its siblings")
    func grouping() {
        #expect(name(["kind": "mail"]) == "Requests/Mail")
        #expect(name(["kind": "fax"]) == "Rest")
        #expect(name(["kind": "junk"]) == nil)
        #expect(Self.tree.category(named: "Requests") == nil)
        #expect(
            Self.tree.categories.map(\.name) == [
                "Incidents", "Incidents/Major", "Incidents/Major/VIP", "Incidents/Also major", "Requests/Mail", "Rest",
            ])
    }

    @Test("Children inherit what they omit")
    func inheritance() {
        let vip = Self.tree.category(named: "Incidents/Major/VIP")
        #expect(vip?.path == ["Incidents", "Major", "VIP"])
        #expect(vip?.endpoint == "second-line")
        #expect(vip?.schema == "urgent")
        #expect(vip?.calendar == "office")
        #expect(vip?.requiredSkills == [])
        #expect(vip?.holdPausesSLA == false)
        #expect(vip?.headStart == 1_800_000)
        #expect(vip?.businessValueWeight == 60)
        let incidents = Self.tree.category(named: "Incidents")
        #expect(incidents?.requiredSkills == ["java", "sap"])
        #expect(incidents?.holdPausesSLA == true)
        #expect(incidents?.rejectWhenOverdue == false)
    }

    @Test("Head starts add up and stay within bounds")
    func headStart() {
        let vip = Self.tree.category(named: "Incidents/Major/VIP")
        #expect(vip?.headStart(priority: nil, businessValue: nil) == 1800)
        #expect(vip?.headStart(priority: 100, businessValue: 2, pushed: -20) == 2000)
        #expect(vip?.headStart(priority: nil, businessValue: -1e12) == -1e9)
    }

    @Test("The channel is the category's, else the item's")
    func channel() {
        #expect(Self.tree.category(named: "Rest")?.channel(of: ["channel": "chat"]) == "email")
        #expect(Self.tree.category(named: "Incidents")?.channel(of: ["channel": "chat"]) == "chat")
        #expect(Self.tree.category(named: "Incidents")?.channel(of: ["channel": 7]) == nil)
    }

    @Test("A classification says which rules matched and why")
    func rules() {
        let found = Self.tree.classify(["channel": "incident", "impact": "High", "vip": true])
        #expect(found?.rules.map(\.category) == ["Incidents", "Incidents/Major", "Incidents/Major/VIP"])
        #expect(
            found?.rules.map(\.reasons) == [
                [#"channel is "incident""#], [#"impact in ["Major","High"]"#], ["vip is true"],
            ])
    }

    private func name(_ attributes: JSONObject) -> String? {
        let found = Self.tree.classify(attributes)?.category.name
        #expect(found == Self.tree.category(for: attributes)?.name)
        return found
    }
}
