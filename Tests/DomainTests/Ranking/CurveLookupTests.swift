import Domain
import Testing

@Suite("Look-ups of a curve")
struct CurveLookupTests {
    @Test("a curve that never falls needs one")
    func neverFalls() throws {
        let curves = [
            try curve((5, 1)), try curve((0, 1), (5, 1)), try curve((0, 100), (6, 300), (8, 1000), (24, 1500)),
            try curve((0, 1), (5, 2), (5, 8), (9, 8), (9, 8), (12, 9)), try curve((0, -3), (0, 5)),
        ]
        for curve in curves {
            #expect(curve.neverFalls)
            #expect(curve.lookups() == [CurveLookup(.lowestAnchor, from: nil, to: nil)])
        }
    }

    @Test("a fall has a look-up of its own between the ends")
    func fall() throws {
        let curve = try curve((0, 100), (10, 0))
        #expect(!curve.neverFalls)
        #expect(
            curve.lookups() == [
                CurveLookup(.lowestAnchor, from: nil, to: 0), CurveLookup(.highestAnchor, from: 0, to: 10),
                CurveLookup(.lowestAnchor, from: 10, to: nil),
            ])
    }

    @Test("falls join evenly or by a jump down, never with a flat piece or by a jump up")
    func joins() throws {
        let falls = try curve((0, 100), (10, 50), (20, 40), (20, 30), (30, 0))
        #expect(falls.lookups().map(\.end) == [.lowestAnchor, .highestAnchor, .lowestAnchor])
        let flat = try curve((0, 100), (10, 50), (20, 50), (30, 0))
        #expect(
            flat.lookups().map(\.end) == [.lowestAnchor, .highestAnchor, .lowestAnchor, .highestAnchor, .lowestAnchor])
        let jumpUp = try curve((0, 100), (10, 50), (10, 60), (30, 0))
        #expect(jumpUp.lookups().map(\.end) == [.lowestAnchor, .highestAnchor, .highestAnchor, .lowestAnchor])
        let jumpDown = try curve((0, 1), (10, 50), (10, 20), (30, 40))
        #expect(
            jumpDown.lookups() == [
                CurveLookup(.lowestAnchor, from: nil, to: 10), CurveLookup(.lowestAnchor, from: 10, to: nil),
            ])
        #expect(!jumpDown.neverFalls)
    }

    @Test("ages become anchors: open below, closed above")
    func anchors() {
        let range = CurveLookup(.highestAnchor, from: 10, to: 30).anchors(businessNow: 100)
        #expect(range.above == 70 && range.atMost == 90)
        let open = CurveLookup(.lowestAnchor, from: nil, to: nil).anchors(businessNow: 100)
        #expect(open.above == nil && open.atMost == nil)
    }
}

@Suite("The pick, by brute force")
struct LanePickTests {
    /// A curve of the kinds that the rules tell apart: rises, falls, flats and jumps, or anything.
    private func randomCurve(using random: inout SeededRandom, coarse: Bool) throws -> Curve {
        var age = Int64.random(in: -30...30, using: &random)
        var priority =
            coarse ? Double(Int.random(in: -5...5, using: &random)) : Double.random(in: -50...50, using: &random)
        var points: [CurvePoint] = []
        for _ in 0..<Int.random(in: 1...9, using: &random) {
            points.append(CurvePoint(age: age, priority: priority))
            if !random.oneIn(4) { age += Int64.random(in: 1...25, using: &random) }
            if random.oneIn(4) { continue }
            priority +=
                coarse ? Double(Int.random(in: -3...3, using: &random)) : Double.random(in: -20...20, using: &random)
        }
        return try Curve(points: points)
    }

    /// Members around `now`, sorted; with ties many share an anchor. Ages are negative, on the curve and beyond it.
    private func randomMembers(using random: inout SeededRandom, now: Int64, ties: Bool) -> [LaneMember] {
        let spread: Int64 = ties ? 20 : 150
        let middle = now - Int64.random(in: -40...150, using: &random)
        let count = Int.random(in: 1...40, using: &random)
        let members = (0..<count).map { _ in
            LaneMember(
                anchor: middle + Int64.random(in: -spread...spread, using: &random),
                arrival: Int64.random(in: 0..<1_000_000, using: &random))
        }
        return Set(members).sorted()
    }

    @Test("20,000 random curves: no wrong pick; without the pieces at the ends many", arguments: [true, false])
    func bruteForce(ties: Bool) throws {
        var random = SeededRandom(seed: ties ? 41 : 42)
        var wrong = 0
        var wrongWithoutEnds = 0
        for round in 0..<20_000 {
            let curve = try randomCurve(using: &random, coarse: ties || round % 2 == 0)
            let now = Int64.random(in: -1000...1_700_000_000_000, using: &random)
            let members = randomMembers(using: &random, now: now, ties: ties)
            let expected = members.min {
                LaneRank(of: $0, curve: curve, businessNow: now) < LaneRank(of: $1, curve: curve, businessNow: now)
            }
            let lookups = curve.lookups()
            if curve.best(in: members, by: lookups, businessNow: now) != expected { wrong += 1 }
            let first = try #require(curve.points.first).age
            let last = try #require(curve.points.last).age
            let withoutEnds = lookups.map { lookup in
                CurveLookup(lookup.end, from: max(lookup.from ?? first, first), to: min(lookup.to ?? last, last))
            }
            if curve.best(in: members, by: withoutEnds, businessNow: now) != expected { wrongWithoutEnds += 1 }
        }
        #expect(wrong == 0)
        #expect(wrongWithoutEnds > 5000)
        print("brute force, ties \(ties): \(wrong) wrong, \(wrongWithoutEnds) without the end pieces")
    }

    @Test("every age belongs to exactly one look-up")
    func partition() throws {
        var random = SeededRandom(seed: 43)
        for round in 0..<2000 {
            let lookups = try randomCurve(using: &random, coarse: round % 2 == 0).lookups()
            #expect(lookups.first?.from == nil)
            #expect(lookups.last?.to == nil)
            for (left, right) in zip(lookups, lookups.dropFirst()) {
                #expect(left.to != nil && left.to == right.from)
            }
        }
    }

    @Test("an empty lane has no best")
    func empty() throws {
        let curve = try curve((0, 1), (10, 0))
        #expect(curve.best(in: [], by: curve.lookups(), businessNow: 5) == nil)
    }

    @Test("ranks go by priority, then business age, then arrival")
    func ranks() {
        let ranks = [
            LaneRank(priority: 1.5, age: 0, arrival: 9), LaneRank(priority: 1, age: 7, arrival: 8),
            LaneRank(priority: 1, age: 6, arrival: 1), LaneRank(priority: 1, age: 6, arrival: 2),
        ]
        #expect(ranks.reversed().sorted() == ranks)
    }
}
