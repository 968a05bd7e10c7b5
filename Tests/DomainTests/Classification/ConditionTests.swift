import Domain
import Testing

@Suite("Conditions over attributes")
struct ConditionTests {
    static let item: JSONObject = [
        "channel": "incident", "impact": "Major", "size": 3, "cost": 2.5, "vip": true, "tags": ["red", "blue", 7],
        "opened": "2026-01-02T03:04:05.000Z", "big": 9_007_199_254_740_993, "none": [], "text": "Skärmen är svart",
    ]

    @Test(
        "Each test, passing and failing",
        arguments: [
            ("channel", .is("incident"), true), ("channel", .is("Incident"), false), ("size", .is(3.0), true),
            ("size", .is("3"), false), ("vip", .is(true), true), ("vip", .is(1), false), ("missing", .is("x"), false),
            ("big", .is(9_007_199_254_740_992), false), ("tags", .is("blue"), true), ("none", .is("x"), false),
            ("channel", .isNot("mail"), true), ("channel", .isNot("incident"), false), ("missing", .isNot("x"), true),
            ("tags", .isNot("red"), false), ("tags", .isNot("green"), true),
            ("impact", .in(["Major", "High"]), true), ("impact", .in(["Low"]), false), ("tags", .in([7.0]), true),
            ("impact", .notIn(["Low"]), true), ("tags", .notIn(["x", "red"]), false), ("missing", .notIn(["x"]), true),
            ("size", .greaterThan(2), true), ("size", .greaterThan(3), false), ("size", .greaterThan(2.9), true),
            ("size", .greaterThan("2"), false), ("cost", .atLeast(2.5), true), ("cost", .atLeast(2.6), false),
            ("cost", .lessThan(3), true), ("cost", .lessThan(2.5), false), ("cost", .atMost(2.5), true),
            ("missing", .atMost(1), false), ("vip", .atLeast(0), false),
            ("opened", .lessThan("2026-02"), true), ("opened", .atLeast("2026-02"), false),
            ("text", .contains("är"), true), ("text", .contains("vit"), false), ("text", .contains("t"), true),
            ("tags", .contains("lu"), true), ("size", .contains("3"), false),
            ("text", .startsWith("Skärm"), true), ("text", .startsWith("kärm"), false),
            ("channel", .exists(true), true), ("channel", .exists(false), false), ("missing", .exists(false), true),
            ("none", .exists(true), true),
        ] as [(String, AttributeTest, Bool)])
    func tests(name: String, test: AttributeTest, passes: Bool) {
        #expect(Condition.attribute(name, test).matches(Self.item) == passes)
    }

    @Test("Combinations, and why they hold")
    func combinations() {
        let condition = Condition.all([
            .attribute("channel", .is("incident")),
            .any([.attribute("size", .greaterThan(9)), .attribute("impact", .in(["Major"]))]),
            .not(.attribute("closed", .exists(true))),
        ])
        #expect(
            condition.reasons(Self.item)
                == [#"channel is "incident""#, #"impact in ["Major"]"#, "not (closed exists)"])
        #expect(condition.reasons(["channel": "incident"]) == nil)
        #expect(
            condition.description
                == #"channel is "incident" and (size greater than 9 or impact in ["Major"]) and not (closed exists)"#)
        #expect(Condition.all([]).matches([:]))
        #expect(!Condition.any([]).matches([:]))
    }

    @Test("Reasons are given exactly when a condition holds, for random conditions")
    func reasonsAgree() {
        for _ in 0..<5_000 {
            let condition = randomCondition(depth: 4)
            #expect(condition.matches(Self.item) == (condition.reasons(Self.item) != nil))
            #expect(Condition.not(condition).matches(Self.item) == !condition.matches(Self.item))
        }
    }

    private func randomCondition(depth: Int) -> Condition {
        switch Int.random(in: 0..<(depth > 0 ? 4 : 1)) {
        case 0:
            let tests: [AttributeTest] = [
                .is("incident"), .isNot(3), .in(["Major", 7]), .notIn(["red"]), .greaterThan(1), .atMost("b"),
                .contains("a"), .exists(true), .exists(false),
            ]
            let names = ["channel", "impact", "size", "tags", "missing"]
            return .attribute(names.randomElement() ?? "channel", tests.randomElement() ?? .exists(true))
        case 1: return .all((0..<Int.random(in: 0...3)).map { _ in randomCondition(depth: depth - 1) })
        case 2: return .any((0..<Int.random(in: 0...3)).map { _ in randomCondition(depth: depth - 1) })
        default: return .not(randomCondition(depth: depth - 1))
        }
    }
}
